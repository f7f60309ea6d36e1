"""The numbers of the statistics in the shape of the JSON: of a window, and of the present."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from taskrouter_stats.simulator.world.task_history import ALL_QUEUES, OpenTask, TaskTotals
from taskrouter_stats.simulator.world.tasks import ASSIGNED, ENDINGS, STATUSES
from taskrouter_stats.simulator.world.worker_days import (
    OUTCOMES,
    ReservationTotals,
    WorkerTotals,
)
from taskrouter_stats.simulator.world.world import Worker, World

from .request import SimulatedRequest
from .resources import iso

__all__ = [
    "TASK_QUEUE",
    "WORKFLOW",
    "WORKSPACE",
    "Kind",
    "activity_durations",
    "cumulative",
    "queue_workers_now",
    "reservation_counts",
    "split_by_wait_time",
    "task_counts",
    "tasks_now",
    "wait_durations",
    "worker_cumulative",
    "workers_cumulative",
    "workers_now",
]

_WAITS = {
    "tasks_completed",
    "wait_duration_until_accepted",
    "wait_duration_until_canceled",
    "wait_duration_in_queue_until_accepted",
}


@frozen
class Kind:
    """The differences between the statistics of a workspace, a workflow and a task queue.

    Attributes:
        entered: The name of the count of tasks that entered.
        times_out: Whether the reply counts tasks that timed out.
        in_queue: Whether the reply also has waits since the task entered the queue.
        omitted: Keys of the separate replies that the combined reply omits, as in Twilio's
            examples.
    """

    entered: str
    times_out: bool
    in_queue: bool
    omitted: frozenset[str]


WORKSPACE = Kind("tasks_created", True, False, frozenset(_WAITS | {"tasks_by_priority"}))
WORKFLOW = Kind(
    "tasks_entered",
    True,
    False,
    WORKSPACE.omitted
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
    WORKSPACE.omitted
    | {"longest_relative_task_age_in_queue", "longest_relative_task_sid_in_queue"},
)


def cumulative(
    world: World, request: SimulatedRequest, kind: Kind, queues: Sequence[int] = ALL_QUEUES
) -> dict[str, Any]:
    """Return the cumulative statistics of these queues' tasks in the requested window."""
    thresholds = request.thresholds()
    start, end = request.window()
    channels = world.channels(request.query.get("TaskChannel"))
    totals = world.task_history.totals(start, end, queues, channels)
    waited = wait_durations(totals.accepted_waits)
    return {
        **reservation_counts(totals),
        kind.entered: totals.entered,
        **task_counts(totals, timed_out=kind.times_out),
        "avg_task_acceptance_time": waited["avg"],
        "wait_duration_until_accepted": waited,
        "wait_duration_until_canceled": wait_durations(totals.canceled_waits),
        # no task is ever moved, so each task entered its queue when it was created
        **({"wait_duration_in_queue_until_accepted": waited} if kind.in_queue else {}),
        "split_by_wait_time": None
        if thresholds is None
        else split_by_wait_time(totals, thresholds),
        "start_time": iso(start),
        "end_time": iso(end),
    }


def tasks_now(
    world: World, request: SimulatedRequest, kind: Kind, queues: Sequence[int] = ALL_QUEUES
) -> dict[str, Any]:
    """Return the real-time statistics of these queues' tasks."""
    channels = world.channels(request.query.get("TaskChannel"))
    open_tasks = [
        task
        for task in world.task_history.open_tasks(request.now)
        if task.task.queue in queues and task.task.channel in channels
    ]
    status = [task.task.status(request.now - task.midnight) for task in open_tasks]
    waiting = (task for task, at in zip(open_tasks, status, strict=True) if at < ASSIGNED)
    age, sid = _longest(world, request.now, waiting)
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
            for priority, count in sorted(
                Counter(task.task.priority for task in open_tasks).items()
            )
        },
        "tasks_by_status": {name: status.count(at) for at, name in enumerate(STATUSES)},
        "total_tasks": len(open_tasks),
    }


def workers_cumulative(
    world: World, request: SimulatedRequest, workers: Iterable[Worker]
) -> dict[str, Any]:
    """Return the cumulative statistics of these workers together in the requested window."""
    start, end = request.window()
    totals = WorkerTotals()
    for worker in workers:
        world.totals(worker, start, end, request.query.get("TaskChannel"), totals)
    return worker_cumulative(world, totals, start, end)


def worker_cumulative(world: World, totals: WorkerTotals, start: int, end: int) -> dict[str, Any]:
    """Return totals of workers as the value of ``cumulative``.

    Args:
        world: The workspace.
        totals: The totals of the window.
        start: The window's first second.
        end: The second after the window's last.

    Returns:
        Counts, durations, and the window.
    """
    return {
        **reservation_counts(totals),
        "activity_durations": activity_durations(world, totals),
        "start_time": iso(start),
        "end_time": iso(end),
    }


def reservation_counts(totals: ReservationTotals) -> dict[str, int]:
    """Return the six counts of reservations."""
    counts = zip(OUTCOMES, totals.outcomes, strict=True)
    return {
        "reservations_created": totals.created,
        **{f"reservations_{name}": count for name, count in counts},
    }


def activity_durations(world: World, totals: WorkerTotals) -> list[dict[str, Any]]:
    """Return ``activity_durations``: every activity, with zeros for one that no worker entered."""
    return [
        {
            "sid": activity.sid,
            "friendly_name": activity.friendly_name,
            "min": totals.least[activity.index],
            "max": totals.most[activity.index],
            "avg": totals.total[activity.index] // (totals.spells[activity.index] or 1),
            "total": totals.total[activity.index],
        }
        for activity in world.activities
    ]


def task_counts(totals: TaskTotals, *, timed_out: bool) -> dict[str, int]:
    """Return the counts of tasks by ending; no task is ever moved."""
    counts = {f"tasks_{name}": count for name, count in zip(ENDINGS, totals.ended, strict=True)}
    if not timed_out:
        del counts["tasks_timed_out_in_workflow"]
    return {**counts, "tasks_moved": 0}


def wait_durations(waits: Sequence[int]) -> dict[str, int]:
    """Return average, minimum, maximum and sum of these waits, seconds; zeros for no wait."""
    return {
        "avg": sum(waits) // (len(waits) or 1),
        "min": min(waits, default=0),
        "max": max(waits, default=0),
        "total": sum(waits),
    }


def split_by_wait_time(totals: TaskTotals, thresholds: Sequence[int]) -> dict[str, Any]:
    """Return ``split_by_wait_time``: a wait of exactly the threshold is below it."""
    accepted, canceled = sorted(totals.accepted_waits), sorted(totals.canceled_waits)

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


def workers_now(
    world: World, request: SimulatedRequest, workers: Iterable[Worker]
) -> dict[str, Any]:
    """Return these workers by activity; with a channel, those who handle it."""
    current, channels = (
        world.activities_at(request.now),
        world.channels(request.query.get("TaskChannel")),
    )
    if "TaskChannel" in request.query:
        workers = [
            worker
            for worker in workers
            if any(channel in worker.profile.channels for channel in channels)
        ]
    counts = Counter(current[worker.index] for worker in workers)
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


def queue_workers_now(world: World, request: SimulatedRequest, queue: int | None) -> dict[str, Any]:
    """Return the workers that are eligible for a queue by activity; zeros for ``None``."""
    chosen = [worker for worker in world.workers if queue in world.queues_of(worker)]
    reported = workers_now(world, request, chosen)
    rows = zip(reported["activity_statistics"], world.activities, strict=True)
    return {
        "activity_statistics": reported["activity_statistics"],
        "total_available_workers": sum(
            row["workers"] for row, activity in rows if activity.available
        ),
        "total_eligible_workers": reported["total_workers"],
    }


def _longest(world: World, now: int, waiting: Iterable[OpenTask]) -> tuple[int, str | None]:
    """Return age and SID of the first task, which has waited longest; 0 and ``None`` for none."""
    for oldest in waiting:
        return now - oldest.created, world.task_history.task_sid(oldest)
    return 0, None
