"""How long a process waits between two reports: pure."""

from typing import Final

from attrs import define

from taskrouter_stats.core.throttle import Throttle, Wait

__all__ = ["INTERVAL", "MAX_INTERVAL", "STEADY_INTERVAL", "ReportInterval"]

INTERVAL: Final = 0.1
"""Seconds between two reports of a process while anything changes."""

STEADY_INTERVAL: Final = 0.2
"""Seconds between two reports while bulk requests go at a known pace: half of the processor time,
and no other share."""

MAX_INTERVAL: Final = 0.5
"""Seconds between two reports while many processes write at the same time, at most."""

BACK_OFF: Final = 1.5
"""Factor of the interval after two lost comparisons."""

RELAX: Final = 0.95
"""Factor of what was added for lost comparisons, after a write at the first attempt."""

CALM: Final = 1.05
"""Factor of the interval after a report at which nothing changed: the slots granted before, for
one interval and a little more, last until the next report."""

USED_UP: Final = 0.2
"""Share of the limit that remains at most in a second whose budget is used up: while more does, a
burst may come, for which slots granted far ahead would count as requests in flight."""


@define
class ReportInterval:
    """The interval of one process.

    Attributes:
        wanted: seconds that suit what the process does.
        crowding: factor by which lost comparisons make them longer.
    """

    wanted: float = INTERVAL
    crowding: float = 1.0

    @property
    def seconds(self) -> float:
        """Return the seconds until the next report."""
        return min(MAX_INTERVAL, self.wanted * self.crowding)

    def reported(self, lost: int, throttle: Throttle, wait: Wait, now: float) -> None:
        """Take in a report that lost so many comparisons.

        Args:
            lost: the number of comparisons.
            throttle: the throttle of all processes.
            wait: how long the next request of this process waits, and why.
            now: the throttle's time.
        """
        factor = 1.0 if lost == 1 else BACK_OFF if lost else RELAX
        self.crowding = min(MAX_INTERVAL / INTERVAL, max(1.0, self.crowding * factor))
        if wait.reason not in {"pace", "shared"} or throttle.is_interactive(now):
            self.wanted = INTERVAL
        elif throttle.estimator.min_remaining <= USED_UP * (throttle.limit or 0.0):
            self.wanted = min(STEADY_INTERVAL, self.wanted * CALM)
