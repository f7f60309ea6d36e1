"""HeaderTrust: when `Remaining` contradicts itself, it is not heard for a while.

Headers that speak of others cannot be checked against the own ledger, but two things cannot
go on for long in an honest budget: being admitted again and again though nothing remained,
with no refusal in between; and `Remaining` leaping up by a quarter of the limit several times
within a second (a window turns once). Either costs the headers ten seconds of silence, twice
as many each time, and the throttle paces by the limit alone.
"""

import math

import attrs

IGNORE_SECONDS = 10.0
"""Seconds of distrust at first; a server that errs once is soon believed again."""

MAX_DOUBLINGS = 5
"""A liar is still asked again every 320 s: servers are repaired."""

EMPTY, EMPTY_SECONDS = 8, 2.0
"""Replies in a row with nothing remaining, and the time they must span (5 or 12: same rows)."""

JUMPS, JUMP_SECONDS, JUMP = 3, 0.8, 0.25
"""Leaps in a row, the gap between two of them, and their size in limits."""


@attrs.define(eq=False, repr=False)
class HeaderTrust:
    """Counts contradictions of a shared budget's headers."""

    ignored_until: float = -math.inf
    times: int = 0
    empty: int = 0
    empty_at: float = 0.0
    jumps: int = 0
    jump_at: float = -math.inf

    def reset(self) -> None:
        """A refusal, or being alone, explains everything so far."""
        self.empty = self.jumps = 0

    def saw_empty(self, at: float, remaining: float) -> bool:
        """A request sent at `at` was admitted with `remaining` remaining: is that too much?"""
        if remaining >= 1.0 or not self.empty:
            self.empty, self.empty_at = 0, at
        self.empty += remaining < 1.0
        return self.empty >= EMPTY and at - self.empty_at >= EMPTY_SECONDS

    def saw_jump(self, at: float, reorder_seconds: float) -> bool:
        """`Remaining` jumped up; jumps within `reorder_seconds` count once."""
        gap = at - self.jump_at
        if gap > reorder_seconds:
            self.jumps = self.jumps + 1 if gap < JUMP_SECONDS else 0
            self.jump_at = at
        return self.jumps >= JUMPS

    def ignore(self, now: float) -> None:
        """Believe nothing for a while."""
        self.ignored_until = now + IGNORE_SECONDS * 2.0**self.times
        self.times = min(self.times + 1, MAX_DOUBLINGS)
        self.reset()
