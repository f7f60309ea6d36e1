"""The difference between this machine's clock and the server's, to about one second."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from taskrouter_stats.cli.plain_text import duration_text
from taskrouter_stats.core.reply import date_of

from .findings import Finding
from .recorder import RecordedReply

__all__ = ["Skew", "clock_finding", "skew_from_dates", "skew_from_end_time"]

_TOLERATED: Final = 5.0
_RESOLUTION: Final = timedelta(seconds=1)


@frozen
class Skew:
    """Difference between the server's clock and this machine's.

    Attributes:
        seconds: seconds that the server's clock is ahead.
        margin: maximum error of ``seconds``.
        source: the source of the server's time.
    """

    seconds: float
    margin: float
    source: str


def skew_from_dates(replies: Sequence[RecordedReply]) -> Skew | None:
    """Return the skew by the ``Date`` headers, or None if no reply has a readable one."""
    times = [(reply, date) for reply in replies if (date := date_of(reply.headers)) is not None]
    return _skew(times, "the Date header") if times else None


def skew_from_end_time(reply: RecordedReply, end_time: datetime) -> Skew:
    """Return the skew by the end of a window that the server counted back from its own clock."""
    return _skew([(reply, end_time)], "the statistics' end_time, because no reply had a Date")


def clock_finding(skew: Skew | None) -> Finding:
    """Return the finding about this machine's clock."""
    if skew is None:
        return Finding("clock", "not known", "no reply contained the server's time")
    off, margin = abs(skew.seconds), skew.margin
    if off <= min(max(margin, 1.0), _TOLERATED):
        detail = f"agrees with the server's within {max(off, margin, 0.1):.1f} s, by {skew.source}"
    else:
        side = "behind" if skew.seconds > 0 else "ahead of"
        detail = f"{duration_text(off)} {side} the server's (± {margin:.1f} s), by {skew.source}"
    if off <= _TOLERATED:
        return Finding("clock", "ok", detail)
    if off <= _TOLERATED + margin:
        return Finding(
            "clock", "not known", detail, "run doctor again when the server replies faster"
        )
    advice = "set this machine's clock (NTP): windows such as --last 8h depend on it"
    return Finding("clock", "not ok", detail, advice)


def _skew(times: Sequence[tuple[RecordedReply, datetime]], source: str) -> Skew:
    """Return the skew that agrees with all replies: a time in whole seconds means 1 second."""
    low = max((time - reply.received_time).total_seconds() for reply, time in times)
    high = min((time - reply.sent_time + _RESOLUTION).total_seconds() for reply, time in times)
    return Skew((low + high) / 2, abs(high - low) / 2, source)
