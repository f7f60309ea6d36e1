"""Whether the headers can be believed.

Headers that speak of other clients cannot be checked against the own log, but `Remaining` cannot
jump up by a quarter of the limit several times within a second in an honest budget: a window turns
once. Such jumps, and a 429 that contradicts the headers, cost them ten seconds of trust, twice as
many each time up to five minutes, since a server may be repaired. Meanwhile the throttle paces by
the limit alone.

A limit is believed from the first reply on if that states it, else while enough of the replies
agree on it; it changes when two in a row state the same new one. So one plausible number among
garbage does not hold the pace down.
"""

import math

import attrs

from .pause import MAX_RETRY_AFTER
from .rate import MEMORY
from .refills import QUICK_SECONDS

__all__ = ["JUMP", "MAX_LIMIT", "HeaderTrust", "LimitAgreement"]

JUMPS = 2
"""Jumps, each soon after the one before, that no honest budget makes (1: sharers of a second's
window are refused three times as much)."""

JUMP = 0.25
"""Size of a jump, as a share of the limit."""

STATED = 7
"""Weight of a reply that states the limit, another one or an impossible one, against 1 of a reply
without any: a limit in every fourth reply gains weight, one in every sixteenth loses it."""

MAX_WEIGHT = STATED * STATED
"""Weight that replies for or against a limit can pile up: so many replies later both are undone."""

MAX_LIMIT = 1e6
"""A higher limit is not one that anybody can reach, nor is a higher rate learned."""


@attrs.define(eq=False, repr=False)
class HeaderTrust:
    """Counts contradictions of a shared budget's `Remaining`.

    Attributes:
        ignored_until: when `Remaining` is believed again.
        ignore_seconds: how long it is ignored next time.
        jumps: jumps in a row.
        jump_at: when the request of the last one was sent.
        empty: admitted requests in a row after each of which nothing was left.
    """

    ignored_until: float = -math.inf
    ignore_seconds: float = MEMORY
    jumps: int = 0
    jump_at: float = -math.inf
    empty: int = 0

    def saw_jump(self, at: float, reorder_seconds: float) -> bool:
        """Count a jump up; return True when there were too many. One per `reorder_seconds`."""
        gap = at - self.jump_at
        if gap > reorder_seconds:
            self.jumps = self.jumps + 1 if gap < QUICK_SECONDS / 2.0 else 0
            self.jump_at = at
        return self.jumps >= JUMPS

    def ignore(self, now: float) -> None:
        """Ignore `Remaining` for a while."""
        self.ignored_until = now + self.ignore_seconds
        self.ignore_seconds = min(2.0 * self.ignore_seconds, MAX_RETRY_AFTER)
        self.jumps = 0


@attrs.define(eq=False, repr=False)
class LimitAgreement:
    """The limit that enough replies agree on.

    Attributes:
        value: the candidate.
        weight: what the replies weigh for the candidate; it is believed while this is positive.
        last: what the previous reply stated.
        number: the newest request whose reply stated the candidate.
        refusals_state: whether a 429 ever stated a limit; if not, its silence weighs nothing.
        limit: the limit to believe, if enough replies agree on one.
    """

    value: float | None = None
    weight: int = 0
    last: float | None = None
    number: int = 0
    refusals_state: bool = False
    limit: float | None = None

    def update(self, limit: float | None, number: int, *, refused: bool) -> None:
        """Record the limit that a reply stated; one that cannot be a limit speaks against any."""
        if limit == self.limit == self.last and self.weight == MAX_WEIGHT and not refused:
            if number > self.number:
                self.number = number
            return
        is_garbage = limit is not None and not 1.0 <= limit <= MAX_LIMIT  # below 1: no request
        if is_garbage:
            limit = None
        self.refusals_state |= refused and limit is not None
        if is_garbage:
            self.weight = max(self.weight - STATED, -MAX_WEIGHT)
        elif limit is None:
            if not refused or self.refusals_state:
                self.weight = max(self.weight - 1, -MAX_WEIGHT)
        elif limit == self.value:
            if self.weight < MAX_WEIGHT:
                self.weight = min(self.weight + STATED, MAX_WEIGHT)
            self.number = max(self.number, number)
        elif number > self.number:
            self._contradict(limit, number)
        self.last = limit
        self.limit = self.value if self.weight > 0 else None

    def _contradict(self, limit: float, number: int) -> None:
        """Take in another limit: two in a row are a change, one is a sign of garbage."""
        if self.value is None:
            self.weight = self.weight or STATED  # believed at once if this is the first reply
        elif limit != self.last or self.weight <= 0:
            self.weight = max(self.weight - STATED, -MAX_WEIGHT)
            if self.weight > 0:
                return
        self.value, self.number = limit, number
