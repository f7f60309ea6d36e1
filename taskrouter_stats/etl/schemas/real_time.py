"""The schemas of real-time statistics: what the server counted when it was asked."""

from typing import Final

from .column import FETCHED, LAST, Column, Schema, counts, json, seconds, text

__all__ = ["REAL_TIME"]

_TASKS: Final = (
    *seconds("longest_task_waiting_age"),
    *text("longest_task_waiting_sid"),
    *json("tasks_by_priority tasks_by_status"),
    *counts("total_tasks"),
)
_WORKERS: Final = (*json("activity_statistics"), *counts("total_workers"))


def _table(name: str, places: str, measures: tuple[Column, ...]) -> Schema:
    """Return the schema of a table with SIDs, time of the answer, and measures."""
    head = (*text(f"account_sid {places}"), *json("filters"), *text("task_channel"))
    sids = (place for place in places.split() if place.endswith("_sid"))
    return Schema(
        name,
        1,
        (*head, *measures, FETCHED[0], *LAST),
        (*sids, "filters", "task_channel", "fetched_at"),
    )


REAL_TIME: Final = (
    _table("workers_real_time_statistics", "workspace_sid", _WORKERS),
    _table("workspace_real_time_statistics", "workspace_sid", (*_TASKS, *_WORKERS)),
    _table("workflow_real_time_statistics", "workspace_sid workflow_sid workflow_name", _TASKS),
    _table(
        "task_queue_real_time_statistics",
        "workspace_sid task_queue_sid task_queue_name",
        (
            *_TASKS,
            *json("activity_statistics"),
            *counts("total_available_workers total_eligible_workers"),
            *seconds("longest_relative_task_age_in_queue"),
            *text("longest_relative_task_sid_in_queue"),
        ),
    ),
)
