"""The tasks of one site's day, derived from the reservations of its workers.

A worker's day holds the time and outcome of each reservation, and nothing else. This module assigns
each reservation to a task, so that tasks, queues and workers agree. It reads all reservations of a
site in order of time; each goes to one of its worker's queues, and there

- to the task that has waited longest in that queue and channel for another reservation,
- or, if none waits, to a new task that was created some time before.

An accepted reservation leads to a completed task, a canceled one ends with its task, and any other
lets the task wait until another reservation or its end without a worker. A worker's task ends
before the worker's next reservation in the same channel, so no worker has two tasks in one channel.

Times are seconds since the beginning of the site's day. No worker logs in before its third hour or
logs out after its sixteenth, so no task continues into another day.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from attrs import define

from .profiles import DAY, HOUR
from .worker_days import CHANNELS, OUTCOMES, Day
from .workspace import QUEUES, RESERVATION_TIMEOUT

__all__ = [
    "ACCEPTED",
    "ASSIGNED",
    "CANCELED",
    "ENDINGS",
    "FIRST",
    "LAST",
    "PENDING",
    "REJECTED",
    "RESCINDED",
    "RESERVED",
    "STATUSES",
    "TIMED_OUT",
    "WRAPPING",
    "Reservation",
    "Shift",
    "SiteDay",
    "Task",
    "generate_tasks",
]

ACCEPTED, REJECTED, TIMED_OUT, CANCELED, RESCINDED = range(len(OUTCOMES))

FIRST, LAST = 2 * HOUR, 17 * HOUR
"""All tasks, and all their events, are in ``[FIRST, LAST)``."""

STATUSES = ("pending", "reserved", "assigned", "wrapping")
PENDING, RESERVED, ASSIGNED, WRAPPING = range(len(STATUSES))

ENDINGS = ("completed", "canceled", "deleted", "timed_out_in_workflow")
"""Endings of a task; a task holds the position."""

_PRIORITIES = (0,) * 16 + (5,) * 3 + (10,)
"""A task's priority is one of these, with equal probability."""

_UNANSWERED_ENDINGS = (1, 1, 2, 3)
"""The ending of a task that no worker accepts is one of these, with equal probability."""

_MAX_WORK_SECONDS = 1_500
_MAX_WRAP_SECONDS = 45


Reservation = tuple[int, int, int]
"""One reservation of a task: its beginning, its end, its outcome.

It is a plain tuple because a large workspace has a hundred thousand a day.
"""


class Shift(NamedTuple):
    """One worker's day, the worker's position, and the positions of the worker's queues."""

    worker: int
    day: Day
    queues: Sequence[int]


@define
class Task:
    """One task from its creation to its end.

    Attributes:
        serial: Its number within the day.
        queue: The position of its task queue.
        channel: The position of its task channel.
        priority: Its priority.
        created: When it was created, and entered its queue.
        reservations: Its reservations.
        worker: The position of the worker that accepted it, or -1.
        accepted: When that worker accepted it; after its end if none did.
        wrapping: When its status changed to ``wrapping``.
        ended: When it ended; for a waiting task, when it will end unless a worker accepts it.
        ending: The position of its ending.
    """

    serial: int
    queue: int
    channel: int
    priority: int
    created: int
    reservations: list[Reservation]
    worker: int = -1
    accepted: int = DAY
    wrapping: int = DAY
    ended: int = DAY
    ending: int = 0

    def status(self, at: int) -> int:
        """Return the position of its status at a time from its creation up to its end."""
        if at >= self.accepted:
            return WRAPPING if at >= self.wrapping else ASSIGNED
        return (
            RESERVED if any(begin <= at < end for begin, end, _ in self.reservations) else PENDING
        )


_WorkerReservation = tuple[int, int, int, int, int]
"""Time, worker, channel, outcome, and the time of the worker's next reservation in the channel."""


class SiteDay:
    """The tasks of a site's day.

    Args:
        tasks: The tasks, in order of creation.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self._created = [task.created for task in tasks]
        self._longest = max((task.ended - task.created for task in tasks), default=0)

    def open_at(self, at: int) -> Iterator[Task]:
        """Yield the tasks that exist at a time."""
        first = bisect_left(self._created, at - self._longest)
        for task in self.tasks[first : bisect_right(self._created, at)]:
            if task.ended > at:
                yield task


def generate_tasks(shifts: Iterable[Shift], draw: Callable[[], float]) -> SiteDay:
    """Generate the tasks of a site's day.

    Args:
        shifts: The day of each of its workers.
        draw: Returns random numbers, 0 <= number < 1.

    Returns:
        The tasks of the day.
    """
    queues_of, reservations = dict[int, Sequence[int]](), list[_WorkerReservation]()
    for worker, day, queues in shifts:
        queues_of[worker] = queues
        reservations += _reservations(worker, day)
    lines = [[deque[Task]() for _ in CHANNELS] for _ in QUEUES]
    tasks = list[Task]()
    for reservation in sorted(reservations):
        at, worker, channel, _, _ = reservation
        queues = queues_of[worker]
        queue = queues[int(draw() * len(queues))]
        line = lines[queue][channel]
        task = _waiting(line, at)
        if task is None:
            created = at - int(draw() * draw() * 240)
            task = Task(len(tasks), queue, channel, _PRIORITIES[int(draw() * 20)], created, [])
            tasks.append(task)
        if _assign(task, reservation, draw):
            line.append(task)
    tasks.sort(key=lambda task: task.created)
    return SiteDay(tasks)


def _reservations(worker: int, day: Day) -> Iterable[_WorkerReservation]:
    """Return one worker's reservations in all channels."""
    for channel, reservations in enumerate(day.reservations):
        if reservations is not None and reservations.times:
            times = reservations.times
            yield from zip(
                times,
                [worker] * len(times),
                [channel] * len(times),
                reservations.outcomes,
                [*times[1:], DAY],
                strict=True,
            )


def _waiting(line: "deque[Task]", at: int) -> Task | None:
    """Remove and return the task that has waited longest; drop tasks that ended before."""
    while line and line[0].ended <= at:
        line.popleft()
    return line.popleft() if line and line[0].reservations[-1][1] <= at else None


def _assign(task: Task, reservation: _WorkerReservation, draw: Callable[[], float]) -> bool:
    """Assign a reservation to a task; return whether the task continues to wait."""
    at, worker, _, outcome, until = reservation
    end = at + (RESERVATION_TIMEOUT if outcome == TIMED_OUT else 2 + int(draw() * 10))
    task.reservations.append((at, end, outcome))
    if outcome == ACCEPTED:
        task.worker, task.accepted, task.ending = worker, end, 0
        task.ended = min(until, end + 45 + int(draw() * draw() * _MAX_WORK_SECONDS))
        task.wrapping = task.ended - min(_MAX_WRAP_SECONDS, (task.ended - end) // 4)
        return False
    if outcome == CANCELED:
        task.ended, task.ending = end, 1
        return False
    task.ended, task.ending = end + 120 + int(draw() * 900), _UNANSWERED_ENDINGS[int(draw() * 4)]
    return True
