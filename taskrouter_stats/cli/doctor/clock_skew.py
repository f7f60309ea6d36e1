"""How far this machine's clock is from the server's, as closely as whole seconds can tell."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from attrs import frozen

from .findings import Finding
from .recorder import RecordedReply

__all__ = ["Skew", "clock_finding", "skew_from_dates", "skew_from_end_time"]

_TOLERATED: Final = 5.0
_RESOLUTION: Final = timedelta(seconds=1)
_HOUR, _MINUTE = 3600.0, 60.0


@frozen
class Skew:
    """The server's clock compared with this machine's.

    Attributes:
        seconds: how far the server's is ahead.
        margin: by how much that may be wrong.
        source: what told the server's time.
    """

    seconds: float
    margin: float
    source: str


def skew_from_dates(heard: Sequence[RecordedReply]) -> Skew | None:
    """From the ``Date`` headers, or None when there are none that can be read."""
    found = [(one, date) for one in heard if (date := _date(one)) is not None]
    return _skew(found, "the Date header") if found else None


def skew_from_end_time(heard: RecordedReply, end_time: datetime) -> Skew:
    """From the end of a window that the server counted back from its own now."""
    return _skew([(heard, end_time)], "the statistics' end_time, for want of a Date header")


def clock_finding(skew: Skew | None) -> Finding:
    """Whether this clock will do."""
    if skew is None:
        return Finding("clock", "not known", "no reply told the server's time")
    off, margin = abs(skew.seconds), skew.margin
    if off <= min(max(margin, 1.0), _TOLERATED):
        told = f"agrees with the server's within {max(off, margin, 0.1):.1f} s, by {skew.source}"
    else:
        side = "behind" if skew.seconds > 0 else "ahead of"
        told = f"{_length(off)} {side} the server's (± {margin:.1f} s), by {skew.source}"
    if off <= _TOLERATED:
        return Finding("clock", "ok", told)
    if off <= _TOLERATED + margin:
        return Finding("clock", "not known", told, "run this again when the server answers faster")
    advice = "set this machine's clock (NTP): windows such as --last 8h are counted from it"
    return Finding("clock", "not ok", told, advice)


def _skew(found: Sequence[tuple[RecordedReply, datetime]], source: str) -> Skew:
    """What all of them allow: a time told in whole seconds holds for the second that follows."""
    low = max((told - heard.received_time).total_seconds() for heard, told in found)
    high = min((told - heard.sent_time + _RESOLUTION).total_seconds() for heard, told in found)
    return Skew((low + high) / 2, abs(high - low) / 2, source)


def _date(heard: RecordedReply) -> datetime | None:
    try:
        date = parsedate_to_datetime(heard.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


def _length(seconds: float) -> str:
    if seconds >= _HOUR - _MINUTE:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _MINUTE:.1f} min" if seconds >= 2 * _MINUTE else f"{seconds:.1f} s"
