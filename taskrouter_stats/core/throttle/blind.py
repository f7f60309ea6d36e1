"""How fast requests may go when no header states a limit.

The search grows by half per round trip until the first 429 ends it; then a cut, a quick return to
where the 429 was, and a slow, accelerating search beyond. The replies to the requests that were
under way distinguish two cases. If most of them were admitted, the server refused a crowd, not the
pace. If none was admitted for seconds, the server averages over ten seconds, and the log of own
sends shows when more may go.
"""

import math

import attrs

from .rate import DECREASE, MARGIN, MAX_RATE, MEMORY, RECOVER

__all__ = ["START", "BlindSearch"]

START = 8.0
"""Requests a second at first."""

GROWTH = 1.5
"""Factor per round trip until a refusal (1.25: 8% slower; 2: refusals 0.67 -> 1.17%)."""

MIN_RATE = 1.5
"""Requests a second below which no 429 cuts: a server may refuse every second request whatever the
pace."""

SMALL_DECREASE = 0.85
"""Factor of a refusal after a longer search (0.7 to 0.95: completion moves by 2%)."""

SEARCH = 0.001
"""Growth per second for every second since the last refusal (half, twice: within 2%)."""

AGAIN_SECONDS = 2.0
"""Seconds within which another refusal takes the full `DECREASE`."""

OUTAGE_SECONDS = 3.0
"""Seconds of nothing but refusals that tell a long memory: other clients cause shorter ones."""

CROWD_REPLIES = 8
"""Replies to requests sent after a refused one that tell a crowd from a pace (4: four processes
are 15% slower; 16: the same)."""

CROWD_SHARE = 0.7
"""Share of those that must be admitted if a crowd was refused (0.5: refusals 0.8 -> 1.2%)."""


@attrs.define(eq=False, repr=False)
class BlindSearch:
    """The rate of a budget without a limit.

    Attributes:
        rate: requests per second.
        is_growing: whether no 429 ended the first growth yet.
        memory: seconds that the server averages over, once an outage showed it; else 0.
        rate_at_429: the rate of the last 429, to which the search returns.
        decreased_at: when that was.
        wall_number: number of the request that the last 429 refused.
        wall_rate: the rate at that moment.
        heard: replies to requests that were on their way then, and sent after it.
        admitted: how many of those were admitted.
    """

    rate: float = START
    is_growing: bool = True
    memory: float = 0.0
    rate_at_429: float = 0.0
    decreased_at: float = -math.inf
    wall_number: float = math.inf
    wall_rate: float = 0.0
    heard: int = 0
    admitted: int = 0

    def decrease(self, recent: int, number: int, now: float) -> None:
        """Slow down after the 429 of request `number`; `recent` were sent in the last second."""
        self.wall_number = math.inf if self.memory else number
        self.wall_rate, self.heard, self.admitted = self.rate, 0, 0
        factor = SMALL_DECREASE if now - self.decreased_at > AGAIN_SECONDS else DECREASE
        if self.is_growing:
            factor = DECREASE * min(1.0, max(recent / self.rate, 0.25))
        self.rate_at_429 = 0.0 if self.is_growing else self.rate
        self.is_growing, self.decreased_at = False, now
        self.rate = max(min(MIN_RATE, self.rate), self.rate * factor)

    def saw(self, number: int, *, refused: bool) -> None:
        """Take in a reply to what was on its way: were most admitted after the refused one?"""
        if number <= self.wall_number:
            return
        self.heard += 1
        self.admitted += not refused
        if self.heard == CROWD_REPLIES:
            self.wall_number = math.inf
            if self.admitted > CROWD_SHARE * CROWD_REPLIES:
                self.rate = max(self.rate, DECREASE * self.wall_rate)

    def saw_outage(self, seconds: float, average: float) -> None:
        """Take in that nothing was admitted for so long, after `average` requests a second."""
        if seconds > OUTAGE_SECONDS and not self.memory:
            self.memory, self.rate = MEMORY, max(MIN_RATE, (1.0 - MARGIN) * average)
            self.rate_at_429, self.wall_number = 0.0, math.inf

    def increase(self, now: float, srtt: float) -> float:
        """Grow, or return to the last 429's rate and creep beyond it; return the next time."""
        if self.is_growing:
            least = 1.0 / srtt if srtt else 0.0
            self.rate = min(MAX_RATE, max(GROWTH * self.rate, least))
            return now + srtt
        creep = SEARCH * min(now - self.decreased_at, 1.0 / SEARCH)
        self.rate += creep * self.rate + RECOVER * max(0.0, self.rate_at_429 - self.rate)
        self.rate = min(MAX_RATE, self.rate)
        return now + 1.0
