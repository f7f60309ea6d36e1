"""The schemas of the dimension tables: what the server listed at a time.

Workflows come without their callback URLs, which may hold a password.
"""

from typing import Final

from .column import DAY, LAST, Column, Schema, counts, seconds, text, times

__all__ = ["SNAPSHOTS"]


def _table(name: str, places: str, columns: tuple[Column, ...]) -> Schema:
    """Return the schema of a table with SIDs, time of the list, and properties."""
    head = (*text(f"account_sid {places}"), *times("snapshot_time"), *DAY)
    sids = (place for place in places.split() if place.endswith("_sid"))
    return Schema(name, 1, (*head, *columns, *LAST), (*sids, "snapshot_time"))


_AVAILABLE: Final = (Column("available", "bool"),)
_DATES: Final = times("date_created date_updated")

SNAPSHOTS: Final = (
    _table(
        "workers",
        "workspace_sid worker_sid worker_name",
        (
            *text("activity_sid activity_name"),
            *_AVAILABLE,
            *text("attributes"),
            *_DATES,
            *times("date_status_changed"),
        ),
    ),
    _table("activities", "workspace_sid activity_sid activity_name", (*_AVAILABLE, *_DATES)),
    _table(
        "task_queues",
        "workspace_sid task_queue_sid task_queue_name",
        (
            *text("target_workers task_order"),
            *counts("max_reserved_workers"),
            *text("assignment_activity_sid assignment_activity_name"),
            *text("reservation_activity_sid reservation_activity_name"),
            *_DATES,
        ),
    ),
    _table(
        "workflows",
        "workspace_sid workflow_sid workflow_name",
        (
            *text("configuration document_content_type"),
            *counts("task_reservation_timeout"),
            *_DATES,
        ),
    ),
    _table(
        "task_channels",
        "workspace_sid task_channel_sid task_channel_name",
        (*text("unique_name"), Column("channel_optimized_routing", "bool"), *_DATES),
    ),
    _table(
        "worker_channels",
        "workspace_sid worker_sid worker_channel_sid",
        (
            *text("task_channel_sid task_channel_unique_name"),
            *counts("assigned_tasks"),
            *_AVAILABLE,
            *seconds("available_capacity_percentage"),
            *counts("configured_capacity"),
            *_DATES,
        ),
    ),
)
