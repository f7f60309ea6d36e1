"""Everybody's tasks: each site's days, told when a window or a moment needs them.

The columns of many days are kept, since they are small; the tasks themselves only of each site's
latest day that was told, which is the one that real-time statistics ask for again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from taskrouter_stats.simulator.days import CHANNELS
from taskrouter_stats.simulator.ledger import Cell, TaskTally, cells
from taskrouter_stats.simulator.people import DAY, sid, stream
from taskrouter_stats.simulator.routing import QUEUES
from taskrouter_stats.simulator.tasks import FIRST, LAST, Shift, Tale, Task, retell

ALL_QUEUES = range(len(QUEUES))
ALL_CHANNELS = range(len(CHANNELS))

_KEPT_TASKS = 500_000
"""Tasks whose columns are kept, about 40 bytes each; 200 workers have some 6,000 a day."""
_KEPT_DAYS = 6
"""Days whose columns are kept however large they are: three sites, on both sides of midnight."""


class Living(NamedTuple):
    """A task that exists at the moment that was asked for."""

    task: Task
    midnight: int
    """When its day began, seconds since 1970."""

    @property
    def created(self) -> int:
        """When it was created, seconds since 1970."""
        return self.midnight + self.task.created


class Books:
    """The tasks of a world.

    Args:
        seed: The world's seed.
        offsets: When each site's day begins, seconds after midnight UTC.
        shifts: Gives everybody's day at one site, by its offset and the day's number.
    """

    def __init__(
        self,
        seed: int,
        offsets: Sequence[int],
        shifts: Callable[[int, int], Iterable[Shift]],
    ) -> None:
        self._seed = seed
        self._offsets = offsets
        self._shifts = shifts
        self._tales: dict[int, tuple[int, Tale]] = {}
        self._columns: dict[tuple[int, int], tuple[int, Mapping[tuple[int, int], Cell]]] = {}
        self._tasks = 0
        self._latest: tuple[int, list[Living]] = (-1, [])

    def tally(
        self,
        start: int,
        end: int,
        queues: Sequence[int] = ALL_QUEUES,
        channels: Sequence[int] = ALL_CHANNELS,
    ) -> TaskTally:
        """Count what happened to tasks in a window.

        Args:
            start: The window's first second.
            end: The second after its last.
            queues: The positions of the task queues that count.
            channels: The positions of the task channels that count.

        Returns:
            The tally.
        """
        tally = TaskTally()
        for offset, number, begin, until in self._days(start, end):
            columns = self._day_columns(offset, number)
            for queue in queues:
                for channel in channels:
                    if cell := columns.get((queue, channel)):
                        tally.add(cell, begin, until)
        return tally

    def alive(self, now: int) -> list[Living]:
        """Return the tasks that exist at that time, the oldest first."""
        if self._latest[0] != now:
            found = [
                Living(task, number * DAY + offset)
                for offset, number, at, _ in self._days(now, now + 1)
                for task in self._tale(offset, number).alive(at)
            ]
            found.sort(key=lambda living: living.created)
            self._latest = now, found
        return self._latest[1]

    def task_sid(self, living: Living) -> str:
        """Return a task's SID."""
        return sid("WT", self._seed, living.midnight, living.task.serial)

    def _days(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Return the parts of the window in which anything can happen.

        Each is an offset, the number of a day, and the part's first second and the one after its
        last.
        """
        for offset in self._offsets:
            for number in range((start - offset) // DAY, (end - offset - 1) // DAY + 1):
                midnight = number * DAY + offset
                begin, until = max(FIRST, start - midnight), min(LAST, end - midnight)
                if begin < until:
                    yield offset, number, begin, until

    def _tale(self, offset: int, number: int) -> Tale:
        """Return one site's day, told now or kept because it was the latest."""
        told = self._tales.get(offset)
        if told is not None and told[0] == number:
            return told[1]
        draw = stream(self._seed, "tasks", offset, number).random
        tale = retell(self._shifts(offset, number), draw)
        self._tales[offset] = number, tale
        return tale

    def _day_columns(self, offset: int, number: int) -> Mapping[tuple[int, int], Cell]:
        """Return one site's day as columns, made now or kept from before."""
        kept, key = self._columns, (offset, number)
        if key not in kept:
            tasks = self._tale(offset, number).tasks
            self._tasks += len(tasks)
            while self._tasks > _KEPT_TASKS and len(kept) >= _KEPT_DAYS:
                self._tasks -= kept.pop(next(iter(kept)))[0]
            kept[key] = len(tasks), cells(tasks)
        return kept[key][1]
