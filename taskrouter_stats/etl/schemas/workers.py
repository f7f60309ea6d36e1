"""The schemas of one Worker's statistics."""

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
    Schema,
    child,
    text,
)

__all__ = ["WORKERS"]

_WORKER: Final = Schema(
    "worker_statistics",
    1,
    (
        *text("account_sid workspace_sid worker_sid worker_name"),
        *REQUESTED,
        *SERVED,
        *RESERVATIONS,
        *FETCHED,
        *LAST,
    ),
    ("workspace_sid", "worker_sid", *WINDOW_KEY),
)

WORKERS: Final = (_WORKER, child(_WORKER, "worker_activity_durations", ACTIVITY, DURATION))
