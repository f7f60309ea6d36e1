"""The schemas of the snapshot tables: what the server listed at a time."""

from typing import Final

from .column import DAY, LAST, Column, Schema, text, times

__all__ = ["SNAPSHOTS"]

_SNAPSHOT: Final = (*times("snapshot_time"), *DAY)

SNAPSHOTS: Final = (
    Schema(
        "workers",
        1,
        (
            *text("account_sid workspace_sid worker_sid worker_name"),
            *_SNAPSHOT,
            *text("activity_sid activity_name"),
            Column("available", "bool"),
            *text("attributes"),
            *times("date_created date_updated date_status_changed"),
            *LAST,
        ),
        ("workspace_sid", "worker_sid", "snapshot_time"),
    ),
    Schema(
        "activities",
        1,
        (
            *text("account_sid workspace_sid activity_sid activity_name"),
            *_SNAPSHOT,
            Column("available", "bool"),
            *times("date_created date_updated"),
            *LAST,
        ),
        ("workspace_sid", "activity_sid", "snapshot_time"),
    ),
)
