"""What `Limit` and `Remaining` may count, and how the own sends tell it.

No document gives their unit. The throttle holds one model until its own sends refute it.
"""

import math

import attrs

from .rate import MEMORY
from .send_log import SendLog, SendTicket

__all__ = [
    "AVERAGE_EXTRA",
    "PER_SECOND",
    "TEN_SECOND_AVERAGE",
    "TEN_SECOND_TOTAL",
    "CostTest",
    "LimitModel",
]

AVERAGE_USES = 2.2
"""Uses of the counter (the largest fall that it showed) that the surplus must exceed: one budget
and one turn of a window are two. 4 uses let a hidden cap refuse 8-10% of 400 instead of 4%."""

AVERAGE_EXTRA = 6.0
"""Requests that the surplus must exceed beside: room for rounding (12: as 4 uses)."""


@attrs.frozen(eq=False, repr=False)
class LimitModel:
    """One meaning of the two headers.

    Attributes:
        cost: header units per request, at most 1; while it is only bounded, the greatest possible.
        memory: seconds after which the server has forgotten a request.
        window_seconds: seconds that the limit covers, so that limit / window_seconds is a rate.
        is_short: whether the server forgets within a second.
    """

    cost: float
    memory: float
    window_seconds: float
    is_short: bool


PER_SECOND = LimitModel(1.0, 1.0, 1.0, is_short=True)
"""Requests per second, counted one by one, forgotten within the second (or a small bucket)."""

TEN_SECOND_AVERAGE = LimitModel(1.0 / MEMORY, MEMORY, 1.0, is_short=False)
"""Requests per second on the average of ten seconds: a request costs a tenth of a unit."""

TEN_SECOND_TOTAL = LimitModel(1.0, MEMORY, MEMORY, is_short=False)
"""Requests per ten seconds, counted one by one."""


@attrs.define(eq=False, repr=False)
class CostTest:
    """Tests whether a request costs less than one header unit, and bounds the cost.

    Attributes:
        surplus: requests by which the own sends outran the refill that a limit per second promises.
        surplus_at: when the surplus was last counted.
        first: number of the request that began the surplus.
        max_remaining: the most that ever remained.
        max_used: the most that was missing to that since then, in header units.
        base_at: when the first request since the counter last rose was sent.
        base: the most that remained since then.
        low: least possible cost.
        high: greatest possible cost.
        vouched: number of the last request that the server surely admits, as replies show.
        is_documented: whether the documented memory is believed while the bounds allow it.
    """

    surplus: float = 0.0
    surplus_at: float = -math.inf
    first: float = math.inf
    max_remaining: float = 0.0
    max_used: float = 0.0
    base_at: float = -math.inf
    base: float = 0.0
    low: float = 0.0
    high: float = 1.0
    vouched: float = 0.0
    is_documented: bool = True

    def restart(self, limit: float) -> None:
        """Begin anew with the next surplus: the limit changed, or the test was wrong."""
        self.first, self.max_remaining, self.low, self.high = math.inf, limit, 0.0, 1.0
        self.vouched = 0.0

    def start(self, number: int, at: float) -> None:
        """Begin a surplus with request `number`."""
        self.first, self.max_used = number, 0.0
        self.base_at, self.base = at, 0.0

    def begin(self, log: SendLog, now: float, refill: float) -> None:
        """Begin when the limit is first known; the server refills `refill` requests a second.

        It did so before, too. Otherwise a limit that is known late, since few replies state it, was
        taken for an average (one run of 16: 5% refused, 2.9 times the optimum).
        """
        sent, began_at = len(log.times), log.time_of(len(log.times) - 1)
        self.start(log.total - sent + 1, began_at)
        self.surplus, self.surplus_at = max(1.0, sent - refill * (now - began_at)), now

    def record_send(self, at: float, number: int, refill: float) -> float:
        """Count a send and return the surplus; the server refills `refill` requests a second."""
        self.surplus -= (at - self.surplus_at) * refill
        self.surplus_at = at
        if self.surplus <= 0.0:
            self.surplus = 0.0
            self.start(number, at)
        self.surplus += 1.0
        return self.surplus

    def saw(self, sent: SendTicket, remaining: float, *, rose: bool) -> None:
        """Take in what remained when a request arrived, and whether the counter rose by then."""
        if rose:
            self.base_at, self.base = sent.at, remaining
        if remaining > self.base and sent.at >= self.base_at:
            self.base = remaining
        if sent.number >= self.first:
            if remaining > self.max_remaining:
                self.max_remaining = remaining
            elif self.max_remaining - remaining > self.max_used:
                self.max_used = self.max_remaining - remaining

    def proves_average(self, sent: SendTicket, overtaken: int) -> bool:
        """Tell whether an admitted request had a surplus that no counter of whole requests allows.

        `overtaken`: requests sent before it that may have arrived after it.
        """
        needed = AVERAGE_USES * self.max_used + AVERAGE_EXTRA
        seen = sent.number >= self.first and self.max_used > 1.0  # one may be rounding
        if not seen or sent.surplus - overtaken <= needed:
            return False
        self.high = min(self.high, 2.0 * (self.max_used + 1.0) / (sent.surplus - overtaken))
        return True

    def bound(self, used: float, fallen: float, least: int, most: float) -> None:
        """Narrow the bounds of the cost.

        Args:
            used: header units gone, others' included.
            fallen: header units by which the counter fell since it last rose.
            least: own requests since it last rose that surely arrived.
            most: requests since then that may have arrived, others' included.
        """
        if least > 0:
            self.high = max(self.low, min(self.high, (used + 1.0) / least))
        if fallen > 1.0 and most > 0 and fallen - 1.0 <= most * self.high:
            self.low = max(self.low, (fallen - 1.0) / most)

    def vouch(self, number: float, *, goes_on: bool) -> None:
        """Take in that a reply vouches for all requests up to `number`.

        The counter shows whole units, so an earlier reply may vouch for more: the one before a unit
        was gone shows that it was left. `goes_on`: earlier replies still count, since nobody else
        used the budget, and a request does not cost more than it seemed. (A request of a known cost
        needs none of this: the own log shows as much.)
        """
        goes_on = goes_on and self.model() is not TEN_SECOND_AVERAGE
        self.vouched = max(self.vouched, number) if goes_on else number

    def doubts(self) -> bool:
        """Take in a sign of others; tell whether a memory of half the documented one explains it.

        Then the documented one is not presumed any more, and the sign counts half as long. While it
        was, a window of five seconds showed another client for the whole run.
        """
        self.is_documented = self.high < 2.0 / MEMORY
        return not self.is_documented

    def model(self) -> LimitModel:
        """Return the average that fits: the documented one, if it may be that.

        Else windows last whole seconds, if the bounds hold any. If they hold several, the cost is
        that of the shortest, and the memory that of the longest.
        """
        documented = 1.0 / MEMORY
        if self.is_documented and self.low <= documented <= self.high:
            return TEN_SECOND_AVERAGE
        shortest, longest = 1.0 / self.high, 1.0 / (self.low or min(self.high, documented) / 4.0)
        if math.ceil(shortest) <= longest:
            shortest, longest = float(math.ceil(shortest)), float(math.floor(longest))
        return LimitModel(1.0 / shortest, longest, 1.0, is_short=False)
