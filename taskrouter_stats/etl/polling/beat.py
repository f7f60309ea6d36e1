"""The beat of a poll: snapshots at a fixed distance on a monotonic clock.

Beat k is due at ``started_at + k * every``. A beat that can't begin in time, because the snapshot
before it took long or the event loop was blocked, is skipped and counted: snapshots are never
closer together than a beat, and never drift.
"""

from math import ceil
from typing import Final

from attrs import define, field

__all__ = ["ON_TIME", "Beat"]

ON_TIME: Final = 0.1
"""Share of a beat by which a beat may begin late, so that it still counts as on time."""


@define
class Beat:
    """The beats of one poll; ``now`` and ``started_at`` are seconds on one monotonic clock.

    Attributes:
        every: seconds from one beat to the next, > 0.
        started_at: when beat 0 is due.
        number: the last beat that was taken; -1 before the first.
        skipped: beats before ``number`` that were not taken.
    """

    every: float
    started_at: float
    number: int = field(default=-1, init=False)
    skipped: int = field(default=0, init=False)

    def delay(self, now: float) -> float:
        """Return the seconds until the next beat that can begin in time; 0 if it is due."""
        return max(0.0, self._due_at(self._next(now)) - now)

    def take(self, now: float) -> int:
        """Take the beat that is due, and return the number of beats skipped just before it.

        Call it once ``delay`` is 0.
        """
        number = self._next(now)
        skipped = number - self.number - 1
        self.number, self.skipped = number, self.skipped + skipped
        return skipped

    def lateness(self, now: float) -> float:
        """Return the seconds since the taken beat was due."""
        return now - self._due_at(self.number)

    def missed(self, now: float) -> int:
        """Return the beats after the taken one that can't begin in time any more."""
        return self._next(now) - self.number - 1

    def _next(self, now: float) -> int:
        return max(self.number + 1, ceil((now - self.started_at) / self.every - ON_TIME))

    def _due_at(self, number: int) -> float:
        return self.started_at + number * self.every
