"""One site's day as sorted columns, from which any window of it is counted fast.

A ``Cell`` holds what happened in one task queue and channel. Everything is counted by when it
happened, so that adjacent windows add up: a task enters when it is created and ends when it ends; a
reservation counts when it was made, together with its outcome, as in the workers' statistics, and
with the time that its task had waited.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define, field, frozen

from taskrouter_stats.simulator.days import Offers
from taskrouter_stats.simulator.tally import Reservations
from taskrouter_stats.simulator.tasks import ACCEPTED, FATES, Task

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
class Cell:
    """What happened in one task queue and channel; each column is in order of time."""

    offers: Offers
    accepted: Waits
    entered: "array[int]"
    ended: tuple[Waits, ...]
    """By fate: when tasks ended, and how old they were."""


@define
class TaskTally(Reservations):
    """What has been counted of tasks so far."""

    entered: int = 0
    ended: list[int] = field(factory=lambda: [0] * len(FATES))
    accepted_waits: "array[int]" = field(factory=_numbers)
    canceled_waits: "array[int]" = field(factory=_numbers)

    def add(self, cell: Cell, begin: int, end: int) -> None:
        """Count what happened in ``[begin, end)``, seconds since the day's beginning."""
        self.offer(cell.offers, begin, end)
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


def cells(tasks: Iterable[Task]) -> dict[tuple[int, int], Cell]:
    """Return the columns of these tasks, in order of creation, by task queue and channel."""
    by_place = dict[tuple[int, int], list[Task]]()
    for task in tasks:
        by_place.setdefault((task.queue, task.channel), []).append(task)
    return {place: _cell(there) for place, there in by_place.items()}


def _cell(tasks: Sequence[Task]) -> Cell:
    """Sort these tasks into columns."""
    rings = sorted(ring for task in tasks for ring in task.rings)
    last = [(task, *task.rings[-1]) for task in tasks]
    ended = [list[tuple[int, int]]() for _ in FATES]
    for task in tasks:
        ended[task.fate].append((task.ended, task.ended - task.created))
    return Cell(
        offers=Offers(
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
