"""The options that name a time, and the windows that they mean."""

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
_MOST_DAYS: Final = 3660


@frozen
class WindowSelection:
    """What a run asks for.

    Attributes:
        windows: absolute, oldest first; none when every day of ``--catch-up`` is too young.
        zone: ``--tz``, or None.
        settle: how long after its end a window changes no more.
        now: when the command began, aware.
    """

    windows: tuple[Window, ...]
    zone: tzinfo | None
    settle: timedelta
    now: datetime


def window_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that name a time, as one ``times``."""

    @click.option("--last", metavar="SPAN", help="90m, 8h or 2d back from now.  [default: 15m]")
    @click.option("--from", "start", metavar="TIME", help="ISO 8601: 2026-11-01T08:00+01:00.")
    @click.option("--to", "end", metavar="TIME", help="End, not included.  [default: now]")
    @click.option(
        "--day", metavar="DATE", help="A local day: 2026-11-01, or yesterday. Needs --tz."
    )
    @click.option(
        "--catch-up",
        type=click.IntRange(1, _MOST_DAYS),
        metavar="N",
        help="Each whole local day of the last N that has settled. Needs --tz.",
    )
    @click.option("--every", metavar="SPAN", help="Cut into windows of that length: 1h, 30m.")
    @click.option(
        "--settle",
        metavar="SPAN",
        default="1h",
        show_default=True,
        help="A window that ended later than so long ago may still change.",
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
    """What these options mean.

    With ``--every``, ``--last`` ends at the last whole piece, so that a run an hour later asks for
    the same pieces again, and for one more.

    Raises:
        InvalidWindow: naming the option and what it takes.
    """
    calm = read_span("--settle", settle)
    zone = None if tz is None else read_zone(tz)
    step = None if every is None else read_span("--every", every)
    if step is not None and step < _MINUTE:
        raise InvalidWindow(f"--every {every}: at least one minute")
    if catch_up is not None:
        if any(option is not None for option in (last, start, end, day)):
            raise InvalidWindow("--catch-up excludes --last, --from, --to and --day")
        whole = _caught_up(catch_up, zone, now, calm)
    else:
        relative = start is None and day is None
        at = _floor(now, step) if step is not None and relative else now
        whole = [read_window(last, start, end, day, tz, now=at)]
    if step is not None:
        whole = [piece for one in whole for piece in one.split(minutes=step // _MINUTE)]
    return WindowSelection(tuple(whole), zone, calm, now)


def read_window(
    last: str | None,
    start: str | None,
    end: str | None,
    day: str | None,
    tz: str | None,
    *,
    now: datetime,
) -> Window:
    """The window that these options mean, with absolute times.

    Raises:
        InvalidWindow: naming the option and what it takes.
    """
    if end is not None and start is None:
        raise InvalidWindow("--to needs --from")
    if sum(option is not None for option in (last, start, day)) > 1:
        raise InvalidWindow("--last, --from and --day exclude each other: give one of them")
    if day is not None:
        window = _day(day, tz, now)
    elif start is not None:
        begin = _time("--from", start, tz)
        if begin >= now:
            raise InvalidWindow(f"--from {start}: that is in the future")
        window = Window.between(begin, now if end is None else _time("--to", end, tz))
    else:
        window = _last(_DEFAULT if last is None else last).at(now)
    if window.start is not None and window.start > now:
        raise InvalidWindow(f"the window {window} is in the future")
    return window if tz is None else attrs.evolve(window, tz=read_zone(tz))


def read_span(option: str, span: str) -> timedelta:
    """A length of time, such as 90m, 8h or 2d.

    Raises:
        InvalidWindow: naming the option.
    """
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise InvalidWindow(f"{option} {span}: minutes, hours or days, such as 90m, 8h or 2d")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise InvalidWindow(f"{option} {span}: too long") from None


def read_zone(tz: str) -> tzinfo:
    """The zone of ``--tz``; UTC needs no database of zones.

    Raises:
        InvalidWindow: for a name that is none, or where the machine has no database of zones.
    """
    zone = find_zone(tz)
    if zone is None:
        raise InvalidWindow(
            f"--tz {tz}: an IANA name such as Europe/Dublin, America/New_York or UTC"
            if has_zones()
            else f"--tz {tz}: {NO_ZONES}"
        )
    return zone


def _now() -> datetime:
    return datetime.now(UTC)


def _floor(now: datetime, step: timedelta) -> datetime:
    """The last multiple of a length of time, counted from midnight UTC of a common day."""
    return now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % step


def _caught_up(count: int, zone: tzinfo | None, now: datetime, settle: timedelta) -> list[Window]:
    """The local days that have settled, among the last so many."""
    if zone is None:
        raise InvalidWindow("--catch-up needs --tz, such as --tz Europe/Dublin or --tz UTC")
    today = now.astimezone(zone).date()
    days = Window.days(today - timedelta(days=count), today - timedelta(days=1), tz=zone)
    return [day for day in days if day.end is not None and day.end <= now - settle]


def _last(span: str) -> Window:
    minutes = read_span("--last", span) // _MINUTE
    if minutes < 1:
        raise InvalidWindow(f"--last {span}: at least one minute")
    return Window.last(minutes=minutes)


def _day(day: str, tz: str | None, now: datetime) -> Window:
    if tz is None:
        raise InvalidWindow("--day needs --tz, such as --tz Europe/Dublin or --tz UTC")
    zone = read_zone(tz)
    if day == "yesterday":
        return Window.day(now.astimezone(zone).date() - timedelta(days=1), tz=zone)
    try:
        return Window.day(date.fromisoformat(day), tz=zone)
    except InvalidWindow:
        raise
    except ValueError:
        raise InvalidWindow(f"--day {day}: a date such as 2026-11-01, or yesterday") from None


def _time(option: str, text: str, tz: str | None) -> datetime:
    """A moment; text without an offset is local time in ``--tz``."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidWindow(
            f"{option} {text}: a time such as 2026-11-01T08:00+01:00 or 2026-11-01T07:00Z"
        ) from None
    if time.utcoffset() is not None:
        return time
    if tz is None:
        raise InvalidWindow(
            f"{option} {text}: add an offset such as Z or +01:00, or say --tz Europe/Dublin"
        )
    zone = read_zone(tz)
    found = [moment.astimezone(zone).isoformat() for moment in moments_of(time, zone)]
    if len(found) > 1:
        raise InvalidWindow(f"{option} {text}: comes twice in {tz}, as {' and '.join(found)}")
    return time.replace(tzinfo=zone)
