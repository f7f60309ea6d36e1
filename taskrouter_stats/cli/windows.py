"""The options that name a time, and the window that they mean."""

import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from taskrouter_stats import Window
from taskrouter_stats.errors import InvalidWindow

__all__ = ["read_window", "window_options"]

_SPAN: Final = re.compile(r"([0-9]{1,9})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DEFAULT: Final = "15m"


def window_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command ``--last``, ``--from``, ``--to``, ``--day`` and ``--tz`` as one ``window``."""

    @click.option("--last", metavar="SPAN", help="90m, 8h or 2d back from now.  [default: 15m]")
    @click.option("--from", "start", metavar="TIME", help="ISO 8601: 2026-11-01T08:00+01:00.")
    @click.option("--to", "end", metavar="TIME", help="End, not included.  [default: now]")
    @click.option(
        "--day", metavar="DATE", help="A local day: 2026-11-01, or yesterday. Needs --tz."
    )
    @click.option("--tz", metavar="ZONE", help="IANA name, such as Europe/Dublin or UTC.")
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        last: str | None,
        start: str | None,
        end: str | None,
        day: str | None,
        tz: str | None,
        **rest: Any,
    ) -> int:
        window = read_window(last, start, end, day, tz, now=datetime.now(UTC))
        return command(*args, window=window, **rest)

    return wrapped


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
        return _day(day, tz, now)
    if start is not None:
        stop = now if end is None else _time("--to", end, tz)
        return Window.between(_time("--from", start, tz), stop)
    if tz is not None:
        raise InvalidWindow("--tz goes with --day, or with --from: --last needs no time zone")
    return _last(last or _DEFAULT).at(now)


def _last(span: str) -> Window:
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise InvalidWindow(f"--last {span}: minutes, hours or days, such as 90m, 8h or 2d")
    return Window.last(**{_UNITS[found[2]]: int(found[1])})


def _day(day: str, tz: str | None, now: datetime) -> Window:
    if tz is None:
        raise InvalidWindow("--day needs --tz, such as --tz Europe/Dublin or --tz UTC")
    zone = _zone(tz)
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
    return time.replace(tzinfo=_zone(tz))


def _zone(tz: str) -> ZoneInfo:
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        raise InvalidWindow(
            f"--tz {tz}: an IANA name such as Europe/Dublin, America/New_York or UTC"
        ) from None
