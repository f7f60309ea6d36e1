"""The tables of each statistics operation, and the function that returns the rows of each."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from taskrouter_stats.core.outcome import Success
from taskrouter_stats.errors import UsageError

from .answer import SETTLE_DELAY, Answer
from .cumulative import activity_duration_rows, statistics_rows, wait_split_rows
from .real_time import real_time_rows
from .values import Row, Tables, plain_sids

__all__ = ["OPERATIONS", "RowFunction", "main_table", "rows"]

RowFunction = Callable[[Answer], list[Row]]
"""The function that returns an answer's rows of one table."""

_Functions = Mapping[str, RowFunction]
"""Row functions by their tables."""

_WORKER: Final[_Functions] = {
    "worker_statistics": statistics_rows("worker_statistics", "worker"),
    "worker_activity_durations": activity_duration_rows("worker_activity_durations", "worker"),
}
_WORKERS: Final[_Functions] = {
    "workers_statistics": statistics_rows("workers_statistics"),
    "workers_activity_durations": activity_duration_rows("workers_activity_durations"),
}
_WORKERS_NOW: Final = real_time_rows("workers")


def _of_tasks(kind: str, thing: str = "") -> _Functions:
    return {
        f"{kind}_statistics": statistics_rows(f"{kind}_statistics", thing),
        f"{kind}_wait_splits": wait_split_rows(f"{kind}_wait_splits", thing),
    }


_QUEUE: Final = _of_tasks("task_queue", "task_queue")
_QUEUE_NOW: Final = real_time_rows("task_queue", "task_queue")
_WORKFLOW: Final = _of_tasks("workflow", "workflow")
_WORKFLOW_NOW: Final = real_time_rows("workflow", "workflow")
_WORKSPACE: Final = _of_tasks("workspace")
_WORKSPACE_NOW: Final = real_time_rows("workspace")

OPERATIONS: Final[Mapping[str, _Functions]] = MappingProxyType(
    {
        "worker_statistics": _WORKER,
        "workers_statistics": {**_WORKERS, **_WORKERS_NOW},
        "workers_cumulative_statistics": _WORKERS,
        "workers_real_time_statistics": _WORKERS_NOW,
        "task_queue_statistics": {**_QUEUE, **_QUEUE_NOW},
        "task_queue_cumulative_statistics": _QUEUE,
        "task_queue_real_time_statistics": _QUEUE_NOW,
        "task_queues_bulk_real_time_statistics": _QUEUE_NOW,
        "workflow_statistics": {**_WORKFLOW, **_WORKFLOW_NOW},
        "workflow_cumulative_statistics": _WORKFLOW,
        "workflow_real_time_statistics": _WORKFLOW_NOW,
        "workspace_statistics": {**_WORKSPACE, **_WORKSPACE_NOW},
        "workspace_cumulative_statistics": _WORKSPACE,
        "workspace_real_time_statistics": _WORKSPACE_NOW,
    }
)
"""The row function of each table, by operation; the operation's main table stands first."""


def main_table(operation: str) -> str:
    """Return the main table of an operation's statistics.

    Raises:
        UsageError: the operation does not return statistics.
    """
    return next(iter(_functions(operation)))


def rows(
    success: Success[Any],
    *,
    fetched_at: datetime | None = None,
    settle: timedelta = SETTLE_DELAY,
    snapshot_time: datetime | None = None,
    tz: tzinfo = UTC,
) -> Tables:
    """Return the rows of one answer, by table.

    Args:
        success: the answer to any statistics query.
        fetched_at: when the answer arrived, aware; None if unknown.
        settle: time after a window's end after which its statistics no longer change.
        snapshot_time: the time that real-time rows are for, aware; None for ``fetched_at``.
        tz: the zone of that time's ``day``.

    Raises:
        UsageError: the answer does not hold statistics.
    """
    functions = _functions(success.query.endpoint.name)
    answer = Answer(success, fetched_at, settle, snapshot_time, tz)
    return plain_sids({table: function(answer) for table, function in functions.items()})


def _functions(operation: str) -> _Functions:
    functions = OPERATIONS.get(operation)
    if functions is None:
        raise UsageError(
            f"{operation} is not a statistics operation and has no table: expected an answer of a "
            "statistics query, such as queries.worker_statistics(…)"
        )
    return functions
