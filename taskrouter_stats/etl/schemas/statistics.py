"""The schemas of statistics of all Workers, a TaskQueue, a Workflow or a Workspace."""

from typing import Final

from .column import (
    FETCHED,
    LAST,
    REQUESTED,
    RESERVATIONS,
    SERVED,
    WINDOW_KEY,
    Column,
    Schema,
    counts,
    json,
    seconds,
    text,
    waits,
)

__all__ = ["STATISTICS"]

_TASKS: Final = (
    *seconds("avg_task_acceptance_time"),
    *counts("tasks_canceled tasks_completed tasks_deleted tasks_moved"),
    *waits("wait_duration_until_accepted wait_duration_until_canceled"),
    *json("split_by_wait_time"),
)
_TASKS_NOW: Final = (
    *seconds("longest_task_waiting_age"),
    *text("longest_task_waiting_sid"),
    *json("tasks_by_priority tasks_by_status"),
    *counts("total_tasks"),
)
_WORKERS_NOW: Final = (*json("activity_statistics"), *counts("total_workers"))


def _statistics(name: str, sids: str, measures: tuple[Column, ...]) -> Schema:
    """Return the schema of a table with SIDs, requested and served window, and measures."""
    places = text(f"account_sid {sids}")
    head = (*places, *json("filters"), *REQUESTED, *SERVED)
    key = (*sids.split(), "filters", *WINDOW_KEY, "fetched_at")
    return Schema(name, 1, (*head, *measures, *FETCHED, *LAST), key)


STATISTICS: Final = (
    _statistics(
        "workers_statistics",
        "workspace_sid",
        (*RESERVATIONS, *json("activity_durations"), *_WORKERS_NOW),
    ),
    _statistics(
        "workspace_statistics",
        "workspace_sid",
        (
            *RESERVATIONS,
            *_TASKS,
            *counts("tasks_created tasks_timed_out_in_workflow"),
            *_TASKS_NOW,
            *_WORKERS_NOW,
        ),
    ),
    _statistics(
        "workflow_statistics",
        "workspace_sid workflow_sid",
        (
            *RESERVATIONS,
            *_TASKS,
            *counts("tasks_entered tasks_timed_out_in_workflow"),
            *_TASKS_NOW,
        ),
    ),
    _statistics(
        "task_queue_statistics",
        "workspace_sid task_queue_sid",
        (
            *RESERVATIONS,
            *_TASKS,
            *counts("tasks_entered"),
            *waits("wait_duration_in_queue_until_accepted"),
            *_TASKS_NOW,
            *json("activity_statistics"),
            *counts("total_available_workers total_eligible_workers"),
            *seconds("longest_relative_task_age_in_queue"),
            *text("longest_relative_task_sid_in_queue"),
        ),
    ),
)
