"""Whether the headers can be believed.

Headers that speak of other clients cannot be checked against the own log, but `Remaining` cannot
jump up by a quarter of the limit several times within a second in an honest budget: a window turns
once. Such jumps, and a 429 that contradicts the headers, cost them ten seconds of trust, twice as
many each time; meanwhile the throttle paces by the limit alone.

A limit is believed while enough of the replies agree on it, and changes when two in a row tell
the same new one: one plausible number among rubbish does not hold the pace down.
"""

import math

import attrs

__all__ = ["JUMP", "HeaderTrust", "LimitAgreement"]

IGNORE_SECONDS = 10.0
"""Seconds without trust at first; a server that errs once is soon believed again."""

MAX_DOUBLINGS = 5
"""Doublings of that: a liar is heard again every 320 s, for servers are repaired."""

JUMPS = 3
"""Jumps in a row that no honest budget makes."""

JUMP_SECONDS = 0.8
"""Seconds between two jumps in a row, at most."""

JUMP = 0.25
"""Size of a jump, as a share of the limit."""

AGREEING = 0.125
"""Share of the replies that must agree on a limit: a quarter is enough, one in sixteen is not."""

AGREEMENT_REPLIES = 64
"""Replies that the share is taken over."""

MIN_LIMIT = 1.0
"""A lower limit would admit no request at all."""

MAX_LIMIT = 1e6
"""A higher limit is not one that anybody can reach."""


@attrs.define(eq=False, repr=False)
class HeaderTrust:
    """Counts contradictions of a shared budget's `Remaining`."""

    ignored_until: float = -math.inf
    times: int = 0
    jumps: int = 0
    jump_at: float = -math.inf

    def saw_jump(self, at: float, reorder_seconds: float) -> bool:
        """Count a jump up; return True when there were too many. One per `reorder_seconds`."""
        gap = at - self.jump_at
        if gap > reorder_seconds:
            self.jumps = self.jumps + 1 if gap < JUMP_SECONDS else 0
            self.jump_at = at
        return self.jumps >= JUMPS

    def ignore(self, now: float) -> None:
        """Ignore `Remaining` for a while."""
        self.ignored_until = now + IGNORE_SECONDS * 2.0**self.times
        self.times = min(self.times + 1, MAX_DOUBLINGS)
        self.jumps = 0


@attrs.define(eq=False, repr=False)
class LimitAgreement:
    """The limit that most admitted replies agree on.

    Attributes:
        value: the candidate.
        share: share of the recent replies that stated it.
        replies: replies so far, at most `AGREEMENT_REPLIES`.
        last: what the previous reply stated.
        number: the newest request whose reply stated the candidate.
    """

    value: float | None = None
    share: float = 0.0
    replies: int = 0
    last: float | None = None
    number: int = 0

    def update(self, limit: float | None, number: int) -> None:
        """Record the limit in the reply to an admitted request; None if it has no possible one."""
        if self.share == 1.0 and limit == self.value:  # all replies agree: nothing to count
            self.number = max(self.number, number)
            if self.replies < AGREEMENT_REPLIES:
                self.replies += 1
            return
        other = limit is not None and limit != self.value
        if other and number > self.number and limit == self.last:
            self.value = limit
        elif other and self.share < AGREEING:
            self.value, self.share = limit, 0.0
        if limit is not None and limit == self.value:
            self.number = max(self.number, number)
        self.replies = min(self.replies + 1, AGREEMENT_REPLIES)
        self.share += ((limit is not None and limit == self.value) - self.share) / self.replies
        self.last = limit

    @property
    def limit(self) -> float | None:
        """The limit to believe, if enough replies agree on one."""
        return self.value if self.share >= AGREEING else None


def plausible(limit: float | None) -> float | None:
    """Return the limit if it can be one, else None."""
    return limit if limit is not None and MIN_LIMIT <= limit <= MAX_LIMIT else None
