"""Conversion of times, days and zones of any library to plain UTC datetimes, days and zones.

Libraries such as pandas, pendulum and freezegun have subclasses of ``datetime``, some with other
rules. This module turns each into a plain ``datetime`` in UTC, so that no later step meets a
subclass. It refuses a local time that its zone skips.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from taskrouter_stats.errors import InvalidWindow

__all__ = [
    "NO_ZONES",
    "find_zone",
    "has_zones",
    "midnight",
    "moments_of",
    "plain_day",
    "plain_utc",
    "plain_zone",
]

NO_ZONES: Final = "Python finds no time zone database on this machine: pip install tzdata"
"""The error for any zone other than UTC on a machine without zones."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A plain datetime: ``replace`` and subtraction then return plain datetimes as well."""
_SECOND: Final = timedelta(seconds=1)
_AROUND: Final = timedelta(hours=26)
"""More than any zone ever changed its clock at once (Samoa: by a day)."""


def plain_utc(name: str, time: object) -> datetime:
    """Return the moment as a plain datetime in UTC, fractions of a second cut off.

    For a local time that happens twice, when clocks go back, ``fold`` selects the moment: the
    first by default (https://docs.python.org/3/library/datetime.html#datetime.datetime.fold).

    Args:
        name: the argument's name, for the error.
        time: the caller's value.

    Raises:
        InvalidWindow: if it is not an aware datetime, or its zone skips that time.
    """
    moment = _moment(name, time)
    if isinstance(time, datetime) and time.tzinfo not in (None, UTC):
        wall, zone = _wall(time), time.tzinfo
        if _clock(moment, zone) not in (None, wall):
            raise InvalidWindow(f"{name}={time!r} {_why_not(wall, zone)}")
    return moment.replace(microsecond=0)


def moments_of(wall: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return the moments at which a zone's clock shows this time: none, one or two, in order."""
    local = wall.replace(tzinfo=zone)
    moments = {_moment("time", local.replace(fold=fold)) for fold in (0, 1)}
    return tuple(sorted(moment for moment in moments if _clock(moment, zone) == _wall(wall)))


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a local day; if its zone skips midnight, the end of the skip."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    moment = _moment("midnight", local)
    if _clock(moment, zone) in (None, _wall(local)):
        return moment.replace(microsecond=0)
    return _first_moment(_wall(local), zone)


def plain_day(day: object) -> date:
    """Return the calendar day as a plain ``date``.

    Raises:
        InvalidWindow: for anything else, a datetime included.
    """
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidWindow(
            f"{day!r} is not a calendar day: give one, such as datetime.date(2026, 11, 1)"
        )
    return _EPOCH.date().replace(day.year, day.month, day.day)


def plain_zone(tz: object) -> tzinfo:
    """Return the zone of an IANA name or a tzinfo; replace a pytz zone by the zone of its name.

    A pytz zone gives wrong offsets to datetimes that pytz did not make.

    Raises:
        InvalidWindow: for anything else.
    """
    name = getattr(tz, "zone", None) if hasattr(tz, "localize") else tz
    if isinstance(tz, tzinfo) and not isinstance(name, str):
        return tz
    zone = find_zone(name) if isinstance(name, str) else None
    if zone is None:
        if isinstance(name, str) and not has_zones():
            raise InvalidWindow(f"tz={tz!r}: {NO_ZONES}")
        raise InvalidWindow(
            f'tz={tz!r} is not a time zone: give an IANA name, such as "Europe/Dublin"'
        )
    return zone


def find_zone(name: str) -> tzinfo | None:
    """Return the zone of an IANA name, or None; UTC needs no database."""
    try:
        return ZoneInfo(str.__str__(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC if name in ("UTC", "Etc/UTC") else None


def has_zones() -> bool:
    """Return whether this machine has a database of time zones."""
    return bool(available_timezones())


def _moment(name: str, time: object) -> datetime:
    """Return the moment in UTC with its fraction, even if the zone skips that time."""
    right = "datetime(2026, 11, 1, 8, tzinfo=UTC)"
    if isinstance(time, date) and not isinstance(time, datetime):
        raise InvalidWindow(
            f"{name}={time!r} is a date, not a datetime: give {right}, or for whole days call "
            "Window.day(day, tz=…) or Window.days(first, last, tz=…)"
        )
    if not isinstance(time, datetime):
        raise InvalidWindow(f"{name}={time!r} is not a datetime: give one, such as {right}")
    try:
        wall, offset = _wall(time), time.utcoffset()
        if offset is not None:
            return wall - timedelta(offset.days, offset.seconds, offset.microseconds)
    except OverflowError:
        raise InvalidWindow(f"{name}={time!r} is outside the calendar in UTC") from None
    except (TypeError, ValueError):  # such as pandas.NaT
        raise InvalidWindow(
            f"{name}={time!r} is not a datetime: give one, such as {right}"
        ) from None
    raise InvalidWindow(
        f"{name}={time!r} has no time zone; give it one, such as tzinfo=datetime.UTC"
    )


def _wall(time: datetime) -> datetime:
    """Return what a clock shows, as a plain datetime; its UTC zone serves comparison only."""
    return _EPOCH.replace(
        time.year, time.month, time.day, time.hour, time.minute, time.second, time.microsecond
    )


def _clock(moment: datetime, zone: tzinfo) -> datetime | None:
    """Return what the zone's clock shows at a moment; None if the zone cannot tell."""
    try:
        return _wall(moment.astimezone(zone))
    except (ValueError, OverflowError, NotImplementedError):
        return None


def _first_moment(wall: datetime, zone: tzinfo) -> datetime:
    """Return the first moment at which the zone's clock shows that time or a later one."""
    before, after = wall - _AROUND, wall + _AROUND
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if (_clock(middle, zone) or middle) < wall:
            before = middle
        else:
            after = middle
    return after


def _why_not(wall: datetime, zone: tzinfo) -> str:
    name = getattr(zone, "zone", None)
    if hasattr(zone, "localize"):
        return (
            "is not a time of its pytz zone, because pytz requires zone.localize(): use "
            f'tzinfo=zoneinfo.ZoneInfo("{name}") instead'
        )
    first = _first_moment(wall.replace(microsecond=0), zone)
    near = (first - _SECOND, first)
    last, next_one = (moment.astimezone(zone).isoformat() for moment in near)
    return f"was skipped when clocks went forward: the nearest times are {last} and {next_one}"
