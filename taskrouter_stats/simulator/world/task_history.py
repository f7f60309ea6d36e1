"""One site's day as sorted columns, from which any window of it is counted fast.

A ``Cell`` holds what happened in one task queue and channel. Everything is counted by when it
happened, so that adjacent windows add up: a task enters when it is created and ends when it ends; a
reservation counts when it was made, together with its outcome, as in the workers' statistics, and
with the time that its task had waited.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import define, field, frozen

from .profiles import DAY, random_stream, sid
from .tasks import ACCEPTED, FATES, FIRST, LAST, Shift, SiteDay, Task, generate_tasks
from .worker_days import CHANNELS, Reservations, ReservationTotals
from .workspace import QUEUES

__all__ = []

_COMPLETED, _CANCELED, _DELETED, _TIMED_OUT = range(len(FATES))


def _numbers() -> "array[int]":
    return array("i")


@frozen
class Waits:
    """Moments, and how long a task had waited at each of them."""

    times: "array[int]"
    waits: "array[int]"

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "Waits":
        """Return the columns of these pairs, in order of time."""
        ordered = sorted(pairs)
        return cls(array("i", [at for at, _ in ordered]), array("i", [wait for _, wait in ordered]))

    def between(self, begin: int, end: int) -> "array[int]":
        """Return the waits of the moments in ``[begin, end)``."""
        return self.waits[bisect_left(self.times, begin) : bisect_left(self.times, end)]


@frozen
class TaskColumns:
    """What happened in one task queue and channel; each column is in order of time."""

    offers: Reservations
    accepted: Waits
    entered: "array[int]"
    ended: tuple[Waits, ...]
    """By fate: when tasks ended, and how old they were."""


@define
class TaskTotals(ReservationTotals):
    """What has been counted of tasks so far."""

    entered: int = 0
    ended: list[int] = field(factory=lambda: [0] * len(FATES))
    accepted_waits: "array[int]" = field(factory=_numbers)
    canceled_waits: "array[int]" = field(factory=_numbers)

    def add(self, cell: TaskColumns, begin: int, end: int) -> None:
        """Count what happened in ``[begin, end)``, seconds since the day's beginning."""
        self.add_reservations(cell.offers, begin, end)
        self.entered += bisect_left(cell.entered, end) - bisect_left(cell.entered, begin)
        self.accepted_waits += cell.accepted.between(begin, end)
        for fate, ends in enumerate(cell.ended):
            waits = ends.between(begin, end)
            self.ended[fate] += len(waits)
            if fate == _CANCELED:
                self.canceled_waits += waits

    def counts(self) -> dict[str, int]:
        """Return what became of tasks, under its names in the JSON; no task is ever moved."""
        return {
            "tasks_canceled": self.ended[_CANCELED],
            "tasks_completed": self.ended[_COMPLETED],
            "tasks_deleted": self.ended[_DELETED],
            "tasks_moved": 0,
        }

    def timed_out(self) -> int:
        """Return how many tasks timed out in their workflow."""
        return self.ended[_TIMED_OUT]

    def splits(self, thresholds: Sequence[int]) -> dict[str, Any]:
        """Return ``split_by_wait_time``: a wait of exactly the threshold is below it."""
        accepted, canceled = sorted(self.accepted_waits), sorted(self.canceled_waits)

        def sides(waits: Sequence[int], threshold: int) -> tuple[int, int]:
            below = bisect_right(waits, threshold)
            return len(waits) - below, below

        split = dict[str, Any]()
        for threshold in thresholds:
            counted = zip(sides(canceled, threshold), sides(accepted, threshold), strict=True)
            above, below = (
                {"tasks_canceled": tasks, "reservations_accepted": reservations}
                for tasks, reservations in counted
            )
            split[str(threshold)] = {"above": above, "below": below}
        return split


def durations(waits: Sequence[int]) -> dict[str, int]:
    """Return waits as the JSON has them."""
    return {
        "avg": sum(waits) // (len(waits) or 1),
        "min": min(waits, default=0),
        "max": max(waits, default=0),
        "total": sum(waits),
    }


def cells(tasks: Iterable[Task]) -> dict[tuple[int, int], TaskColumns]:
    """Return the columns of these tasks, in order of creation, by task queue and channel."""
    by_place = dict[tuple[int, int], list[Task]]()
    for task in tasks:
        by_place.setdefault((task.queue, task.channel), []).append(task)
    return {place: _cell(there) for place, there in by_place.items()}


def _cell(tasks: Sequence[Task]) -> TaskColumns:
    """Sort these tasks into columns."""
    rings = sorted(ring for task in tasks for ring in task.reservations)
    last = [(task, *task.reservations[-1]) for task in tasks]
    ended = [list[tuple[int, int]]() for _ in FATES]
    for task in tasks:
        ended[task.ending].append((task.ended, task.ended - task.created))
    return TaskColumns(
        offers=Reservations(
            array("i", [begin for begin, _, _ in rings]),
            bytes([outcome for _, _, outcome in rings]),
        ),
        accepted=Waits.of(
            (begin, task.accepted - task.created)
            for task, begin, _, outcome in last
            if outcome == ACCEPTED
        ),
        entered=array("i", [task.created for task in tasks]),
        ended=tuple(Waits.of(pairs) for pairs in ended),
    )


ALL_QUEUES = range(len(QUEUES))
ALL_CHANNELS = range(len(CHANNELS))

_KEPT_TASKS = 500_000
"""Tasks whose columns are kept, about 40 bytes each; 200 workers have some 6,000 a day."""
_KEPT_DAYS = 6
"""Days whose columns are kept however large they are: three sites, on both sides of midnight."""


class OpenTask(NamedTuple):
    """A task that exists at the moment that was asked for."""

    task: Task
    midnight: int
    """When its day began, seconds since 1970."""

    @property
    def created(self) -> int:
        """When it was created, seconds since 1970."""
        return self.midnight + self.task.created


class TaskHistory:
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
        self._tales: dict[int, tuple[int, SiteDay]] = {}
        self._columns: dict[tuple[int, int], tuple[int, Mapping[tuple[int, int], TaskColumns]]] = {}
        self._tasks = 0
        self._latest: tuple[int, list[OpenTask]] = (-1, [])

    def tally(
        self,
        start: int,
        end: int,
        queues: Sequence[int] = ALL_QUEUES,
        channels: Sequence[int] = ALL_CHANNELS,
    ) -> TaskTotals:
        """Count what happened to tasks in a window.

        Args:
            start: The window's first second.
            end: The second after its last.
            queues: The positions of the task queues that count.
            channels: The positions of the task channels that count.

        Returns:
            The tally.
        """
        tally = TaskTotals()
        for offset, number, begin, until in self._days(start, end):
            columns = self._day_columns(offset, number)
            for queue in queues:
                for channel in channels:
                    if cell := columns.get((queue, channel)):
                        tally.add(cell, begin, until)
        return tally

    def open_tasks(self, now: int) -> list[OpenTask]:
        """Return the tasks that exist at that time, the oldest first."""
        if self._latest[0] != now:
            found = [
                OpenTask(task, number * DAY + offset)
                for offset, number, at, _ in self._days(now, now + 1)
                for task in self._tale(offset, number).alive(at)
            ]
            found.sort(key=lambda living: living.created)
            self._latest = now, found
        return self._latest[1]

    def task_sid(self, living: OpenTask) -> str:
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

    def _tale(self, offset: int, number: int) -> SiteDay:
        """Return one site's day, told now or kept because it was the latest."""
        told = self._tales.get(offset)
        if told is not None and told[0] == number:
            return told[1]
        draw = random_stream(self._seed, "tasks", offset, number).random
        tale = generate_tasks(self._shifts(offset, number), draw)
        self._tales[offset] = number, tale
        return tale

    def _day_columns(self, offset: int, number: int) -> Mapping[tuple[int, int], TaskColumns]:
        """Return one site's day as columns, made now or kept from before."""
        kept, key = self._columns, (offset, number)
        if key not in kept:
            tasks = self._tale(offset, number).tasks
            self._tasks += len(tasks)
            while self._tasks > _KEPT_TASKS and len(kept) >= _KEPT_DAYS:
                self._tasks -= kept.pop(next(iter(kept)))[0]
            kept[key] = len(tasks), cells(tasks)
        return kept[key][1]
