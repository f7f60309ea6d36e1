"""A simulated account and its Workspaces: equal seeds and sizes give equal worlds.

No code here uses a clock, HTTP or JSON. Each number is a pure function of the seed, the worker and
the window, so a test can compute the truth and compare a reply with it.

    seed, index --profiles--> WorkerProfile --worker_days--> Day --> WorkerTotals of any window
                                                              |
                                                              +--tasks--> SiteDay
                                                     --task_history--> TaskTotals of any window

Times are whole seconds since 1970; a window is half-open, ``[start, end)``.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from attrs import field, frozen

from . import workspace
from .expressions import parse
from .profiles import DAY, WorkProfile, make_profile, sid
from .task_history import TaskHistory
from .tasks import Shift
from .worker_days import CHANNELS, OFFLINE, Day, WorkerTotals, count, generate_day
from .workspace import Activity

__all__ = ["Worker", "World", "account"]

_KEPT_DAYS = 4_096
"""Days kept in memory, about 2 KB each; generating one again takes some fifty microseconds."""

_NO_CHANNEL = range(0)
_NAME = "Simulated contact centre"


@frozen
class Worker:
    """The unchanging data of a worker; ``World.activity_of`` returns its current activity."""

    index: int
    sid: str
    friendly_name: str
    attributes: Mapping[str, Any] = field(hash=False)
    created: int
    profile: WorkProfile


def account(seed: int, workers: int, workspaces: int) -> tuple["World", ...]:
    """Return the workspaces of one account, each with its own workers."""
    worlds = tuple(World(seed, workers, index) for index in range(workspaces))
    for world in worlds:
        world.siblings = worlds
    return worlds


class World:
    """One workspace of an account, and its workers.

    Args:
        seed: The account's seed, >= 0.
        workers: The number of workers of the workspace, >= 0.
        index: Its position in the account's list of workspaces, >= 0; the first workspace has the
            account's seed, each other one a seed derived from it.

    Attributes:
        seed: The workspace's seed.
        index: Its position in the account's list of workspaces.
        friendly_name: The workspace's name.
        siblings: All workspaces of the account, this one included, in the order of their list.
        account_sid: The account (AC…).
        workspace_sid: The workspace (WS…).
        activities: Its activities, ``Offline`` first.
        task_channels: Its task channels.
        task_queues: Its task queues.
        workflows: Its workflows.
        workers: Its workers, in the order of their list.
        task_history: The history of its tasks.
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
        self._activities_at: tuple[int, bytes] = (-1, b"")
        offsets = sorted({worker.profile.offset for worker in self.workers})
        self.task_history = TaskHistory(seed, offsets, self._shifts)

    def __repr__(self) -> str:
        return f"World(seed={self.seed}, workers={len(self.workers)})"

    def find(self, worker_sid: str) -> Worker | None:
        """Return the worker with this SID, or ``None``."""
        return self._by_sid.get(worker_sid)

    def totals(
        self,
        worker: Worker,
        start: int,
        end: int,
        task_channel: str | None = None,
        into: WorkerTotals | None = None,
    ) -> WorkerTotals:
        """Count one worker's activities and reservations in a window.

        Args:
            worker: One of this world's workers.
            start: The window's first second.
            end: The second after the window's last.
            task_channel: Count only this channel's reservations: its SID or unique name.
                Activities have no channel, so all of them count.
            into: Totals to add to; new ones by default.

        Returns:
            The totals.
        """
        totals = WorkerTotals() if into is None else into
        count(
            totals,
            self._day_of(worker),
            worker.profile.offset,
            (start, end),
            self.channels(task_channel),
        )
        return totals

    def activity_of(self, worker: Worker, now: int) -> tuple[Activity, int]:
        """Return the worker's activity at a time, and when the worker entered it.

        Args:
            worker: One of this world's workers.
            now: The time.

        Returns:
            The activity and the time of its start: the worker's creation if it never changed.
        """
        day_of = self._day_of(worker)
        number, second = divmod(now - worker.profile.offset, DAY)
        day = day_of(number)
        spell = bisect_right(day.begins, second) - 1
        activity = day.activities[spell]
        if worker.profile.kind == "shift":
            # only ``Offline`` continues into the next day: search back for the last logout
            while spell == 0 and activity == OFFLINE and number * DAY > worker.created:
                number -= 1
                day = day_of(number)
                spell = len(day.begins) - 1
        begun = number * DAY + worker.profile.offset + day.begins[spell]
        steady = worker.profile.kind != "shift" or begun < worker.created
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
            queues = tuple(
                queue for queue, target in enumerate(self._targets) if target(worker.attributes)
            )
            self._queues[worker.index] = queues
        return queues

    def activities_at(self, now: int) -> bytes:
        """Return the position of each worker's activity at a time."""
        if self._activities_at[0] != now:
            self._activities_at = now, bytes(self._activity(worker, now) for worker in self.workers)
        return self._activities_at[1]

    def _make_worker(self, index: int) -> Worker:
        """Return the worker at this position."""
        made = make_profile(self.seed, index)
        return Worker(
            index,
            sid("WK", self.seed, index),
            made.friendly_name,
            made.attributes,
            made.created,
            made.profile,
        )

    def _activity(self, worker: Worker, now: int) -> int:
        """Return the position of the worker's activity at a time."""
        number, second = divmod(now - worker.profile.offset, DAY)
        day = self._day(worker, number)
        return day.activities[bisect_right(day.begins, second) - 1]

    def _shifts(self, offset: int, number: int) -> Iterator[Shift]:
        """Return the day of each worker at the site with this offset."""
        for worker in self.workers:
            if worker.profile.offset == offset and worker.profile.kind == "shift":
                yield Shift(worker.index, self._day(worker, number), self.queues_of(worker))

    def _day_of(self, worker: Worker) -> Callable[[int], Day]:
        """Return the function from a day's number to this worker's day."""
        return partial(self._day, worker)

    def _day(self, worker: Worker, number: int) -> Day:
        """Return a worker's day, from memory or generated now."""
        key = (worker.index, number)
        day = self._days.get(key)
        if day is None:
            while len(self._days) >= _KEPT_DAYS:
                del self._days[next(iter(self._days))]
            day = self._days[key] = generate_day(self.seed, worker.index, worker.profile, number)
        return day
