"""Time windows of statistics.

A window is half-open, ``[start, end)``, in UTC; or relative, "the last N minutes", which the
server counts back from the moment of the request. A relative window becomes absolute once, when
a stream starts, so that every Worker of a run is measured over the same time.

TaskRouter takes times in GMT only (https://www.twilio.com/docs/taskrouter/api/worker-statistics).
Twilio documents its ``EndDate`` as inclusive, so two adjacent windows may both count an event in
the second between them. Its examples show whole seconds, so fractions are cut off.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Self

from attrs import field, frozen

from taskrouter_stats.errors import InvalidWindow
from taskrouter_stats.models.values import utc_text

from .local_time import midnight, plain_day, plain_utc, plain_zone
from .plain_numbers import whole_number

__all__ = ["LAST_15_MINUTES", "RETENTION", "WINDOW_TOO_OLD", "Window"]

RETENTION: Final = timedelta(days=30)
"""Twilio documents 30 days of history (https://www.twilio.com/docs/api/errors/14241)."""
WINDOW_TOO_OLD: Final = 14241
"""Twilio's error code for a window that starts before that."""

_MINUTES_PER_HOUR = 60
_MINUTES_PER_DAY = 24 * 60
_HOW = "make a window with Window.last(), Window.between(), Window.day() or Window.days()"


def _count(name: str, value: object) -> int:
    count = whole_number(value)
    if count is None or count < 0:
        raise InvalidWindow(f"{name}={value!r}: expected a whole number, 0 or more")
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
        start: start of an absolute window, aware, UTC; None for a relative one.
        end: end of an absolute window, excluded, aware, UTC; None for a relative one.
        tz: the zone of the calendar day, from :meth:`day` or :meth:`days`; otherwise UTC. It is
            not compared and not sent.
    """

    minutes: int | None = field(default=None, converter=_plain_minutes)
    start: datetime | None = field(default=None, converter=_plain_edge)
    end: datetime | None = field(default=None, converter=_plain_edge)
    tz: tzinfo = field(default=UTC, eq=False, kw_only=True, converter=plain_zone)

    def __attrs_post_init__(self) -> None:
        if self.start is not None and self.end is not None:
            valid = self.start < self.end and self.minutes is None
        else:
            valid = self.start is self.end and self.minutes is not None and self.minutes > 0
        if not valid:
            raise InvalidWindow(_HOW)

    @classmethod
    def last(cls, *, minutes: int = 0, hours: int = 0, days: int = 0) -> Self:
        """Make a relative window: the server counts it back from each request.

        A day has 24 hours here. Twilio documents 30 days of history
        (https://www.twilio.com/docs/api/errors/14241); the server decides.

        Raises:
            InvalidWindow: unless the sum is at least one whole minute.
        """
        total = (
            _count("minutes", minutes)
            + _count("hours", hours) * _MINUTES_PER_HOUR
            + _count("days", days) * _MINUTES_PER_DAY
        )
        if total < 1:
            raise InvalidWindow("expected at least one minute, such as minutes=15")
        return cls(minutes=total)

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """Make a window from ``start`` up to ``end``, excluded; both aware, in any time zone.

        A local time that happens twice, when clocks go back, is the first of the two unless its
        ``fold`` is 1, as everywhere in Python.

        Raises:
            InvalidWindow: for a naive time, for a local time that its zone skipped when clocks
                went forward, or for an end that is not after the start.
        """
        begin, stop = plain_utc("start", start), plain_utc("end", end)
        if begin >= stop:
            raise InvalidWindow(
                f"the window ends at {utc_text(stop)}, not after its start {utc_text(begin)}"
            )
        return cls(start=begin, end=stop)

    @classmethod
    def day(cls, day: date, *, tz: str | tzinfo) -> Self:
        """Make the window of a local day, midnight to midnight: 23 or 25 hours if clocks change.

        Args:
            day: the calendar day.
            tz: an IANA name such as ``"America/New_York"``, or a tzinfo; a pytz zone is replaced by
                the zone of its name.

        Raises:
            InvalidWindow: for an unknown zone, or a value that is not a calendar day.
        """
        zone = plain_zone(tz)
        day = plain_day(day)
        start, end = midnight(day, zone), midnight(_next_day(day), zone)
        if start >= end:
            raise InvalidWindow(f"{tz} has no {day}: its calendar skipped that day")
        return cls(start=start, end=end, tz=zone)

    @classmethod
    def days(cls, first: date, last: date, *, tz: str | tzinfo) -> list[Self]:
        """Make the windows of the local days ``first`` to ``last``, both included, oldest first.

        A date that the zone's calendar skipped is left out.

        Raises:
            InvalidWindow: as for :meth:`day`, and if ``last`` is before ``first``.
        """
        first, last, zone = plain_day(first), plain_day(last), plain_zone(tz)
        if last < first:
            raise InvalidWindow(f"the last day {last} is before the first {first}")
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [cls.day(day, tz=zone) for day in days if _exists(day, zone)]

    def at(self, now: datetime) -> "Window":
        """Return this window with absolute times; count a relative one back from ``now``.

        Raises:
            InvalidWindow: if ``now`` is naive, or the window would start before the year 1.
        """
        if self.minutes is None:
            return self
        end = plain_utc("now", now)
        try:
            return Window(start=end - timedelta(minutes=self.minutes), end=end, tz=self.tz)
        except OverflowError:
            raise InvalidWindow(
                f"the window '{self}' before {utc_text(end)} would start before the year 1"
            ) from None

    def split(self, *, minutes: int = 0, hours: int = 0) -> list["Window"]:
        """Split into windows of that elapsed time, oldest first; the last may be shorter.

        The ``avg``, ``min`` and ``max`` of the parts do not add up to those of the whole window.

        Raises:
            InvalidWindow: for a relative window (call :meth:`at` first) or a length below 1 minute.
        """
        if self.start is None or self.end is None:
            raise InvalidWindow(
                f"cannot split the relative window '{self}': call .at(now).split(…)"
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
        """The day in ``tz`` on which an absolute window begins; None for a relative one."""
        return None if self.start is None else self.start.astimezone(self.tz).date()

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Return the URL's parameters: ``Minutes`` alone, or ``StartDate`` and ``EndDate``."""
        if self.start is None or self.end is None:
            return (("Minutes", str(self.minutes)),)
        return (("StartDate", utc_text(self.start)), ("EndDate", utc_text(self.end)))

    def __str__(self) -> str:
        if self.start is None or self.end is None:
            return f"last {self.minutes} min"
        return f"{utc_text(self.start)}/{utc_text(self.end)}"


def _next_day(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise InvalidWindow(f"{day} has no next day") from None


def _exists(day: date, zone: tzinfo) -> bool:
    """Return whether the zone had such a day: islands have moved across the date line."""
    try:
        return midnight(day, zone) < midnight(_next_day(day), zone)
    except InvalidWindow:  # Window.day() raises it again
        return True


LAST_15_MINUTES = Window.last(minutes=15)
"""Twilio's default for a request without a window."""
