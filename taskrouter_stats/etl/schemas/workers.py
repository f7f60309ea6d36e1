"""The schemas of one Worker's statistics."""

from typing import Final

from .column import (
    DURATION,
    FETCHED,
    LAST,
    REQUESTED,
    RESERVATIONS,
    SERVED,
    WINDOW_KEY,
    Schema,
    json,
    text,
)

__all__ = ["EXPORTED", "WORKERS"]

_WORKER: Final = text("account_sid workspace_sid worker_sid worker_name")

WORKERS: Final = (
    Schema(
        "worker_statistics",
        1,
        (*_WORKER, *REQUESTED, *SERVED, *RESERVATIONS, *FETCHED, *LAST),
        ("workspace_sid", "worker_sid", *WINDOW_KEY),
    ),
    Schema(
        "worker_activity_durations",
        1,
        (
            *_WORKER,
            *REQUESTED,
            *text("activity_sid activity_name"),
            *DURATION,
            *FETCHED,
            *json("extra"),
        ),
        ("workspace_sid", "worker_sid", *WINDOW_KEY, "activity_sid"),
    ),
)

EXPORTED: Final = ("worker_statistics", "worker_activity_durations")
"""The tables that an export can fetch alone, with ``table=``."""
