"""The pace: how fast requests may go that no header vouches for.

A leaky bucket upside down. Every send adds one request of *debt*; debt drains at `rate` a
second; out of debt, the next request may go. A burst that credit allowed (see `meter`) leaves
debt behind, and so the average over any long time is `rate` whatever the burst was: that is
why nobody needs to know when the server's window turns. Idleness earns nothing: debt never
falls below what a late timer loses. The rate itself is learned:

- *alone*, it is the server's limit less a margin; a refusal cuts it a little, every second
  without one wins back part of the gap;
- *shared* with others in a budget that forgets within a second, it follows the lowest
  `Remaining` of the last second: growth in proportion to what was left unspent, a small
  constant share for fairness, 30% off for a refusal (additive increase, multiplicative
  decrease: all sharers drift to equal shares);
- *shared* with a memory of ten seconds, reacting to `Remaining` would be steering by the wake.
  There the own average of ten seconds, scaled by what would make the sum fit, is the goal;
- *blind*, with no header at all: growth by half per round trip until the first refusal, then a
  cut of 15%, a quick return to where the refusal was, and a slow, accelerating search beyond.
"""

import math

import attrs

MEMORY = 10.0
"""Seconds that Twilio averages over (docs/taskrouter/api): the one number from documents.

5: 7% refused in ten-second windows; 20: their runs take twice as long."""

LATE = 0.005
"""Seconds of slots that may be caught up: timers wake 1 ms late, several grants at a time."""

LATE_SHARE = 0.1
"""Share of a slot of `pace_limit` that a timer which woke late may catch up: so no second ever
holds more than the limit's slots and the one that it began in."""

EPSILON = 1e-6
"""Waits shorter than this are none: no busy loop over rounding errors."""

LEAST, MOST = 0.2, 10_000.0
"""Requests a second between which a learned rate stays: never a stall, never an overflow."""

MARGIN = 0.025
"""Alone, stay this far below the limit, so that jitter at a window's edge costs no refusal.

0.015: refusals 0.14 -> 0.16%; 0.05: completion 1.13 -> 1.15."""

RECOVER = 0.3
"""Share of the gap to the goal won back per second without a refusal.

0.15: lying headers cost 10% more; 0.6: blind refusals 0.67 -> 0.75%."""

CUT_ALONE = 0.97
"""After a lone refusal while alone: it was jitter, and 30% off would cost 5% of the run."""

CUT = 0.7
"""After a refusal while sharing, or several in a row.

Sixteen processes: 0.5: 1.22 / 1.6%; 0.7: 1.13 / 2.3%; 0.85: 1.11 / 3.8%."""

SPARE = 0.05
"""Share of the limit that sharers leave unspent (0.025: 2.5% refused; 0.1: 1.9%, 4% slower)."""

GAIN = 0.5
"""Growth per second and share of the limit unspent beyond `SPARE`.

Four processes: 0.25: 1.24 / 0.8%; 0.5: 1.21 / 0.9%; 1: 1.17 / 1.0%."""

ADD = 0.002
"""Growth per second as a share of the limit: what makes unequal sharers equal.

Sixteen processes: 0.001: 1.19 / 2.0%; 0.002: 1.13 / 2.3%; 0.004: 1.12 / 3.2%."""

PATIENCE = 20.0
"""Seconds that low headers may hold the pace down with no refusal to confirm them.

Beside a rival: 10: 0.56% refused; 20: 0.39%; 40: 0.11%, but a small bucket under a large
limit is then used by half."""

IMPATIENT = 0.2
"""What `spare` is taken for then: 10% growth a second until a refusal."""

ENTRY, FOOT = 0.7, 0.06
"""A newcomer takes this share of its estimated part, and at least this share of the limit.

ENTRY 0.5: 1.24 / 0.7% with four; 1: 1.20 / 1.1%. FOOT 0.03: lying headers cost 25% more."""

BLIND_START, BLIND_RISE = 8.0, 1.5
"""Blind: requests a second at first, and the factor per round trip until a refusal.

1.25: 8% slower; 2: refusals 0.67 -> 1.17%."""

BLIND_CUT, BLIND_SEARCH = 0.85, 0.001
"""Blind: the cut, and the growth per second for every second since.

Flat: cuts of 5 to 30% and half or twice the search move completion by 2%."""

BLIND_AGAIN = 2.0
"""Blind: a refusal within so many seconds of the last is no search any more: the full `CUT`."""


@attrs.define(eq=False, repr=False)
class Pace:
    """Debt, the rate that drains it, and how the rate is learned."""

    at: float
    rate: float = BLIND_START
    debt: float = 0.0
    searching: bool = True
    wall: float = 0.0
    cut_at: float = -math.inf
    grow_at: float = -math.inf

    def drain(self, now: float) -> None:
        """Let time pass; idleness earns no more than a late timer's worth of slots."""
        gone = now - self.at
        if gone > 0.0:
            debt, floor = self.debt - gone * self.rate, -LATE * self.rate
            self.debt = debt if debt > floor else floor  # noqa: FURB136 - hot
            self.at = now

    def due(self, now: float) -> float:
        """Seconds until the next paced request; 0 when it may go."""
        self.drain(now)
        self.debt = min(self.debt, MEMORY * self.rate)
        wait = self.debt / self.rate
        return wait if wait > EPSILON else 0.0

    def spend(self, now: float) -> None:
        """A request goes; more debt than ten seconds can drain is forgotten."""
        self.drain(now)
        self.debt += 1.0

    def refund(self) -> None:
        """The request did not go after all."""
        self.debt -= 1.0

    def replay(self, times: list[float], now: float) -> None:
        """Recount the debt of the sends at `times` as if the rate had always been this one."""
        self.debt, self.at = 0.0, times[0] if times else now
        for at in times:
            self.spend(at)
        self.drain(now)

    def begin(self, rate: float, now: float) -> None:
        """The first limit is heard."""
        self.rate = rate * (1.0 - MARGIN) if self.searching else min(self.rate, rate)
        self.searching, self.grow_at = False, now + 1.0

    def share(self, rate: float, limit: float, now: float) -> None:
        """Others are in the budget: begin with a cautious part."""
        self.rate = min(self.rate, max(FOOT * limit, ENTRY * rate))
        self.cut_at = max(self.cut_at, now)

    def cut(self, factor: float, now: float) -> None:
        """Slow down."""
        self.wall, self.cut_at, self.grow_at = self.rate, now, now + 1.0
        self.rate = max(min(LEAST, self.rate), self.rate * factor)

    def cut_blind(self, recent: int, now: float) -> None:
        """A refusal without headers; the first ends the search at what went last second."""
        if self.searching:
            self.searching = False
            factor = CUT * min(1.0, max(recent / self.rate, 0.25))
            self.cut(factor, now)
            self.wall = 0.0
        else:
            self.cut(BLIND_CUT if now - self.cut_at > BLIND_AGAIN else CUT, now)

    def grow_blind(self, now: float, srtt: float) -> None:
        """No headers: search, or come back to the wall and creep beyond it."""
        if self.searching:
            self.grow_at = now + srtt
            self.rate = min(MOST, self.rate * BLIND_RISE)
        else:
            self.grow_at = now + 1.0
            creep = BLIND_SEARCH * min(now - self.cut_at, 1.0 / BLIND_SEARCH)
            self.rate += creep * self.rate + RECOVER * max(0.0, self.wall - self.rate)
            self.rate = min(MOST, self.rate)

    def grow_alone(self, rate: float, now: float) -> None:
        """Nobody else spends: back toward the limit."""
        self.grow_at = now + 1.0
        gap = (1.0 - MARGIN) * rate - self.rate
        self.rate += RECOVER * gap if gap > 0.0 else gap

    def grow_shared(self, limit: float, left: float, now: float) -> None:
        """A second passed: by what the fullest moment left unspent."""
        self.grow_at = now + 1.0
        spare = min(left / limit, 0.5) - SPARE
        if self.impatient(now):
            spare = max(spare, IMPATIENT)
        self._towards(self.rate * (1.0 + GAIN * spare), limit)

    def grow_slowly(self, limit: float, left: float, own: float, now: float) -> None:
        """The same with ten seconds' memory: scale the own average so that the sum fits."""
        self.grow_at = now + 1.0
        used = max(limit - left, 0.5 * limit)
        goal = (1.0 - SPARE) * limit * own / used
        self._towards(self.rate + RECOVER * (goal - self.rate), limit)

    def impatient(self, now: float) -> bool:
        """Has no refusal confirmed the headers for long?"""
        return now - self.cut_at > PATIENCE

    def _towards(self, rate: float, limit: float) -> None:
        top = (1.0 - MARGIN) * limit
        self.rate = min(top, max(min(LEAST, top), rate + ADD * limit))
