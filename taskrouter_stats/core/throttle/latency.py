"""How long replies take, and by how much that blurs the order in which requests arrive."""

import math

import attrs

__all__ = ["MAX_REORDER", "Latency"]

SMOOTHING = 0.1
"""Weight of the newest round trip in the smoothed one."""

REORDER_SHARE = 0.25
"""Share of a round trip by which one request may overtake another on its way."""

MIN_REORDER = 0.03
"""Seconds by which it may do so at least: a fast network jitters, too."""

MAX_REORDER = 2.0
"""Seconds by which it may do so at most: a stall is not an order."""

LAG_FADES = 0.999
"""Factor by which the longest delay fades with each reply (0.99, 0.9999: within 1%)."""


@attrs.define(eq=False, repr=False)
class Latency:
    """Round trips of one budget, in seconds.

    Attributes:
        srtt: the smoothed round trip.
        reorder_seconds: how far two sends must be apart to arrive in order.
        fastest: the fastest round trip.
        lag: the longest delay of late beyond the fastest: a server that falls behind in a burst
            stamps its requests late, and so forgets them late.
    """

    srtt: float = 0.0
    reorder_seconds: float = 0.0
    fastest: float = math.inf
    lag: float = 0.0

    @property
    def late(self) -> float:
        """Seconds by which a server may forget a request late."""
        return max(2.0 * self.reorder_seconds, self.lag + MIN_REORDER)

    @property
    def behind(self) -> float:
        """Seconds by which a server surely fell behind: one fastest round trip is jitter."""
        return max(self.reorder_seconds, self.lag - self.fastest)

    def record(self, seconds: float) -> None:
        """Take in a round trip."""
        self.srtt += SMOOTHING * (seconds - self.srtt) if self.srtt else seconds
        blur = REORDER_SHARE * self.srtt
        if MIN_REORDER <= blur <= MAX_REORDER:
            self.reorder_seconds = blur
        else:
            self.reorder_seconds = MIN_REORDER if blur < MIN_REORDER else MAX_REORDER
        if seconds < self.fastest:
            self.fastest = seconds
        lag = seconds - self.fastest
        self.lag *= LAG_FADES
        if lag > self.lag:
            self.lag = lag if lag < MAX_REORDER else MAX_REORDER  # noqa: FURB136 - hot
