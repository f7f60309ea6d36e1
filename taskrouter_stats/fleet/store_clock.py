"""What the store's clock shows, by the clock of this process's event loop."""

from attrs import define

__all__ = ["StoreClock"]

DRIFT = 1e-3
"""Seconds per second by which two clocks may drift apart: far more than any real clock's."""

JUMP = 1.0
"""Seconds by which a clock must have moved for the old difference to be dropped."""

SMOOTHING = 0.2
"""Weight of the newest round trip in the smoothed one."""


@define(eq=False)
class StoreClock:
    """The difference of the two clocks, by the calls that took the least time.

    Attributes:
        offset: the store's time less the loop's, as if a call took no time to arrive; None before
            the first answer. So a slot is used a little early, and dropped a little early.
        rtt: the smoothed round trip, in seconds.
    """

    offset: float | None = None
    rtt: float = 0.0
    _at: float = 0.0

    def answered(self, store_now: float, called_at: float, now: float) -> None:
        """Take in an answer: the store's time, and the loop's before and after the call."""
        seconds = now - called_at
        self.rtt += SMOOTHING * (seconds - self.rtt) if self.rtt else seconds
        offset = store_now - called_at
        if self.offset is None or abs(offset - self.offset) > JUMP:
            self.offset = offset
        else:
            self.offset = min(offset, self.offset + DRIFT * (now - self._at))
        self._at = now

    def at(self, now: float) -> float:
        """Return the store's time at a time of the loop."""
        return now + (self.offset or 0.0)
