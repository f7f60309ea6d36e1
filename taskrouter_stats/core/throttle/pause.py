"""How long nobody may send after a 429."""

import math

import attrs

__all__ = ["MAX_CREDIBLE_RETRY_AFTER", "MAX_RETRY_AFTER", "Pause"]

ROUND_TRIPS = 0.5
"""The first pause, in round trips; it doubles while nothing gets through."""

MAX_SECONDS = 2.5
"""The longest pause, in seconds: only a shared budget, or one with a long memory, refuses for so
long (5: windows of ten seconds without headers take 6% longer; 1: others refuse more)."""

MAX_RETRY_AFTER = 300.0
"""Seconds of `Retry-After` obeyed at once; a server that means more will say so again."""

MAX_CREDIBLE_RETRY_AFTER = 86_400.0
"""More seconds of `Retry-After` than any rate limit's: a broken clock's, and not obeyed at all."""

MAX_DOUBLINGS = 20
"""Doublings of the pause, so that no power overflows."""


@attrs.define(eq=False, repr=False)
class Pause:
    """The pause of one budget.

    Attributes:
        until: when it ends.
        consecutive_429s: how many 429s started a pause since the last admitted request.
        began_at: when the first of them came.
    """

    until: float = -math.inf
    consecutive_429s: int = 0
    began_at: float = -math.inf

    def outage(self, now: float) -> float:
        """Return for how many seconds requests were refused and none was admitted."""
        return now - self.began_at if self.consecutive_429s else 0.0

    def start(
        self,
        now: float,
        srtt: float,
        jitter: float,
        retry_after: float | None,
        *,
        is_crowd: bool = False,
    ) -> None:
        """Pause after a 429, except after a crowd's first: the account's window holds that back."""
        seconds = 0.0
        if self.consecutive_429s or not is_crowd:
            doublings = min(self.consecutive_429s, MAX_DOUBLINGS)
            seconds = min(MAX_SECONDS, ROUND_TRIPS * srtt * 2.0**doublings)
            seconds *= 0.75 + 0.5 * jitter
        if not self.consecutive_429s:
            self.began_at = now
        self.consecutive_429s += 1
        if retry_after is not None and retry_after <= MAX_CREDIBLE_RETRY_AFTER:
            seconds = max(seconds, min(retry_after, MAX_RETRY_AFTER))
        self.until = max(self.until, now + seconds)
