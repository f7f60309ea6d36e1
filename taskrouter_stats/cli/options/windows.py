"""The options for times, and the windows that they select."""

import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

import attrs
import click
from attrs import frozen

from taskrouter_stats import Window
from taskrouter_stats.core.local_time import NO_ZONES, find_zone, has_zones, moments_of
from taskrouter_stats.errors import InvalidWindow

__all__ = [
    "WindowSelection",
    "read_last",
    "read_span",
    "read_times",
    "read_window",
    "read_zone",
    "window_options",
]

_SPAN: Final = re.compile(r"([0-9]{1,9})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DEFAULT: Final = "15m"
_MINUTE: Final = timedelta(minutes=1)
_MAX_DAYS: Final = 3660


@frozen
class WindowSelection:
    """Windows of a run.

    Attributes:
        windows: absolute, oldest first; empty if no day of ``--catch-up`` has settled.
        zone: the zone of ``--tz``, or None.
        settle: time after the end of a window until its statistics no longer change.
        now: the start of the command, aware.
    """

    windows: tuple[Window, ...]
    zone: tzinfo | None
    settle: timedelta
    now: datetime


def window_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options for times, as one ``times``."""

    @click.option("--last", metavar="SPAN", help="90m, 8h or 2d back from now.  [default: 15m]")
    @click.option("--from", "start", metavar="TIME", help="ISO 8601: 2026-11-01T08:00+01:00.")
    @click.option("--to", "end", metavar="TIME", help="End, excluded.  [default: now]")
    @click.option(
        "--day", metavar="DATE", help="A local day: 2026-11-01, or yesterday. Requires --tz."
    )
    @click.option(
        "--catch-up",
        type=click.IntRange(1, _MAX_DAYS),
        metavar="N",
        help="Those of the last N local days that have settled. Requires --tz.",
    )
    @click.option("--every", metavar="SPAN", help="Divide into windows of this length: 1h, 30m.")
    @click.option(
        "--settle",
        metavar="SPAN",
        default="1h",
        show_default=True,
        help="Time after its end until a window no longer changes.",
    )
    @click.option("--tz", metavar="ZONE", help="IANA name, such as Europe/Dublin or UTC.")
    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> int:
        named = {name: given.pop(name) for name in _NAMES}
        return command(*args, times=read_times(**named, now=_now()), **given)

    return wrapped


_NAMES: Final = ("last", "start", "end", "day", "catch_up", "every", "settle", "tz")


def read_times(
    last: str | None,
    start: str | None,
    end: str | None,
    day: str | None,
    catch_up: int | None,
    every: str | None,
    settle: str,
    tz: str | None,
    *,
    now: datetime,
) -> WindowSelection:
    """Return the windows that these options select.

    With ``--every``, ``--last`` ends at the last multiple of the length, so that a run an hour
    later selects the same windows again, and new ones.

    Raises:
        InvalidWindow: names the option and what it expects.
    """
    settle_time = read_span("--settle", settle)
    zone = None if tz is None else read_zone(tz)
    step = None if every is None else read_span("--every", every)
    if step is not None and step < _MINUTE:
        raise InvalidWindow(f"--every {every}: expected one minute or more")
    if catch_up is not None:
        if any(option is not None for option in (last, start, end, day)):
            raise InvalidWindow("--catch-up excludes --last, --from, --to and --day: omit them")
        windows = _settled_days(catch_up, zone, now, settle_time)
    else:
        relative = start is None and day is None
        at = _floor(now, step) if step is not None and relative else now
        windows = [read_window(last, start, end, day, tz, now=at)]
    if step is not None:
        minutes = step // _MINUTE
        windows = [piece for window in windows for piece in window.split(minutes=minutes)]
    return WindowSelection(tuple(windows), zone, settle_time, now)


def read_window(
    last: str | None,
    start: str | None,
    end: str | None,
    day: str | None,
    tz: str | None,
    *,
    now: datetime,
) -> Window:
    """Return the window that these options select, with absolute times.

    Raises:
        InvalidWindow: names the option and what it expects.
    """
    if end is not None and start is None:
        raise InvalidWindow("--to requires --from")
    if sum(option is not None for option in (last, start, day)) > 1:
        raise InvalidWindow("--last, --from and --day exclude each other: give one of them")
    if day is not None:
        window = _day(day, tz, now)
    elif start is not None:
        begin = _time("--from", start, tz)
        if begin >= now:
            raise InvalidWindow(f"--from {start}: is in the future: expected a past time")
        window = Window.between(begin, now if end is None else _time("--to", end, tz))
    else:
        window = read_last(_DEFAULT if last is None else last).at(now)
    if window.start is not None and window.start > now:
        raise InvalidWindow(f"the window {window} is in the future: expected a past time")
    return window if tz is None else attrs.evolve(window, tz=read_zone(tz))


def read_last(span: str) -> Window:
    """Return the window of ``--last``, relative to now.

    Raises:
        InvalidWindow: the text is not a duration of a minute or more.
    """
    minutes = read_span("--last", span) // _MINUTE
    if minutes < 1:
        raise InvalidWindow(f"--last {span}: expected one minute or more")
    return Window.last(minutes=minutes)


def read_span(option: str, span: str) -> timedelta:
    """Return a duration such as 90m, 8h or 2d.

    Raises:
        InvalidWindow: names the option.
    """
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise InvalidWindow(
            f"{option} {span}: expected minutes, hours or days, such as 90m, 8h or 2d"
        )
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise InvalidWindow(f"{option} {span}: too long: expected a shorter time") from None


def read_zone(tz: str) -> tzinfo:
    """Return the zone of ``--tz``; UTC requires no time zone database.

    Raises:
        InvalidWindow: for an unknown name, or if the machine has no time zone database.
    """
    zone = find_zone(tz)
    if zone is None:
        raise InvalidWindow(
            f"--tz {tz}: expected an IANA name such as Europe/Dublin, America/New_York or UTC"
            if has_zones()
            else f"--tz {tz}: {NO_ZONES}"
        )
    return zone


def _now() -> datetime:
    return datetime.now(UTC)


def _floor(now: datetime, step: timedelta) -> datetime:
    """Return the last multiple of a duration, counted from 1970-01-01 UTC."""
    return now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % step


def _settled_days(
    count: int, zone: tzinfo | None, now: datetime, settle: timedelta
) -> list[Window]:
    """Return those of the last ``count`` local days that have settled."""
    if zone is None:
        raise InvalidWindow("--catch-up requires --tz, such as --tz Europe/Dublin or --tz UTC")
    today = now.astimezone(zone).date()
    days = Window.days(today - timedelta(days=count), today - timedelta(days=1), tz=zone)
    return [day for day in days if day.end is not None and day.end <= now - settle]


def _day(day: str, tz: str | None, now: datetime) -> Window:
    if tz is None:
        raise InvalidWindow("--day requires --tz, such as --tz Europe/Dublin or --tz UTC")
    zone = read_zone(tz)
    if day == "yesterday":
        return Window.day(now.astimezone(zone).date() - timedelta(days=1), tz=zone)
    try:
        return Window.day(date.fromisoformat(day), tz=zone)
    except InvalidWindow:
        raise
    except ValueError:
        raise InvalidWindow(
            f"--day {day}: expected a date such as 2026-11-01, or yesterday"
        ) from None


def _time(option: str, text: str, tz: str | None) -> datetime:
    """Return the moment; text without an offset is local time in ``--tz``."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidWindow(
            f"{option} {text}: expected a time such as 2026-11-01T08:00+01:00 or 2026-11-01T07:00Z"
        ) from None
    if time.utcoffset() is not None:
        return time
    if tz is None:
        raise InvalidWindow(
            f"{option} {text}: has no offset: add one such as Z or +01:00, or --tz Europe/Dublin"
        )
    zone = read_zone(tz)
    moments = [moment.astimezone(zone).isoformat() for moment in moments_of(time, zone)]
    if len(moments) > 1:
        raise InvalidWindow(f"{option} {text}: happens twice in {tz}: give {' or '.join(moments)}")
    return time.replace(tzinfo=zone)
