"""Workspaces that exist nowhere, the same for everybody who names their seed and size.

Nothing here knows a clock, a socket or a request. Every number is a pure function of the seed, the
worker and the window, so a test can ask the world for the truth and hold a reply against it.

    seed, index --people--> Person --days--> Day, Day, Day --tally--> statistics of any window
                                              |
                                              +--tasks--> Ledger --books--> those of tasks

Times are whole seconds since 1970; a window is half-open, ``[start, end)``.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from attrs import frozen

from . import workspace
from .expressions import parse
from .profiles import DAY, WorkProfile, make_profile, sid
from .task_history import TaskHistory
from .tasks import Shift
from .worker_days import CHANNELS, OFFLINE, Day, WorkerTotals, count, generate_day
from .workspace import Activity

_KEPT_DAYS = 4_096
"""Lived days kept, about 2 KB each; living one again takes some fifty microseconds."""

_NO_CHANNEL = range(0)
_NAME = "Simulated contact centre"


@frozen
class Worker:
    """A worker as it was created; what it is doing is asked with ``World.doing``."""

    index: int
    sid: str
    friendly_name: str
    attributes: str
    created: int
    habit: WorkProfile


def iso(seconds: int) -> str:
    """Return the time as Twilio writes it, ``2026-01-31T08:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(seed: int, workers: int, workspaces: int) -> tuple["World", ...]:
    """Return the workspaces of one account, each with its own workers."""
    worlds = tuple(World(seed, workers, index) for index in range(workspaces))
    for world in worlds:
        world.siblings = worlds
    return worlds


class World:
    """One workspace of an account, and its workers.

    Args:
        seed: What the account is made from.
        workers: How many workers the workspace has.
        index: Its place in the account's list of workspaces; the first one has the account's seed.

    Attributes:
        seed: What everything in the workspace is made from.
        index: Its place in the account's list of workspaces.
        friendly_name: The workspace's name.
        siblings: All workspaces of the account, this one included, in the order of their list.
        account_sid: The account.
        workspace_sid: The workspace.
        activities: Its activities, ``Offline`` first.
        task_channels: Its task channels.
        task_queues: Its task queues.
        workflows: Its workflows.
        workers: Its workers, in the order in which they are listed.
        books: What happened to its tasks.
    """

    def __init__(self, seed: int = 0, workers: int = 200, index: int = 0) -> None:
        self.account_sid = sid("AC", seed)
        self.index = index
        self.friendly_name = f"{_NAME} {index + 1}" if index else _NAME
        self.siblings: tuple[World, ...] = (self,)
        self.seed = seed = int(sid("", seed, "workspace", index), 16) if index else seed
        self.workspace_sid = sid("WS", seed)
        self.activities = workspace.activities(seed)
        self.task_channels = workspace.task_channels(seed)
        self.task_queues = workspace.task_queues(seed)
        self.workflows = workspace.workflows(seed)
        self.workers = tuple(self._make_worker(index) for index in range(workers))
        self._by_sid = {worker.sid: worker for worker in self.workers}
        self._days: dict[tuple[int, int], Day] = {}
        self._activity_sids = tuple(activity.sid for activity in self.activities)
        self._targets = [parse(queue.target_workers) for queue in self.task_queues]
        self._queues: dict[int, tuple[int, ...]] = {}
        self._roster: tuple[int, bytes] = (-1, b"")
        offsets = sorted({worker.habit.offset for worker in self.workers})
        self.task_history = TaskHistory(seed, offsets, self._shifts)

    def __repr__(self) -> str:
        return f"World(seed={self.seed}, workers={len(self.workers)})"

    def find(self, worker_sid: str) -> Worker | None:
        """Return the worker with that SID, or ``None``."""
        return self._by_sid.get(worker_sid)

    def tally(
        self,
        worker: Worker,
        start: int,
        end: int,
        task_channel: str | None = None,
        into: WorkerTotals | None = None,
    ) -> WorkerTotals:
        """Count what one worker did in a window.

        Args:
            worker: One of this world's workers.
            start: The window's first second.
            end: The second after its last.
            task_channel: Count only this channel's reservations: its SID or unique name.
            into: A tally to add to, when several workers are counted together.

        Returns:
            The tally.
        """
        tally = WorkerTotals() if into is None else into
        count(
            tally,
            self._day_of(worker),
            worker.habit.offset,
            (start, end),
            self.channels(task_channel),
        )
        return tally

    def statistics(
        self, worker: Worker, start: int, end: int, task_channel: str | None = None
    ) -> dict[str, Any]:
        """Return one worker's cumulative statistics, shaped as the JSON has them.

        Args:
            worker: One of this world's workers.
            start: The window's first second.
            end: The second after its last.
            task_channel: Count only this channel's reservations; activities know no channel.

        Returns:
            The value of ``cumulative``.
        """
        return self.told(self.tally(worker, start, end, task_channel), start, end)

    def told(self, tally: WorkerTotals, start: int, end: int) -> dict[str, Any]:
        """Return a tally of workers as the JSON has it.

        Args:
            tally: What was counted.
            start: The window's first second.
            end: The second after its last.

        Returns:
            Counts, durations, and the window.
        """
        return {
            **tally.reservations(),
            "activity_durations": tally.durations(self._activity_sids),
            "start_time": iso(start),
            "end_time": iso(end),
        }

    def activity_of(self, worker: Worker, now: int) -> tuple[Activity, int]:
        """Return the worker's activity at that time, and since when it lasts.

        Args:
            worker: One of this world's workers.
            now: The time.

        Returns:
            The activity and when it was entered; at the worker's creation if it never changed.
        """
        day_of = self._day_of(worker)
        number, second = divmod(now - worker.habit.offset, DAY)
        day = day_of(number)
        spell = bisect_right(day.begins, second) - 1
        activity = day.activities[spell]
        if worker.habit.kind == "shift":
            # only being offline runs on into the next day: look back to the last logout
            while spell == 0 and activity == OFFLINE and number * DAY > worker.created:
                number -= 1
                day = day_of(number)
                spell = len(day.begins) - 1
        begun = number * DAY + worker.habit.offset + day.begins[spell]
        steady = worker.habit.kind != "shift" or begun < worker.created
        return self.activities[activity], worker.created if steady else begun

    def channels(self, task_channel: str | None) -> range:
        """Return the positions of the channels that a ``TaskChannel`` parameter selects."""
        if task_channel is None:
            return range(len(CHANNELS))
        for position, channel in enumerate(self.task_channels):
            if task_channel in {channel.sid, channel.unique_name}:
                return range(position, position + 1)
        return _NO_CHANNEL

    def queues_of(self, worker: Worker) -> tuple[int, ...]:
        """Return the positions of the task queues that the worker is eligible for."""
        queues = self._queues.get(worker.index)
        if queues is None:
            who = orjson.loads(worker.attributes)
            queues = tuple(queue for queue, target in enumerate(self._targets) if target(who))
            self._queues[worker.index] = queues
        return queues

    def activities_at(self, now: int) -> bytes:
        """Return the position of every worker's activity at that time."""
        if self._roster[0] != now:
            self._roster = now, bytes(self._activity(worker, now) for worker in self.workers)
        return self._roster[1]

    def _make_worker(self, index: int) -> Worker:
        """Make the worker at that position."""
        who = make_profile(self.seed, index)
        return Worker(
            index,
            sid("WK", self.seed, index),
            who.friendly_name,
            who.attributes,
            who.created,
            who.habit,
        )

    def _activity(self, worker: Worker, now: int) -> int:
        """Return the position of the worker's activity at that time."""
        number, second = divmod(now - worker.habit.offset, DAY)
        day = self._day(worker, number)
        return day.activities[bisect_right(day.begins, second) - 1]

    def _shifts(self, offset: int, number: int) -> Iterator[Shift]:
        """Return everybody's day at the site with that offset."""
        for worker in self.workers:
            if worker.habit.offset == offset and worker.habit.kind == "shift":
                yield Shift(worker.index, self._day(worker, number), self.queues_of(worker))

    def _day_of(self, worker: Worker) -> Callable[[int], Day]:
        """Return what gives that worker's days by number."""
        return partial(self._day, worker)

    def _day(self, worker: Worker, number: int) -> Day:
        """Return a worker's day, lived now or kept from before."""
        key = (worker.index, number)
        day = self._days.get(key)
        if day is None:
            while len(self._days) >= _KEPT_DAYS:
                del self._days[next(iter(self._days))]
            day = self._days[key] = generate_day(self.seed, worker.index, worker.habit, number)
        return day
