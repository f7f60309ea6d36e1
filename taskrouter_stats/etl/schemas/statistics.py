"""The schemas of cumulative statistics: all Workers, a TaskQueue, a Workflow, a Workspace.

A row holds the statistics of one window. ``…_wait_splits`` hold a row for each threshold of
``split_by_wait_time``, with the counts of Tasks that waited longer (``above``) and not longer
(``below``).
"""

from typing import Final

from .column import (
    ACTIVITY,
    DURATION,
    FETCHED,
    LAST,
    REQUESTED,
    RESERVATIONS,
    SERVED,
    WINDOW_KEY,
    Column,
    Schema,
    child,
    counts,
    json,
    seconds,
    text,
    waits,
)

__all__ = ["STATISTICS"]

_TASKS: Final = (
    *RESERVATIONS,
    *seconds("avg_task_acceptance_time"),
    *counts("tasks_canceled tasks_completed tasks_deleted tasks_moved"),
    *waits("wait_duration_until_accepted wait_duration_until_canceled"),
)
_THRESHOLD: Final = counts("threshold")
"""The threshold, seconds, > 0."""

_SPLIT: Final = counts(
    "above_tasks_canceled above_reservations_accepted "
    "below_tasks_canceled below_reservations_accepted"
)


def _table(name: str, places: str, measures: tuple[Column, ...], *, filters: str = "") -> Schema:
    """Return the schema of a table with SIDs, requested and served window, and measures."""
    head = (*text(f"account_sid {places}"), *json(filters), *REQUESTED, *SERVED)
    sids = (place for place in places.split() if place.endswith("_sid"))
    return Schema(
        name,
        1,
        (*head, *measures, *FETCHED, *LAST),
        (*sids, *filters.split(), *WINDOW_KEY),
    )


_WORKERS: Final = _table("workers_statistics", "workspace_sid", RESERVATIONS, filters="filters")
_WORKSPACE: Final = _table(
    "workspace_statistics",
    "workspace_sid",
    (*_TASKS, *counts("tasks_created tasks_timed_out_in_workflow")),
)
_WORKFLOW: Final = _table(
    "workflow_statistics",
    "workspace_sid workflow_sid workflow_name",
    (*_TASKS, *counts("tasks_entered tasks_timed_out_in_workflow")),
)
_QUEUE: Final = _table(
    "task_queue_statistics",
    "workspace_sid task_queue_sid task_queue_name",
    (*_TASKS, *counts("tasks_entered"), *waits("wait_duration_in_queue_until_accepted")),
)

STATISTICS: Final = (
    _WORKERS,
    child(_WORKERS, "workers_activity_durations", ACTIVITY, DURATION),
    _WORKSPACE,
    child(_WORKSPACE, "workspace_wait_splits", _THRESHOLD, _SPLIT),
    _WORKFLOW,
    child(_WORKFLOW, "workflow_wait_splits", _THRESHOLD, _SPLIT),
    _QUEUE,
    child(_QUEUE, "task_queue_wait_splits", _THRESHOLD, _SPLIT),
)
