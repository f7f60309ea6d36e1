"""Doubt: when `Remaining` contradicts itself, it is not heard for a while.

Headers that speak of others cannot be checked against the own ledger, but two things cannot
go on for long in an honest budget: being admitted again and again though nothing was left,
with no refusal in between; and `Remaining` leaping up by a quarter of the limit several times
within a second (a window turns once). Either costs the headers ten seconds of silence, twice
as many each time, and the throttle paces by the limit alone.
"""

import math

import attrs

SILENCE = 10.0
"""Seconds of distrust at first; a server that errs once is soon believed again."""

MOST_DOUBLINGS = 5
"""A liar is still asked again every 320 s: servers are repaired."""

EMPTY, EMPTY_SECONDS = 8, 2.0
"""Replies in a row with nothing left, and the time they must span (5 or 12: same rows)."""

LEAPS, LEAP_SECONDS, LEAP = 3, 0.8, 0.25
"""Leaps in a row, the gap between two of them, and their size in limits."""


@attrs.define(eq=False, repr=False)
class Doubt:
    """Counts contradictions of a shared budget's headers."""

    silent_until: float = -math.inf
    times: int = 0
    empty: int = 0
    empty_at: float = 0.0
    leaps: int = 0
    leap_at: float = -math.inf

    def clear(self) -> None:
        """A refusal, or being alone, explains everything so far."""
        self.empty = self.leaps = 0

    def note_empty(self, at: float, left: float) -> bool:
        """A request sent at `at` was admitted with `left` remaining: is that too much?"""
        if left >= 1.0 or not self.empty:
            self.empty, self.empty_at = 0, at
        self.empty += left < 1.0
        return self.empty >= EMPTY and at - self.empty_at >= EMPTY_SECONDS

    def note_leap(self, at: float, blur: float) -> bool:
        """`Remaining` leapt up; leaps within `blur` are one, its replies out of order."""
        gap = at - self.leap_at
        if gap > blur:
            self.leaps = self.leaps + 1 if gap < LEAP_SECONDS else 0
            self.leap_at = at
        return self.leaps >= LEAPS

    def silence(self, now: float) -> None:
        """Believe nothing for a while."""
        self.silent_until = now + SILENCE * 2.0**self.times
        self.times = min(self.times + 1, MOST_DOUBLINGS)
        self.clear()
