"""Whether other clients use the same budget, and how much of it.

They used whatever the own sends cannot explain: more is gone than was sent within the memory, or
more is gone since the counter last rose than was sent since.

What was gone before the first reply was used by others. Much of it may be history: those who used
it are presumed to go on for a second; unless the counter shows that, the own process is alone
again. A little is what others use just now.
"""

import math

import attrs

from .limit_model import PER_SECOND
from .rate import MEMORY

__all__ = ["SHARED_REPLIES", "OtherClients"]

SHARED_REPLIES = 10
"""Replies without a sign of others, and ten seconds, after which they are gone. With seconds alone
a slow sharer believes itself alone now and then: the worst run of sixteen is refused 5.1% instead
of 2.3%. Also the requests gone before the first reply that are not history yet: four processes at 3
a second are refused 12% instead of 19%."""


@attrs.define(eq=False, repr=False)
class OtherClients:
    """What is known of the other clients of one budget.

    Attributes:
        shared_until: when their last sign loses its meaning.
        replies_alone: replies since that sign.
        own_share: share of the used budget that was our own at that sign.
        first_reply_at: when the first reply with credible headers came.
        used_before_start: header units that were gone before it, and still are.
        presumed: whether others are only presumed, from what was gone at first.
    """

    shared_until: float = -math.inf
    replies_alone: int = SHARED_REPLIES
    own_share: float = 1.0
    first_reply_at: float = math.inf
    used_before_start: float = 0.0
    presumed: bool = False

    def forget(self) -> None:
        """Drop all signs: the headers that gave them are not believed any more."""
        self.shared_until, self.replies_alone = -math.inf, SHARED_REPLIES

    def expect(self, now: float, own_share: float) -> None:
        """Take others for sure, who use all but `own_share` of the budget."""
        self.shared_until, self.replies_alone, self.presumed = now + MEMORY, 0, False
        self.own_share = own_share

    def saw_start(self, now: float, unexplained: float, our: float, slack: float) -> None:
        """Take in the first reply: `unexplained` units were gone, `our` own ones."""
        self.first_reply_at = now
        if unexplained <= SHARED_REPLIES:
            self.saw(now, unexplained, our, slack)
        else:
            self.used_before_start, self.presumed = unexplained, True
            self.own_share = our / (our + unexplained)
            self.shared_until = now + PER_SECOND.memory

    def less_history(self, now: float, unexplained: float) -> float:
        """Return the unexplained units without those that were gone before the first reply."""
        self.used_before_start = max(0.0, min(self.used_before_start, unexplained))
        is_new = now - self.first_reply_at < MEMORY
        return unexplained - self.used_before_start if is_new else unexplained

    def saw(self, now: float, theirs: float, our: float, slack: float) -> None:
        """Take in a reply: `theirs` units are gone that the own sends cannot explain."""
        if theirs > slack:
            self.expect(now, our / (our + theirs))
        else:
            self.replies_alone += 1
