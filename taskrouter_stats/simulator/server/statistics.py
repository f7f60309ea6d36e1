"""The numbers of the statistics, shaped as the JSON has them: within a window, and right now."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from taskrouter_stats.simulator.world.task_history import ALL_QUEUES, OpenTask, durations
from taskrouter_stats.simulator.world.tasks import ASSIGNED, STATUSES
from taskrouter_stats.simulator.world.worker_days import WorkerTotals
from taskrouter_stats.simulator.world.world import Worker, World, iso

from .request import SimulatedRequest

_WAITS = {
    "tasks_completed",
    "wait_duration_until_accepted",
    "wait_duration_until_canceled",
    "wait_duration_in_queue_until_accepted",
}


@frozen
class Kind:
    """What tells the statistics of workspace, workflow and task queue from each other.

    Attributes:
        entered: the name of the count of tasks that came in.
        times_out: whether tasks time out there.
        in_queue: whether waits are counted from entering the queue as well.
        unsaid: keys of the separate answers that the combined one leaves out, as in Twilio's
            examples.
    """

    entered: str
    times_out: bool
    in_queue: bool
    unsaid: frozenset[str]


WORKSPACE = Kind("tasks_created", True, False, frozenset(_WAITS | {"tasks_by_priority"}))
WORKFLOW = Kind(
    "tasks_entered",
    True,
    False,
    WORKSPACE.unsaid
    | {
        "tasks_deleted",
        "reservations_created",
        "reservations_canceled",
        "reservations_rescinded",
    },
)
TASK_QUEUE = Kind(
    "tasks_entered",
    False,
    True,
    WORKSPACE.unsaid | {"longest_relative_task_age_in_queue", "longest_relative_task_sid_in_queue"},
)


def cumulative(
    world: World, ask: SimulatedRequest, kind: Kind, queues: Sequence[int] = ALL_QUEUES
) -> dict[str, Any]:
    """Return what happened to the tasks of these queues in the window that is asked for."""
    thresholds = ask.thresholds()
    start, end = ask.window()
    channels = world.channels(ask.query.get("TaskChannel"))
    tally = world.task_history.tally(start, end, queues, channels)
    waited = durations(tally.accepted_waits)
    return {
        **tally.reservations(),
        kind.entered: tally.entered,
        **tally.counts(),
        **({"tasks_timed_out_in_workflow": tally.timed_out()} if kind.times_out else {}),
        "avg_task_acceptance_time": waited["avg"],
        "wait_duration_until_accepted": waited,
        "wait_duration_until_canceled": durations(tally.canceled_waits),
        # no task is ever moved, so each entered its queue when it was created
        **({"wait_duration_in_queue_until_accepted": waited} if kind.in_queue else {}),
        "split_by_wait_time": None if thresholds is None else tally.splits(thresholds),
        "start_time": iso(start),
        "end_time": iso(end),
    }


def tasks_now(
    world: World, ask: SimulatedRequest, kind: Kind, queues: Sequence[int] = ALL_QUEUES
) -> dict[str, Any]:
    """Return how the tasks of these queues stand."""
    channels = world.channels(ask.query.get("TaskChannel"))
    living = [
        one
        for one in world.task_history.open_tasks(ask.now)
        if one.task.queue in queues and one.task.channel in channels
    ]
    status = [one.task.status(ask.now - one.midnight) for one in living]
    waiting = (one for one, at in zip(living, status, strict=True) if at < ASSIGNED)
    age, sid = _longest(world, ask.now, waiting)
    relative = {
        "longest_relative_task_age_in_queue": age,
        "longest_relative_task_sid_in_queue": sid,
    }
    return {
        "longest_task_waiting_age": age,
        "longest_task_waiting_sid": sid,
        **(relative if kind.in_queue else {}),
        "tasks_by_priority": {
            str(priority): count
            for priority, count in sorted(Counter(one.task.priority for one in living).items())
        },
        "tasks_by_status": {name: status.count(at) for at, name in enumerate(STATUSES)},
        "total_tasks": len(living),
    }


def workers_cumulative(
    world: World, ask: SimulatedRequest, workers: Iterable[Worker]
) -> dict[str, Any]:
    """Return what happened to these workers together in the window that is asked for."""
    start, end = ask.window()
    tally = WorkerTotals()
    for worker in workers:
        world.tally(worker, start, end, ask.query.get("TaskChannel"), tally)
    return world.told(tally, start, end)


def workers_now(world: World, ask: SimulatedRequest, workers: Iterable[Worker]) -> dict[str, Any]:
    """Return where these workers are; with a channel, those who can be given its tasks."""
    doing, channels = world.activities_at(ask.now), world.channels(ask.query.get("TaskChannel"))
    if "TaskChannel" in ask.query:
        workers = [one for one in workers if any(at in one.habit.channels for at in channels)]
    counts = Counter(doing[worker.index] for worker in workers)
    return {
        "activity_statistics": [
            {
                "sid": activity.sid,
                "friendly_name": activity.friendly_name,
                "workers": counts[activity.index],
            }
            for activity in world.activities
        ],
        "total_workers": counts.total(),
    }


def queue_workers_now(world: World, ask: SimulatedRequest, queue: int | None) -> dict[str, Any]:
    """Return where the workers are that are eligible for a queue; of no queue, nobody."""
    chosen = [one for one in world.workers if queue in world.queues_of(one)]
    told = workers_now(world, ask, chosen)
    open_now = zip(told["activity_statistics"], world.activities, strict=True)
    return {
        "activity_statistics": told["activity_statistics"],
        "total_available_workers": sum(
            row["workers"] for row, activity in open_now if activity.available
        ),
        "total_eligible_workers": told["total_workers"],
    }


def _longest(world: World, now: int, waiting: Iterable[OpenTask]) -> tuple[int, str | None]:
    """Return age and SID of the task that waits longest; they come the oldest first."""
    for oldest in waiting:
        return now - oldest.created, world.task_history.task_sid(oldest)
    return 0, None
