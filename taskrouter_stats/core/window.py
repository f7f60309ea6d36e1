"""The time that statistics are asked for.

A window is half-open, ``[start, end)``, in UTC; or relative, "the last N minutes", which the
server counts back from the moment of the request. A relative window becomes absolute once, when
a stream starts, so that every worker of a run answers for the same time.

TaskRouter knows no time zones and takes GMT (https://www.twilio.com/docs/taskrouter/api/worker-statistics);
its ``EndDate`` is documented as inclusive, so two adjacent windows may both count what happens in
the very second between them. Whole seconds are what its examples show: fractions are cut off.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
from attrs import field, frozen

from taskrouter_stats.errors import InvalidWindow

__all__ = ["LAST_15_MINUTES", "Window"]

_MINUTES_PER_HOUR = 60
_MINUTES_PER_DAY = 24 * 60


@frozen(cache_hash=True)
class Window:
    """A half-open span of time in UTC, or the last ``minutes``.

    Make one with :meth:`last`, :meth:`between`, :meth:`day` or :meth:`days`.

    Attributes:
        minutes: length of a relative window; None for an absolute one.
        start: where an absolute window begins, aware, UTC; None for a relative one.
        end: where it ends, not part of it, aware, UTC; None for a relative one.
        tz: the zone whose calendar it was cut from; no part of what is asked, and UTC unless
            :meth:`day` or :meth:`days` said otherwise.
    """

    minutes: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    tz: tzinfo = field(default=UTC, eq=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        absolute = _is_utc(self.start) and _is_utc(self.end) and self.minutes is None
        relative = self.start is None and self.end is None and _is_positive(self.minutes)
        if not absolute and not relative:
            raise InvalidWindow(
                "make a window with Window.last(), Window.between(), Window.day() or Window.days()"
            )

    @classmethod
    def last(cls, *, minutes: int = 0, hours: int = 0, days: int = 0) -> Self:
        """The last so many minutes, counted back by the server from each request.

        A day is 24 hours here. How far back the server keeps statistics is the server's word:
        30 days are documented (https://www.twilio.com/docs/api/errors/14241).

        Raises:
            InvalidWindow: unless the sum is at least one whole minute.
        """
        for name, value in (("minutes", minutes), ("hours", hours), ("days", days)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidWindow(f"{name}={value!r}: a whole number, not negative, is expected")
        total = minutes + hours * _MINUTES_PER_HOUR + days * _MINUTES_PER_DAY
        if total < 1:
            raise InvalidWindow("at least one minute is needed, such as minutes=15")
        return cls(minutes=total)

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """From ``start`` up to, not including, ``end``; both aware, in any time zone.

        Raises:
            InvalidWindow: for naive times, or an end that is not after the start.
        """
        begin, stop = _utc("start", start), _utc("end", end)
        if begin >= stop:
            raise InvalidWindow(
                f"the window ends at {_text(stop)}, which is not after its start {_text(begin)}"
            )
        return cls(start=begin, end=stop)

    @classmethod
    def day(cls, day: date, *, tz: str | tzinfo) -> Self:
        """A whole local day, midnight to midnight: 23 or 25 hours when clocks change.

        Args:
            day: the calendar day.
            tz: an IANA name such as ``"America/New_York"``, or a tzinfo.

        Raises:
            InvalidWindow: for an unknown zone, or something that is no calendar day.
        """
        _check_day(day)
        zone, next_day = _zone(tz), _next_day(day)
        if not _exists(day, zone):
            raise InvalidWindow(f"{day} was skipped in {tz}, whose calendar jumped over it")
        whole = cls.between(_midnight(day, zone), _midnight(next_day, zone))
        return attrs.evolve(whole, tz=zone)

    @classmethod
    def days(cls, first: date, last: date, *, tz: str | tzinfo) -> list[Self]:
        """Every local day from ``first`` to ``last``, both included, oldest first.

        A date that the zone's calendar jumped over is no day and is left out.

        Raises:
            InvalidWindow: as :meth:`day`, and when ``last`` is before ``first``.
        """
        _check_day(first)
        _check_day(last)
        if last < first:
            raise InvalidWindow(f"the last day {last} is before the first {first}")
        zone = _zone(tz)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [cls.day(day, tz=zone) for day in days if _exists(day, zone)]

    def at(self, now: datetime) -> "Window":
        """This window with absolute times, a relative one counted back from ``now``.

        Raises:
            InvalidWindow: when ``now`` is naive, or too near the beginning of time.
        """
        if self.minutes is None:
            return self
        end = _utc("now", now)
        try:
            return Window(start=end - timedelta(minutes=self.minutes), end=end, tz=self.tz)
        except OverflowError:
            raise InvalidWindow(f"{self} before {_text(end)} is before the calendar") from None

    def split(self, *, minutes: int = 0, hours: int = 0) -> list["Window"]:
        """Cut into pieces of that length in elapsed time, oldest first; the last may be shorter.

        Note that ``avg``, ``min`` and ``max`` of the pieces don't add up to those of the whole.

        Raises:
            InvalidWindow: for a relative window (call :meth:`at` first) or a length below 1 minute.
        """
        if self.start is None or self.end is None:
            raise InvalidWindow(
                f"a window that says only '{self}' can't be cut: call .at(now).split(…)"
            )
        span = self.end - self.start
        wanted = Window.last(minutes=minutes, hours=hours).minutes or 0
        step = timedelta(minutes=min(wanted, span // timedelta(minutes=1) + 1))
        edges = [self.start + number * step for number in range(-(-span // step))]
        ends = (edge + min(step, self.end - edge) for edge in edges)
        return [
            Window(start=edge, end=end, tz=self.tz) for edge, end in zip(edges, ends, strict=True)
        ]

    @property
    def local_date(self) -> date | None:
        """The day in ``tz`` on which an absolute window begins."""
        return None if self.start is None else self.start.astimezone(self.tz).date()

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """What is sent: ``Minutes`` alone, or ``StartDate`` and ``EndDate``; never both."""
        if self.start is None or self.end is None:
            return (("Minutes", str(self.minutes)),)
        return (("StartDate", _text(self.start)), ("EndDate", _text(self.end)))

    def __str__(self) -> str:
        if self.start is None or self.end is None:
            return f"last {self.minutes} min"
        return f"{_text(self.start)}/{_text(self.end)}"


def _utc(name: str, time: object) -> datetime:
    if not isinstance(time, datetime):
        raise InvalidWindow(
            f"{name}={time!r} is no datetime; datetime(2026, 11, 1, 8, tzinfo=UTC) is"
        )
    if time.utcoffset() is None:
        raise InvalidWindow(
            f"{name}={time!r} has no time zone; give it one, such as tzinfo=datetime.UTC"
        )
    try:
        return time.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise InvalidWindow(f"{name}={time!r} is outside the calendar in UTC") from None


def _zone(tz: object) -> tzinfo:
    if isinstance(tz, tzinfo):
        return tz
    try:
        if isinstance(tz, str):
            return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise InvalidWindow(f'tz={tz!r} is no time zone; an IANA name such as "Europe/Dublin" is')


def _check_day(day: object) -> None:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidWindow(f"{day!r} is no calendar day; datetime.date(2026, 11, 1) is")


def _next_day(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise InvalidWindow(f"{day} has no next day") from None


def _exists(day: date, zone: tzinfo) -> bool:
    """Whether the zone had such a day: some islands have jumped over the date line."""
    try:
        start = _midnight(day, zone).astimezone(UTC)
        return start < _midnight(_next_day(day), zone).astimezone(UTC)
    except OverflowError:
        return True


def _is_utc(time: object) -> bool:
    return isinstance(time, datetime) and time.utcoffset() == timedelta(0)


def _is_positive(minutes: object) -> bool:
    return isinstance(minutes, int) and not isinstance(minutes, bool) and minutes > 0


def _midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a local day; where midnight is skipped, the moment of the skip."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _text(time: datetime) -> str:
    return time.isoformat().removesuffix("+00:00") + "Z"


LAST_15_MINUTES = Window.last(minutes=15)
"""What Twilio counts when no window is asked for."""
