"""The time of an answer, by the clock that does not make it look later than it is."""

from datetime import datetime, timedelta
from typing import Final

from taskrouter_stats.core.outcome import Meta

__all__ = ["answer_time"]

_AGREEMENT: Final = timedelta(minutes=1)
"""Difference of two clocks up to which this machine's counts, which has fractions of a second."""


def answer_time(meta: Meta, now: datetime) -> datetime:
    """Return when the server answered, aware.

    This is this machine's time, or the server's if that is more than a minute earlier: then this
    machine's clock is ahead, or the machine was suspended between the reply and now. So a window
    that had not settled when the server answered never counts as settled.

    Args:
        meta: the metadata of the answer.
        now: this machine's time, aware.
    """
    served = meta.served_at
    return served if served is not None and now - served > _AGREEMENT else now
