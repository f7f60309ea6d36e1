"""The history of all tasks of a world, and the totals of any window of it.

Each site's day is kept as sorted columns, one ``TaskColumns`` for each task queue and channel, so
that any window of it is counted fast. Each event counts at its own time, so adjacent windows add
up: a task enters when it is created and ends when it ends; a reservation counts at its creation,
with its outcome, as in the workers' statistics, and with the time that its task had waited.

The history keeps the columns of many days, since they are small. It keeps the tasks themselves only
of each site's latest day, because real-time statistics need that day again.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from attrs import define, field, frozen

from .profiles import DAY, random_stream, sid
from .tasks import ACCEPTED, ENDINGS, FIRST, LAST, Shift, SiteDay, Task, generate_tasks
from .worker_days import CHANNELS, Reservations, ReservationTotals
from .workspace import QUEUES

__all__ = [
    "ALL_CHANNELS",
    "ALL_QUEUES",
    "OpenTask",
    "TaskColumns",
    "TaskHistory",
    "TaskTotals",
    "Waits",
    "columns_by_place",
]

_CANCELED = ENDINGS.index("canceled")


def _numbers() -> "array[int]":
    return array("i")


@frozen
class Waits:
    """Times, in order, and the seconds that a task had waited at each of them."""

    times: "array[int]"
    waits: "array[int]"

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "Waits":
        """Return the columns of these (time, wait) pairs, which may come in any order."""
        ordered = sorted(pairs)
        return cls(array("i", [at for at, _ in ordered]), array("i", [wait for _, wait in ordered]))

    def between(self, begin: int, end: int) -> "array[int]":
        """Return the waits at the times in ``[begin, end)``."""
        return self.waits[bisect_left(self.times, begin) : bisect_left(self.times, end)]


@frozen
class TaskColumns:
    """The events of one task queue and channel; each column is in order of time."""

    reservations: Reservations
    accepted: Waits
    entered: "array[int]"
    ended: tuple[Waits, ...]
    """By ending: when tasks ended, and their age."""


@define
class TaskTotals(ReservationTotals):
    """Totals of tasks.

    Attributes:
        entered: Tasks that were created.
        ended: Tasks that ended, by the position of the ending.
        accepted_waits: Seconds that each accepted task had waited.
        canceled_waits: Seconds that each canceled task had waited.
    """

    entered: int = 0
    ended: list[int] = field(factory=lambda: [0] * len(ENDINGS))
    accepted_waits: "array[int]" = field(factory=_numbers)
    canceled_waits: "array[int]" = field(factory=_numbers)

    def add(self, columns: TaskColumns, begin: int, end: int) -> None:
        """Add the events in ``[begin, end)``, seconds since the day's beginning."""
        self.add_reservations(columns.reservations, begin, end)
        self.entered += bisect_left(columns.entered, end) - bisect_left(columns.entered, begin)
        self.accepted_waits += columns.accepted.between(begin, end)
        for ending, ends in enumerate(columns.ended):
            waits = ends.between(begin, end)
            self.ended[ending] += len(waits)
            if ending == _CANCELED:
                self.canceled_waits += waits


def columns_by_place(tasks: Iterable[Task]) -> dict[tuple[int, int], TaskColumns]:
    """Return the columns of these tasks by (task queue, channel); tasks come by creation."""
    by_place = dict[tuple[int, int], list[Task]]()
    for task in tasks:
        by_place.setdefault((task.queue, task.channel), []).append(task)
    return {place: _columns(there) for place, there in by_place.items()}


def _columns(tasks: Sequence[Task]) -> TaskColumns:
    """Sort these tasks into columns."""
    reservations = sorted(reservation for task in tasks for reservation in task.reservations)
    last = [(task, *task.reservations[-1]) for task in tasks]
    ended = [list[tuple[int, int]]() for _ in ENDINGS]
    for task in tasks:
        ended[task.ending].append((task.ended, task.ended - task.created))
    return TaskColumns(
        reservations=Reservations(
            array("i", [begin for begin, _, _ in reservations]),
            bytes([outcome for _, _, outcome in reservations]),
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
"""Days whose columns are kept at any size: three sites, on both sides of midnight."""


class OpenTask(NamedTuple):
    """A task that exists at a given time."""

    task: Task
    midnight: int
    """When its day began, seconds since 1970."""

    @property
    def created(self) -> int:
        """Creation time, seconds since 1970."""
        return self.midnight + self.task.created


class TaskHistory:
    """The tasks of a world.

    Args:
        seed: The world's seed.
        offsets: The beginning of each site's day, seconds after midnight UTC.
        shifts: Returns the shifts at a site, given its offset and the day's number.
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
        self._site_days: dict[int, tuple[int, SiteDay]] = {}
        self._columns: dict[tuple[int, int], tuple[int, Mapping[tuple[int, int], TaskColumns]]] = {}
        self._tasks = 0
        self._latest: tuple[int, list[OpenTask]] = (-1, [])

    def totals(
        self,
        start: int,
        end: int,
        queues: Sequence[int] = ALL_QUEUES,
        channels: Sequence[int] = ALL_CHANNELS,
    ) -> TaskTotals:
        """Count the events of a window.

        Args:
            start: The window's first second.
            end: The second after the window's last.
            queues: Positions of the task queues that count.
            channels: Positions of the task channels that count.

        Returns:
            The totals.
        """
        totals = TaskTotals()
        for offset, number, begin, until in self._days(start, end):
            by_place = self._day_columns(offset, number)
            for queue in queues:
                for channel in channels:
                    if columns := by_place.get((queue, channel)):
                        totals.add(columns, begin, until)
        return totals

    def open_tasks(self, now: int) -> list[OpenTask]:
        """Return the tasks that exist at a time, the oldest first."""
        if self._latest[0] != now:
            found = [
                OpenTask(task, number * DAY + offset)
                for offset, number, at, _ in self._days(now, now + 1)
                for task in self._site_day(offset, number).open_at(at)
            ]
            found.sort(key=lambda open_task: open_task.created)
            self._latest = now, found
        return self._latest[1]

    def task_sid(self, open_task: OpenTask) -> str:
        """Return the SID of a task."""
        return sid("WT", self._seed, open_task.midnight, open_task.task.serial)

    def _days(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield the parts of a window that can have events.

        Each is a site's offset, a day's number, the part's first second and the second after its
        last, both since the day's beginning.
        """
        for offset in self._offsets:
            for number in range((start - offset) // DAY, (end - offset - 1) // DAY + 1):
                midnight = number * DAY + offset
                begin, until = max(FIRST, start - midnight), min(LAST, end - midnight)
                if begin < until:
                    yield offset, number, begin, until

    def _site_day(self, offset: int, number: int) -> SiteDay:
        """Return one site's day, from memory if it was the site's latest, or generated now."""
        latest = self._site_days.get(offset)
        if latest is not None and latest[0] == number:
            return latest[1]
        draw = random_stream(self._seed, "tasks", offset, number).random
        site_day = generate_tasks(self._shifts(offset, number), draw)
        self._site_days[offset] = number, site_day
        return site_day

    def _day_columns(self, offset: int, number: int) -> Mapping[tuple[int, int], TaskColumns]:
        """Return one site's day as columns, from memory or made now."""
        kept, key = self._columns, (offset, number)
        if key not in kept:
            tasks = self._site_day(offset, number).tasks
            self._tasks += len(tasks)
            while self._tasks > _KEPT_TASKS and len(kept) >= _KEPT_DAYS:
                self._tasks -= kept.pop(next(iter(kept)))[0]
            kept[key] = len(tasks), columns_by_place(tasks)
        return kept[key][1]
