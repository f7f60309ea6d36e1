"""The pace: how fast requests may go that no header vouches for, and how it is learned.

Every send adds one request of *debt*; debt drains at `rate` requests a second; out of debt, the
next request may go. A burst on credit leaves debt behind, so the average over any long time is
`rate`. Idleness earns nothing: debt never falls below what a late timer loses.

- *Alone*, the rate is the limit less a margin. A 429 takes as much off again; every second without
  one wins back a part of the gap.
- *Shared, with a short memory*, it follows the least `Remaining` of the last second: it grows in
  proportion to what nobody used, plus a small constant, and a 429 takes 30% off (additive increase,
  multiplicative decrease: all sharers drift to equal shares).
- *Shared, with a long memory*, `Remaining` tells what was used up to ten seconds ago. The goal
  is the own average of ten seconds, scaled so that the sum of all fits.
"""

import math

import attrs

MEMORY = 10.0
"""Seconds that Twilio averages over (docs/taskrouter/api): the one number from documents. What
waits for signs to lose their meaning waits as long.

5: 7% refused in ten-second windows; 20: their runs take twice as long."""

CALM = 3.0 * MEMORY
"""Seconds without another one after which a refusal says nothing of what the server would admit
now, nor an interactive request of more to come (2 memories: windows of ten seconds without headers
refuse 1.2 points more)."""

TIMER_SLACK = 0.005
"""Seconds of slots that may be caught up: timers wake 1 ms late, several grants at a time."""

SLOT_SLACK = 0.1
"""Share of a slot of `pace_limit` that a timer which woke late may catch up: so no second ever
holds more than the limit's slots and the one that it began in."""

EPSILON = 1e-6
"""Waits shorter than this are none: no busy loop over rounding errors."""

MIN_SHARE = 0.03
"""Share of the limit below which no 429 cuts: a server that refuses every second request whatever
the pace would otherwise stop the run. A newcomer takes twice as much at least. Nor does one cut
below three requests in a memory: a process that hardly asks learns too late that there is more.

0.015: lying headers cost 25% more. Four processes at 3 a second, 32 seeds: not bounded so: 1.61 /
12.5%; two requests: 1.55 / 11.3%; three: 1.45 / 11.5%; four and a half: 1.44 / 12.7%."""

MARGIN = 0.025
"""Alone, stay this far below the limit, so that jitter at a window's edge costs no refusal; sharers
leave twice as much. A lone refusal was jitter and takes twice as much: 30% off would cost 5% of the
run.

Alone: 0.015: refusals 0.14 -> 0.16%; 0.05: completion 1.13 -> 1.15. Sharers: 0.025 left: 2.5%
refused; 0.1: 1.9%, 4% slower."""

DECREASE = 0.7
"""After a refusal while sharing, or several in a row; also the share of its estimated part that a
newcomer takes.

Sixteen processes: 0.5: 1.22 / 1.6%; 0.7: 1.13 / 2.3%; 0.85: 1.11 / 3.8%."""

RECOVER = 1.0 - DECREASE
"""Share of the gap to the goal won back per second without a refusal: what a refusal takes.

0.15: lying headers cost 10% more; 0.6: blind refusals 0.67 -> 0.75%."""

GAIN = 0.5
"""Growth per second and share of the limit unspent beyond what sharers leave.

Four processes: 0.25: 1.24 / 0.8%; 0.5: 1.21 / 0.9%; 1: 1.17 / 1.0%."""

PROBE_SPARE = 0.2
"""Share of the limit that is taken for unspent when no refusal confirmed low headers for long: 10%
growth a second until a refusal (0.5: several clients are refused 0.1 to 0.4 points more)."""

ADDITIVE_INCREASE = 0.002
"""Growth per second as a share of the limit: what makes unequal sharers equal.

Sixteen processes: 0.001: 1.19 / 2.0%; 0.002: 1.13 / 2.3%; 0.004: 1.12 / 3.2%."""


@attrs.define(eq=False, repr=False)
class RateController:
    """Debt, the rate that drains it, and how the rate is learned.

    Attributes:
        at: when debt was last drained.
        rate: requests per second.
        debt: requests sent ahead of the pace.
        decreased_at: when the rate was last cut.
        increase_at: when it may grow next.
        admitted_before: requests that were admitted until it last grew.
    """

    at: float
    rate: float
    debt: float = 0.0
    decreased_at: float = -math.inf
    increase_at: float = -math.inf
    admitted_before: int = 0

    def drain(self, now: float) -> None:
        """Let debt drain until `now`."""
        gone = now - self.at
        if gone > 0.0:
            debt, floor = self.debt - gone * self.rate, -TIMER_SLACK * self.rate
            self.debt = debt if debt > floor else floor  # noqa: FURB136 - hot
            self.at = now

    def delay(self, now: float) -> float:
        """Return the seconds until the next paced request; 0 when it may go."""
        self.drain(now)
        self.debt = min(self.debt, MEMORY * self.rate)
        wait = self.debt / self.rate
        return wait if wait > EPSILON else 0.0

    def charge(self, now: float) -> None:
        """Add the debt of one request."""
        self.drain(now)
        self.debt += 1.0

    def refund(self) -> None:
        """Take back the debt of a request that was not sent."""
        self.debt -= 1.0

    def replay(self, times: list[float], now: float) -> None:
        """Recount the debt of the sends at `times` as if the rate had always been this one."""
        self.debt, self.at = 0.0, times[0] if times else now
        for at in times:
            self.charge(at)
        self.drain(now)

    def start_sharing(self, part: float, limit: float, now: float) -> None:
        """Begin with a cautious part, now that others use the budget."""
        self.drain(now)
        self.rate = min(self.rate, max(2.0 * self._least(limit), DECREASE * part * limit))
        self.decreased_at = max(self.decreased_at, now)

    def decrease(self, factor: float, limit: float, now: float) -> None:
        """Slow down after a 429 of a budget of `limit` requests a second."""
        self.decreased_at, self.increase_at = now, now + 1.0
        self.rate = max(min(self._least(limit), self.rate), self.rate * factor)

    def increase_alone(self, limit: float) -> None:
        """Return toward the limit, alone."""
        gap = (1.0 - MARGIN) * limit - self.rate
        self.rate += RECOVER * gap if gap > 0.0 else gap

    def increase_shared(self, limit: float, remaining: float, *, probes: bool) -> None:
        """Grow by what the fullest moment of the last second left unspent.

        Sharers leave half a request at least, for a counter of requests shows no less. (Four
        processes at 3 a second in sliding seconds are refused 2 points more without it.)
        """
        spare = min(remaining / limit, 0.5) - max(2.0 * MARGIN, 0.5 / limit)
        if probes:
            spare = max(spare, PROBE_SPARE)
        self._towards(self.rate * (1.0 + GAIN * spare), limit)

    def increase_slowly(self, limit: float, remaining: float, own: float) -> None:
        """Scale the own average of ten seconds so that the sum of all fits."""
        used = max(limit - remaining, 0.5 * limit)
        goal = (1.0 - 2.0 * MARGIN) * limit * own / used
        self._towards(self.rate + RECOVER * (goal - self.rate), limit)

    @staticmethod
    def _least(limit: float) -> float:
        return max(MIN_SHARE * limit, 3.0 / MEMORY)

    def _towards(self, rate: float, limit: float) -> None:
        self.rate = min((1.0 - MARGIN) * limit, rate + ADDITIVE_INCREASE * limit)
