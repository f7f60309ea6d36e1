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

from attrs import field, frozen

from taskrouter_stats.errors import InvalidWindow

from .local_time import midnight, plain_day, plain_utc, plain_zone
from .plain import whole_number

__all__ = ["LAST_15_MINUTES", "Window"]

_MINUTES_PER_HOUR = 60
_MINUTES_PER_DAY = 24 * 60
_HOW = "make a window with Window.last(), Window.between(), Window.day() or Window.days()"


def _count(name: str, value: object) -> int:
    count = whole_number(value)
    if count is None or count < 0:
        raise InvalidWindow(f"{name}={value!r}: a whole number, not negative, is expected")
    return count


def _plain_minutes(value: object) -> int | None:
    return None if value is None else (whole_number(value) or 0)


def _plain_edge(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    try:
        moment = plain_utc("time", time)
        if time.utcoffset() == timedelta(0):
            return moment
    except InvalidWindow:
        pass
    raise InvalidWindow(_HOW)


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

    minutes: int | None = field(default=None, converter=_plain_minutes)
    start: datetime | None = field(default=None, converter=_plain_edge)
    end: datetime | None = field(default=None, converter=_plain_edge)
    tz: tzinfo = field(default=UTC, eq=False, kw_only=True, converter=plain_zone)

    def __attrs_post_init__(self) -> None:
        if self.start is not None and self.end is not None:
            right = self.start < self.end and self.minutes is None
        else:
            right = self.start is self.end and self.minutes is not None and self.minutes > 0
        if not right:
            raise InvalidWindow(_HOW)

    @classmethod
    def last(cls, *, minutes: int = 0, hours: int = 0, days: int = 0) -> Self:
        """The last so many minutes, counted back by the server from each request.

        A day is 24 hours here. How far back the server keeps statistics is the server's word:
        30 days are documented (https://www.twilio.com/docs/api/errors/14241).

        Raises:
            InvalidWindow: unless the sum is at least one whole minute.
        """
        total = (
            _count("minutes", minutes)
            + _count("hours", hours) * _MINUTES_PER_HOUR
            + _count("days", days) * _MINUTES_PER_DAY
        )
        if total < 1:
            raise InvalidWindow("at least one minute is needed, such as minutes=15")
        return cls(minutes=total)

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """From ``start`` up to, not including, ``end``; both aware, in any time zone.

        A local time that happens twice, when clocks go back, is the first of the two unless its
        ``fold`` is 1, as everywhere in Python.

        Raises:
            InvalidWindow: for naive times, for local times that were skipped when clocks went
                forward, or an end that is not after the start.
        """
        begin, stop = plain_utc("start", start), plain_utc("end", end)
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
            tz: an IANA name such as ``"America/New_York"``, or a tzinfo; a pytz zone counts as
                the zone of its name.

        Raises:
            InvalidWindow: for an unknown zone, or something that is no calendar day.
        """
        zone = plain_zone(tz)
        day = plain_day(day)
        start, end = midnight(day, zone), midnight(_next_day(day), zone)
        if start >= end:
            raise InvalidWindow(f"{day} was skipped in {tz}, whose calendar jumped over it")
        return cls(start=start, end=end, tz=zone)

    @classmethod
    def days(cls, first: date, last: date, *, tz: str | tzinfo) -> list[Self]:
        """Every local day from ``first`` to ``last``, both included, oldest first.

        A date that the zone's calendar jumped over is no day and is left out.

        Raises:
            InvalidWindow: as :meth:`day`, and when ``last`` is before ``first``.
        """
        first, last, zone = plain_day(first), plain_day(last), plain_zone(tz)
        if last < first:
            raise InvalidWindow(f"the last day {last} is before the first {first}")
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [cls.day(day, tz=zone) for day in days if _exists(day, zone)]

    def at(self, now: datetime) -> "Window":
        """This window with absolute times, a relative one counted back from ``now``.

        Raises:
            InvalidWindow: when ``now`` is naive, or too near the beginning of time.
        """
        if self.minutes is None:
            return self
        end = plain_utc("now", now)
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


def _next_day(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise InvalidWindow(f"{day} has no next day") from None


def _exists(day: date, zone: tzinfo) -> bool:
    """Whether the zone had such a day: some islands have jumped over the date line."""
    try:
        return midnight(day, zone) < midnight(_next_day(day), zone)
    except InvalidWindow:  # which :meth:`Window.day` tells
        return True


def _text(time: datetime) -> str:
    return time.isoformat().removesuffix("+00:00") + "Z"


LAST_15_MINUTES = Window.last(minutes=15)
"""What Twilio counts when no window is asked for."""
