"""The rows and the total of a table, summed outcome by outcome in bounded memory."""

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
    """Numbers of one worker, or sums of all workers.

    Attributes:
        name: the worker's name, or its SID.
        created: created reservations.
        ends: numbers of ended reservations, by the API's name of the end.
        seconds: seconds in each activity, by the activity's name.
        span: length of the window, seconds.
    """

    name: str
    created: int
    ends: Counter[str]
    seconds: dict[str, float]
    span: float

    @property
    def other(self) -> int:
        """Reservations that ended without being accepted."""
        return self.ends.total() - self.ends["accepted"]


@define
class TopWorkers:
    """The workers with the most reservations, and the sums of all workers.

    Attributes:
        size: number of workers to keep.
        workers: number of workers that were added.
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
        """Add one worker."""
        row = _row(success)
        self.workers += 1
        self._created += row.created
        self._span += row.span
        self._ends.update(row.ends)
        for activity, seconds in row.seconds.items():
            self._seconds[activity] = self._seconds.get(activity, 0.0) + seconds
        entry = (row.created, row.ends["accepted"], -self.workers, row)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    @property
    def top(self) -> list[WorkerRow]:
        """The workers with the most reservations, in descending order."""
        rows = [entry[-1] for entry in self._heap]
        return sorted(rows, key=lambda row: (-row.created, -row.ends["accepted"], row.name))

    @property
    def total(self) -> WorkerRow:
        """The sums of all workers."""
        name = "1 worker" if self.workers == 1 else f"{self.workers:,} workers"
        return WorkerRow(name, self._created, self._ends, self._seconds, self._span)


def _row(success: Success[WorkerStatistics]) -> WorkerRow:
    query, cumulative = success.query, success.value.cumulative
    name = printable(query.context.friendly_name or query.sid)
    window = query.window
    span = 0.0
    if window is not None and window.start is not None and window.end is not None:
        span = (window.end - window.start).total_seconds()
    ends = Counter({end: getattr(cumulative, f"reservations_{end}") or 0 for end in _ENDS})
    seconds: dict[str, float] = {}
    for activity in cumulative.activity_durations or ():
        activity_name = printable(activity.friendly_name or activity.sid or "?")
        seconds[activity_name] = seconds.get(activity_name, 0.0) + (activity.total or 0.0)
    return WorkerRow(name, cumulative.reservations_created or 0, ends, seconds, span)
