"""The tasks behind the reservations: one site's day, told from its reservations alone.

The workers' days say when a reservation was made and what became of it, and no more. Here each of
them is given to a task, so that tasks, queues and workers tell one story. All reservations of a
site are read in order of time; each goes to one of its worker's queues, and there

- to the task that waits longest in that queue and channel for another reservation,
- or, when none waits, to a new task that was created some time before.

A reservation that is accepted leads to a completed task, one that is canceled was canceled with its
task, and any other sends the task back to wait until somebody loses patience. A worker's task is
over when the next reservation in the same channel comes, so nobody has two tasks in one channel.

Times are seconds since the beginning of the site's day. Nobody logs in before its third hour or
stays longer than until its sixteenth, so no task reaches into another day.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from attrs import define

from .profiles import DAY, HOUR
from .worker_days import CHANNELS, OUTCOMES, Day
from .workspace import QUEUES, RING_LIMIT

ACCEPTED, REJECTED, TIMED_OUT, CANCELED, RESCINDED = range(len(OUTCOMES))

FIRST, LAST = 2 * HOUR, 17 * HOUR
"""Before the one and from the other on there are no tasks, and nothing happens to any."""

STATUSES = ("pending", "reserved", "assigned", "wrapping")
PENDING, RESERVED, ASSIGNED, WRAPPING = range(len(STATUSES))

FATES = ("completed", "canceled", "deleted", "timed_out_in_workflow")
"""How a task ends; a task holds the position."""

_PRIORITIES = (0,) * 16 + (5,) * 3 + (10,)
"""One of these with equal chance."""

_LOST = (1, 1, 2, 3)
"""How tasks end that lost patience: one of these with equal chance."""

_LONGEST_CALL = 1_500
_LONGEST_WRAP = 45


Reservation = tuple[int, int, int]
"""One reservation of a task: open from a beginning up to an end, and with an outcome.

A plain tuple, since a large workspace has a hundred thousand of them a day.
"""


class Shift(NamedTuple):
    """One worker's day, and what is to be known of the worker."""

    worker: int
    day: Day
    queues: Sequence[int]


@define
class Task:
    """One task's life.

    Attributes:
        serial: its number within the day.
        queue: the position of its task queue.
        channel: the position of its task channel.
        priority: its priority.
        created: when it was created, and entered its queue.
        rings: its reservations.
        worker: who accepted it, or -1.
        accepted: when that was; after its end if nobody did.
        wrapping: when the work was done and only wrapping up was left.
        ended: when it ended; while it waits, when patience will be lost.
        fate: how.
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
        """Return the position of its status at a time within its life."""
        if at >= self.accepted:
            return WRAPPING if at >= self.wrapping else ASSIGNED
        return (
            RESERVED if any(begin <= at < end for begin, end, _ in self.reservations) else PENDING
        )


_Offer = tuple[int, int, int, int, int]
"""A reservation: time, worker, channel, outcome, time of the worker's next one in the channel."""


class SiteDay:
    """A site's day, told as tasks.

    Args:
        tasks: Its tasks, in order of creation.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self._created = [task.created for task in tasks]
        self._longest = max((task.ended - task.created for task in tasks), default=0)

    def alive(self, at: int) -> Iterator[Task]:
        """Return the tasks that exist at that time."""
        first = bisect_left(self._created, at - self._longest)
        for task in self.tasks[first : bisect_right(self._created, at)]:
            if task.ended > at:
                yield task


def generate_tasks(shifts: Iterable[Shift], draw: Callable[[], float]) -> SiteDay:
    """Tell a site's day as tasks.

    Args:
        shifts: Everybody's day.
        draw: Gives random numbers from 0 up to 1.

    Returns:
        The day's tale.
    """
    queues_of, offers = dict[int, Sequence[int]](), list[_Offer]()
    for worker, day, queues in shifts:
        queues_of[worker] = queues
        offers += _offers(worker, day)
    lines = [[deque[Task]() for _ in CHANNELS] for _ in QUEUES]
    tasks = list[Task]()
    for offer in sorted(offers):
        at, worker, channel, _, _ = offer
        queues = queues_of[worker]
        queue = queues[int(draw() * len(queues))]
        line = lines[queue][channel]
        task = _waiting(line, at)
        if task is None:
            created = at - int(draw() * draw() * 240)
            task = Task(len(tasks), queue, channel, _PRIORITIES[int(draw() * 20)], created, [])
            tasks.append(task)
        if _ring(task, offer, draw):
            line.append(task)
    tasks.sort(key=lambda task: task.created)
    return SiteDay(tasks)


def _offers(worker: int, day: Day) -> Iterable[_Offer]:
    """Return one worker's reservations."""
    for channel, offers in enumerate(day.offers):
        if offers is not None and offers.times:
            times = offers.times
            yield from zip(
                times,
                [worker] * len(times),
                [channel] * len(times),
                offers.outcomes,
                [*times[1:], DAY],
                strict=True,
            )


def _waiting(line: "deque[Task]", at: int) -> Task | None:
    """Take the task that waits longest, and forget those that lost patience before."""
    while line and line[0].ended <= at:
        line.popleft()
    return line.popleft() if line and line[0].reservations[-1][1] <= at else None


def _ring(task: Task, offer: _Offer, draw: Callable[[], float]) -> bool:
    """Give the reservation to the task; return whether the task goes on waiting."""
    at, worker, _, outcome, until = offer
    end = at + (RING_LIMIT if outcome == TIMED_OUT else 2 + int(draw() * 10))
    task.reservations.append((at, end, outcome))
    if outcome == ACCEPTED:
        task.worker, task.accepted, task.ending = worker, end, 0
        task.ended = min(until, end + 45 + int(draw() * draw() * _LONGEST_CALL))
        task.wrapping = task.ended - min(_LONGEST_WRAP, (task.ended - end) // 4)
        return False
    if outcome == CANCELED:
        task.ended, task.ending = end, 1
        return False
    task.ended, task.ending = end + 120 + int(draw() * 900), _LOST[int(draw() * 4)]
    return True
