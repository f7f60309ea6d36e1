"""The schemas of the tables: fixed, versioned, never inferred from data.

A new version only appends columns. Counts are ``int64``, durations are seconds as ``float64``,
times are ``timestamp[us, UTC]``, SIDs and names are text. Every measure may be null: Twilio's
API description calls them nullable, and its examples omit some. ``json`` columns hold JSON as
text: values without a fixed shape, and in ``extra`` the keys that no model knows.

Statistics tables hold two times: ``window_start`` and ``window_end`` are the requested window,
``start_time`` and ``end_time`` the window of the server's answer. ``day`` is the local date in
``tz`` on which the window begins; ``tz`` is the zone's IANA name, or its offset at that time.
``complete`` is false for a window that had not settled when it was fetched; a later run fetches it
again. In Parquet the later row replaces the older one. JSON Lines and CSV files hold both until
``etl.compact(…)`` runs: of rows with the same key, the one with the latest ``fetched_at`` is right.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from attrs import frozen

__all__ = ["EXPORTED", "SCHEMAS", "Column", "Kind", "Schema"]

Kind = Literal["string", "int64", "float64", "timestamp", "date", "bool", "json"]


@frozen
class Column:
    """A column of a table.

    Attributes:
        name: the column's name; the JSON's name for values of the server.
        kind: the column's type.
    """

    name: str
    kind: Kind


@frozen
class Schema:
    """The schema of a table.

    Attributes:
        name: the table's name.
        version: the schema's version, >= 1.
        columns: the columns, in order.
        key: the columns that identify a row, except for windows that were fetched again.
    """

    name: str
    version: int
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _columns(kind: Kind, names: Iterable[str]) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name in names)


def _text(names: str) -> tuple[Column, ...]:
    return _columns("string", names.split())


def _counts(names: str) -> tuple[Column, ...]:
    return _columns("int64", names.split())


def _seconds(names: str) -> tuple[Column, ...]:
    return _columns("float64", names.split())


def _times(names: str) -> tuple[Column, ...]:
    return _columns("timestamp", names.split())


def _json(names: str) -> tuple[Column, ...]:
    return _columns("json", names.split())


def _waits(names: str) -> tuple[Column, ...]:
    """Four columns for each duration: its ``avg``, ``min``, ``max`` and ``total``, seconds."""
    each = (f"{name}_{part}" for name in names.split() for part in ("avg", "min", "max", "total"))
    return _columns("float64", each)


_DAY: Final = (Column("day", "date"), Column("tz", "string"))
_REQUESTED: Final = (*_text("task_channel"), *_DAY, *_times("window_start window_end"))
_SERVED: Final = _times("start_time end_time")
_FETCHED: Final = (*_times("fetched_at"), Column("complete", "bool"))
_LAST: Final = (*_text("url"), *_json("extra"))
_WINDOW_KEY: Final = ("task_channel", "window_start", "window_end")

_RESERVATIONS: Final = _counts(
    "reservations_created reservations_accepted reservations_rejected "
    "reservations_timed_out reservations_canceled reservations_rescinded"
)
_DURATION: Final = _seconds("avg min max total")
_TASKS: Final = (
    *_seconds("avg_task_acceptance_time"),
    *_counts("tasks_canceled tasks_completed tasks_deleted tasks_moved"),
    *_waits("wait_duration_until_accepted wait_duration_until_canceled"),
    *_json("split_by_wait_time"),
)
_TASKS_NOW: Final = (
    *_seconds("longest_task_waiting_age"),
    *_text("longest_task_waiting_sid"),
    *_json("tasks_by_priority tasks_by_status"),
    *_counts("total_tasks"),
)
_WORKERS_NOW: Final = (*_json("activity_statistics"), *_counts("total_workers"))


def _statistics(name: str, sids: str, measures: tuple[Column, ...]) -> Schema:
    """Return the schema of a table with SIDs, requested and served window, and measures."""
    places = _text(f"account_sid {sids}")
    head = (*places, *_json("filters"), *_REQUESTED, *_SERVED)
    key = (*sids.split(), "filters", *_WINDOW_KEY, "fetched_at")
    return Schema(name, 1, (*head, *measures, *_FETCHED, *_LAST), key)


_WORKER: Final = _text("account_sid workspace_sid worker_sid worker_name")
_SNAPSHOT: Final = (*_times("snapshot_time"), *_DAY)

_ALL: Final = (
    Schema(
        "worker_statistics",
        1,
        (*_WORKER, *_REQUESTED, *_SERVED, *_RESERVATIONS, *_FETCHED, *_LAST),
        ("workspace_sid", "worker_sid", *_WINDOW_KEY),
    ),
    Schema(
        "worker_activity_durations",
        1,
        (
            *_WORKER,
            *_REQUESTED,
            *_text("activity_sid activity_name"),
            *_DURATION,
            *_FETCHED,
            *_json("extra"),
        ),
        ("workspace_sid", "worker_sid", *_WINDOW_KEY, "activity_sid"),
    ),
    Schema(
        "workers",
        1,
        (
            *_WORKER,
            *_SNAPSHOT,
            *_text("activity_sid activity_name"),
            Column("available", "bool"),
            *_text("attributes"),
            *_times("date_created date_updated date_status_changed"),
            *_LAST,
        ),
        ("workspace_sid", "worker_sid", "snapshot_time"),
    ),
    Schema(
        "activities",
        1,
        (
            *_text("account_sid workspace_sid activity_sid activity_name"),
            *_SNAPSHOT,
            Column("available", "bool"),
            *_times("date_created date_updated"),
            *_LAST,
        ),
        ("workspace_sid", "activity_sid", "snapshot_time"),
    ),
    _statistics(
        "workers_statistics",
        "workspace_sid",
        (*_RESERVATIONS, *_json("activity_durations"), *_WORKERS_NOW),
    ),
    _statistics(
        "workspace_statistics",
        "workspace_sid",
        (
            *_RESERVATIONS,
            *_TASKS,
            *_counts("tasks_created tasks_timed_out_in_workflow"),
            *_TASKS_NOW,
            *_WORKERS_NOW,
        ),
    ),
    _statistics(
        "workflow_statistics",
        "workspace_sid workflow_sid",
        (
            *_RESERVATIONS,
            *_TASKS,
            *_counts("tasks_entered tasks_timed_out_in_workflow"),
            *_TASKS_NOW,
        ),
    ),
    _statistics(
        "task_queue_statistics",
        "workspace_sid task_queue_sid",
        (
            *_RESERVATIONS,
            *_TASKS,
            *_counts("tasks_entered"),
            *_waits("wait_duration_in_queue_until_accepted"),
            *_TASKS_NOW,
            *_json("activity_statistics"),
            *_counts("total_available_workers total_eligible_workers"),
            *_seconds("longest_relative_task_age_in_queue"),
            *_text("longest_relative_task_sid_in_queue"),
        ),
    ),
)

SCHEMAS: Final[Mapping[str, Schema]] = MappingProxyType({schema.name: schema for schema in _ALL})
"""Every table by its name."""

EXPORTED: Final = ("worker_statistics", "worker_activity_durations")
"""The tables that an export can fetch alone, with ``table=``."""
