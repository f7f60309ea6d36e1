"""The rows and the total of a table, summed outcome by outcome in bounded memory."""

import heapq
from collections import Counter
from typing import Final

from attrs import define, field, frozen

from taskrouter_stats.cli.plain_text import printable
from taskrouter_stats.etl.rows import Tables

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

    def add(self, tables: Tables) -> None:
        """Add the rows of one worker."""
        row = _row(tables)
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


def _row(tables: Tables) -> WorkerRow:
    (row,) = tables["worker_statistics"]
    start, end = row["window_start"], row["window_end"]
    span = 0.0 if start is None or end is None else (end - start).total_seconds()
    ends = Counter({end: row[f"reservations_{end}"] or 0 for end in _ENDS})
    seconds: dict[str, float] = {}
    for activity in tables["worker_activity_durations"]:
        name = printable(activity["activity_name"] or activity["activity_sid"] or "?")
        seconds[name] = seconds.get(name, 0.0) + (activity["total"] or 0.0)
    name = printable(row["worker_name"] or row["worker_sid"])
    return WorkerRow(name, row["reservations_created"] or 0, ends, seconds, span)
