"""What a table shows of a run, gathered outcome by outcome in bounded memory."""

import heapq
from collections import Counter
from typing import Final

from attrs import define, field, frozen

from taskrouter_stats import Success
from taskrouter_stats.cli.terminal import printable
from taskrouter_stats.models import WorkerStatistics

__all__ = ["TopWorkers", "WorkerRow"]

_ENDS: Final = ("accepted", "rejected", "timed_out", "canceled", "rescinded")


@frozen(order=False)
class WorkerRow:
    """One worker's numbers, or the sum of many.

    Attributes:
        name: the worker's name, else its SID.
        created: reservations made.
        ends: what became of them, by the API's word for it.
        seconds: time in each activity, by its name.
        span: length of the window, seconds.
    """

    name: str
    created: int
    ends: Counter[str]
    seconds: dict[str, float]
    span: float

    @property
    def other(self) -> int:
        """Reservations that ended otherwise than accepted."""
        return self.ends.total() - self.ends["accepted"]


@define
class TopWorkers:
    """The workers with the most reservations, and the sums over all.

    Attributes:
        size: how many workers to keep.
        workers: how many were added.
    """

    size: int
    workers: int = 0
    _heap: list[tuple[int, int, int, WorkerRow]] = field(
        factory=list[tuple[int, int, int, WorkerRow]]
    )
    _created: int = 0
    _span: float = 0.0
    _ends: Counter[str] = field(factory=Counter[str])
    _seconds: dict[str, float] = field(factory=dict[str, float])

    def add(self, success: Success[WorkerStatistics]) -> None:
        """Count one worker in."""
        line = _line(success)
        self.workers += 1
        self._created += line.created
        self._span += line.span
        self._ends.update(line.ends)
        for activity, seconds in line.seconds.items():
            self._seconds[activity] = self._seconds.get(activity, 0.0) + seconds
        entry = (line.created, line.ends["accepted"], -self.workers, line)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    @property
    def top(self) -> list[WorkerRow]:
        """The workers with the most reservations, most first."""
        lines = [entry[-1] for entry in self._heap]
        return sorted(lines, key=lambda line: (-line.created, -line.ends["accepted"], line.name))

    @property
    def total(self) -> WorkerRow:
        """All workers together."""
        name = "1 worker" if self.workers == 1 else f"{self.workers:,} workers"
        return WorkerRow(name, self._created, self._ends, self._seconds, self._span)


def _line(success: Success[WorkerStatistics]) -> WorkerRow:
    query, cumulative = success.query, success.value.cumulative
    name = printable(query.context.friendly_name or query.sid)
    window = query.window
    span = 0.0
    if window is not None and window.start is not None and window.end is not None:
        span = (window.end - window.start).total_seconds()
    ends = Counter({end: getattr(cumulative, f"reservations_{end}") or 0 for end in _ENDS})
    seconds: dict[str, float] = {}
    for activity in cumulative.activity_durations or ():
        known = printable(activity.friendly_name or activity.sid or "?")
        seconds[known] = seconds.get(known, 0.0) + (activity.total or 0.0)
    return WorkerRow(name, cumulative.reservations_created or 0, ends, seconds, span)
