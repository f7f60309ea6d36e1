"""A worker's statistics as one flat row: what a JSON line holds."""

from typing import Any

from taskrouter_stats import Success
from taskrouter_stats.models import Worker, WorkerStatistics

__all__ = ["worker_row"]

_COUNTS = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")


def worker_row(success: Success[WorkerStatistics]) -> dict[str, Any]:
    """One worker and window.

    ``window_start`` and ``window_end`` are what was asked for, ``start_time`` and ``end_time``
    what the server answered for; both are UTC. What no model knows is kept under ``extra``.
    """
    query, value = success.query, success.value
    worker = query.context if isinstance(query.context, Worker) else Worker()
    window, cumulative = query.window, value.cumulative
    extra = dict(value.extra)
    if cumulative is not None and cumulative.extra:
        extra["cumulative"] = dict(cumulative.extra)
    counts = (f"reservations_{name}" for name in _COUNTS)
    return {
        "workspace_sid": query.workspace_sid,
        "worker_sid": query.sid,
        "worker_name": worker.friendly_name,
        "account_sid": value.account_sid or worker.account_sid,
        "task_channel": dict(query.filters).get("TaskChannel"),
        "window_start": window and window.start,
        "window_end": window and window.end,
        "start_time": cumulative and cumulative.start_time,
        "end_time": cumulative and cumulative.end_time,
        **{name: cumulative and getattr(cumulative, name) for name in counts},
        "activity_durations": _activities(value),
        "url": value.url,
        "extra": extra,
    }


def _activities(value: WorkerStatistics) -> list[dict[str, Any]] | None:
    if value.cumulative is None or value.cumulative.activity_durations is None:
        return None
    known = ("sid", "friendly_name", "avg", "min", "max", "total")
    return [
        {name: getattr(activity, name) for name in known}
        | ({"extra": dict(activity.extra)} if activity.extra else {})
        for activity in value.cumulative.activity_durations
    ]
