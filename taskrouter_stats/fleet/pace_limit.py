"""The requests per second that one process sends at most, whatever the shared budget allows."""

import math
from typing import Final

from attrs import define, field

__all__ = ["EPSILON", "PaceLimit"]

EPSILON: Final = 1e-6
"""Waits shorter than this are none: no busy loop over rounding errors."""

LATE_SECONDS: Final = 0.005
"""Seconds of slots that may be caught up: timers wake late."""

LATE_SHARE: Final = 0.1
"""Share of a slot that may be caught up, so that no second holds a request more."""


@define(eq=False)
class PaceLimit:
    """One request per slot of ``1 / rate`` seconds; None: without a limit."""

    rate: float | None
    _at: float = field(default=-math.inf, init=False)

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may go; 0: now."""
        seconds = self._at - now
        return seconds if seconds > EPSILON else 0.0

    def charge(self, now: float) -> None:
        """Count a request."""
        if self.rate is not None:
            slot = 1.0 / self.rate
            self._at = max(self._at, now - min(LATE_SECONDS, LATE_SHARE * slot)) + slot

    def refund(self) -> None:
        """Take back a request that was not sent."""
        if self.rate is not None:
            self._at -= 1.0 / self.rate

    def most(self, room: int, seconds: float) -> int:
        """Return how many of ``room`` requests may go in so many seconds."""
        return room if self.rate is None else min(room, math.ceil(self.rate * seconds))
