"""The schemas of real-time statistics: what the server counted at a time.

``snapshot_time`` is one time for all rows of a poll's snapshot, by this machine's clock; in an
answer outside of a poll it is ``fetched_at``. ``day`` is the local date of ``snapshot_time`` in
``tz``. The table ``snapshots`` has one row for each snapshot of a poll: a snapshot without it is
not whole.
"""

from typing import Final

from .column import ACTIVITY, DAY, LAST, Column, Schema, counts, json, seconds, text, times

__all__ = ["REAL_TIME"]

_SNAPSHOT: Final = (*times("snapshot_time"), *DAY)
_ASKED: Final = (*json("filters"), *text("task_channel"))
_FETCHED: Final = times("fetched_at")

_TASKS: Final = (
    *seconds("longest_task_waiting_age"),
    *text("longest_task_waiting_sid"),
    *counts("total_tasks"),
)
_WORKERS: Final = counts("total_workers")
_QUEUE: Final = (
    *counts("total_available_workers total_eligible_workers"),
    *seconds("longest_relative_task_age_in_queue"),
    *text("longest_relative_task_sid_in_queue"),
)


def _head(thing: str) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Return the columns that name what was counted and when, and those of them in the key."""
    sid = (f"{thing}_sid",) if thing else ()
    name = f"{thing}_sid {thing}_name" if thing else ""
    columns = (*text(f"account_sid workspace_sid {name}"), *_ASKED, *_SNAPSHOT)
    return columns, ("workspace_sid", *sid, "filters", "task_channel", "snapshot_time")


def _parent(kind: str, thing: str, measures: tuple[Column, ...]) -> Schema:
    head, key = _head(thing)
    return Schema(f"{kind}_real_time_statistics", 1, (*head, *measures, *_FETCHED, *LAST), key)


def _child(kind: str, name: str, thing: str, own: tuple[Column, ...], measure: str) -> Schema:
    """Return the schema of a table with several rows for each answer; ``own[0]`` is in the key."""
    head, key = _head(thing)
    columns = (*head, *own, *counts(measure), *_FETCHED, *json("extra"))
    first = own[0].name
    return Schema(name, 1, columns, (*key, first), f"{kind}_real_time_statistics", (first,))


def _by_task(kind: str, thing: str) -> tuple[Schema, ...]:
    return tuple(
        _child(kind, f"{kind}_tasks_by_{column}", thing, text(column), "tasks")
        for column in ("status", "priority")
    )


def _by_activity(kind: str, thing: str) -> Schema:
    name = "workers_by_activity" if kind == "workers" else f"{kind}_workers_by_activity"
    return _child(kind, name, thing, ACTIVITY, "workers")


REAL_TIME: Final = (
    _parent("workers", "", _WORKERS),
    _by_activity("workers", ""),
    _parent("workspace", "", (*_TASKS, *_WORKERS)),
    *_by_task("workspace", ""),
    _by_activity("workspace", ""),
    _parent("workflow", "workflow", _TASKS),
    *_by_task("workflow", "workflow"),
    _parent("task_queue", "task_queue", (*_TASKS, *_QUEUE)),
    *_by_task("task_queue", "task_queue"),
    _by_activity("task_queue", "task_queue"),
    Schema(
        "worker_activity",
        1,
        (
            *text("account_sid workspace_sid worker_sid worker_name"),
            *_SNAPSHOT,
            *text("activity_sid activity_name"),
            Column("available", "bool"),
            *seconds("seconds_in_activity"),
            *times("date_status_changed as_of"),
            Column("by_server_clock", "bool"),
            *json("extra"),
        ),
        ("workspace_sid", "worker_sid", "snapshot_time"),
    ),
    Schema(
        "snapshots",
        1,
        (
            *text("account_sid workspace_sid"),
            *_SNAPSHOT,
            *seconds("every"),
            *counts("beat"),
            *seconds("late"),
            *counts("skipped"),
            *seconds("clock_jump took"),
            Column("complete", "bool"),
            *json("problems rows"),
            *counts("requests refused"),
        ),
        ("workspace_sid", "snapshot_time"),
    ),
)
