"""Rows of real-time statistics: what the server counted when it was asked.

``thing`` is the kind of resource that the statistics are about, ``task_queue`` or ``workflow``; it
is empty for all Workers and for the Workspace.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from taskrouter_stats.models import LiveWorker, TaskQueuesBulkRealTimeStatistics

from .answer import Answer
from .values import Row, Tables, measures, plain_sids, plain_time, unknown_keys, zone_name

__all__ = ["real_time_rows", "snapshot_columns", "worker_activity_rows"]

_RowFunction = Callable[[Answer], list[Row]]


def real_time_rows(kind: str, thing: str = "") -> Mapping[str, _RowFunction]:
    """Return the row function of each table of an answer, the table with one row a thing first.

    Args:
        kind: the beginning of the tables' names.
        thing: the kind of resource that the statistics are about.
    """
    functions = {f"{kind}_real_time_statistics": _totals(f"{kind}_real_time_statistics", thing)}
    if kind != "workers":
        for column in ("status", "priority"):
            table = f"{kind}_tasks_by_{column}"
            functions[table] = _tasks(table, thing, column)
    if kind != "workflow":
        table = "workers_by_activity" if kind == "workers" else f"{kind}_workers_by_activity"
        functions[table] = _workers(table, thing)
    return functions


def snapshot_columns(time: datetime | None, tz: tzinfo = UTC) -> Row:
    """Return the columns of a snapshot's time: the time, its local day and the zone."""
    at = plain_time(time)
    if at is None:
        return {"snapshot_time": None, "day": None, "tz": None}
    return {"snapshot_time": at, "day": at.astimezone(tz).date(), "tz": zone_name(tz, at)}


def worker_activity_rows(worker: LiveWorker, known: Row) -> Tables:
    """Return the row of ``worker_activity``: what a Worker does, and for how long.

    Args:
        worker: the Worker.
        known: the columns of the snapshot.
    """
    named = {
        "worker_sid": worker.sid,
        "worker_name": worker.friendly_name,
        "extra": dict(worker.extra) or None,
    }
    return plain_sids(
        {"worker_activity": [measures("worker_activity", worker, {**known, **named})]}
    )


def _totals(table: str, thing: str) -> _RowFunction:
    def make(answer: Answer) -> list[Row]:
        return [
            measures(table, part, {**known, "extra": unknown_keys(part)})
            for part, known in _parts(answer, thing)
        ]

    return make


def _tasks(table: str, thing: str, column: str) -> _RowFunction:
    """Return the row function of Tasks by status or by priority."""

    def make(answer: Answer) -> list[Row]:
        found: list[Row] = []
        for part, known in _parts(answer, thing):
            tasks: Mapping[str, int] = getattr(part, f"tasks_by_{column}") or {}
            found += (
                measures(table, None, {**known, column: name, "tasks": count})
                for name, count in tasks.items()
            )
        return found

    return make


def _workers(table: str, thing: str) -> _RowFunction:
    """Return the row function of Workers by Activity."""

    def make(answer: Answer) -> list[Row]:
        return [
            measures(
                table,
                None,
                {
                    **known,
                    "activity_sid": activity.sid,
                    "activity_name": activity.friendly_name,
                    "workers": activity.workers,
                    "extra": unknown_keys(activity),
                },
            )
            for part, known in _parts(answer, thing)
            for activity in part.activity_statistics or ()
        ]

    return make


def _parts(answer: Answer, thing: str) -> list[tuple[Any, Row]]:
    """Return the records with real-time counts, and the columns that name each."""
    known, value = _known(answer), answer.value
    if isinstance(value, TaskQueuesBulkRealTimeStatistics):
        queues = value.task_queue_data
        return [(queue, {**known, "task_queue_sid": queue.task_queue_sid}) for queue in queues]
    if thing:
        known |= {f"{thing}_sid": answer.query.sid, f"{thing}_name": answer.name}
    return [] if answer.realtime is None else [(answer.realtime, known)]


def _known(answer: Answer) -> Row:
    """Return the columns that all real-time rows of an answer share."""
    return {
        **answer.known,
        "filters": answer.filters,
        **snapshot_columns(answer.snapshot_time or answer.fetched_at, answer.tz),
    }
