"""How a run stands at one moment, as numbers and as a plain line."""

from collections import deque
from typing import Final

from attrs import define, field, frozen

from taskrouter_stats import BudgetSnapshot, Progress

__all__ = ["Meter", "Standing", "clock", "plain_line"]

_SPAN: Final = 3.0
"""Seconds over which the pace of now is taken."""


@frozen
class Standing:
    """What a progress line shows.

    Attributes:
        done: outcomes so far.
        failed: failures among them.
        total: how many there will be, or None.
        pace: outcomes per second just now.
        limit: the server's limit as it was last told, or None.
        remaining: what was last told to remain of it, or None.
        refused: 429s so far.
        eta: seconds to go at that pace, or None.
    """

    done: int
    failed: int
    total: int | None
    pace: float
    limit: float | None
    remaining: float | None
    refused: int
    eta: float | None


@define
class Meter:
    """Turns a run's progress into standings; it remembers the last few seconds."""

    _samples: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])

    def read(self, progress: Progress, budget: BudgetSnapshot | None) -> Standing:
        """How it stands now.

        Args:
            progress: the run's.
            budget: the one that its statistics spend, once there is one.
        """
        samples = self._samples
        samples.append((progress.elapsed, progress.done))
        while len(samples) > 2 and samples[1][0] <= progress.elapsed - _SPAN:  # noqa: PLR2004 (first and last)
            samples.popleft()
        seconds, done = progress.elapsed - samples[0][0], progress.done - samples[0][1]
        pace = done / seconds if seconds > 0 else progress.rate
        left = None if progress.total is None else progress.total - progress.done
        return Standing(
            progress.done,
            progress.failed,
            progress.total,
            pace,
            budget.limit if budget else None,
            budget.remaining if budget else None,
            progress.refused,
            left / pace if left is not None and pace > 0 else None,
        )


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, with hours when there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def plain_line(standing: Standing, things: str = "workers") -> str:
    """For logs: the same numbers as on a terminal, in words.

    Args:
        standing: the numbers.
        things: what is counted.
    """
    total = "?" if standing.total is None else f"{standing.total:,}"
    parts = [f"{standing.done:,}/{total} {things}", f"{standing.pace:.1f}/s"]
    if standing.limit is not None and standing.remaining is not None:
        parts.append(f"{standing.remaining:g} of {standing.limit:g} left")
    parts.append(f"{standing.refused:,} refused")
    if standing.failed:
        parts.append(f"{standing.failed:,} failed")
    if standing.eta is not None:
        parts.append(f"about {clock(standing.eta)} to go")
    return ", ".join(parts)
