"""The part of a budget that bulk requests may use, when the caller reserves the rest."""

import attrs

from .rate import EPSILON, RateController

__all__ = ["BulkPart"]


@attrs.define(eq=False, repr=False)
class BulkPart:
    """The share of a budget that bulk requests may use, and how much of it they used.

    Two rules hold bulk requests to it. They leave the reserved requests in the counter, so that an
    interactive request finds some. A counter that refills steadily shows the same number at any
    rate, so the number of bulk requests is bounded as well: one full budget's part at once, and
    the part of the rate.

    Attributes:
        part: share of the budget less the headroom, 0 < x <= 1; 1: nothing is reserved.
        pace: the debt of bulk requests alone.
    """

    part: float
    pace: RateController

    @classmethod
    def of(cls, reserved: float, headroom: float, now: float) -> "BulkPart":
        """Return the part that `reserved`, a share of the server's limit, leaves to bulk."""
        part = 1.0 - reserved / (1.0 - headroom) if reserved else 1.0
        part = max(EPSILON, part)  # no rate of 0 by a rounding error
        return cls(part, RateController(now, 1.0))

    def reserved(self, full: float) -> float:
        """Return the requests of a full budget that bulk leaves alone."""
        return (1.0 - self.part) * full

    def charge(self, now: float) -> None:
        """Count a bulk request."""
        if self.part < 1.0:
            self.pace.charge(now)

    def refund(self) -> None:
        """Take back a bulk request that was not sent."""
        if self.part < 1.0:
            self.pace.refund()

    def burst_delay(self, now: float, rate: float, full: float) -> float:
        """Return the seconds until bulk requests used no more than their part; 0: they did not.

        Args:
            now: the time, in seconds.
            rate: requests per second that the whole budget allows.
            full: requests that the whole budget holds.
        """
        if self.part == 1.0:
            return 0.0
        pace, burst = self.pace, max(1.0, self.part * full)
        pace.rate = self.part * rate
        pace.drain(now)
        pace.debt = min(pace.debt, burst)
        return max(0.0, (pace.debt + 1.0 - burst) / pace.rate)

    def delay(self, now: float, rate: float) -> float:
        """Return the seconds until the next bulk request that no credit vouches for."""
        if self.part == 1.0:
            return 0.0
        self.pace.rate = self.part * rate
        return self.pace.delay(now)
