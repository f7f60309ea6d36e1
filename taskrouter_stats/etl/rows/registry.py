"""The tables of each statistics operation, and the function that returns the rows of each."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from taskrouter_stats.core.outcome import Success
from taskrouter_stats.errors import UsageError

from .answer import SETTLE_DELAY, Answer
from .statistics import bulk_rows, statistics_rows
from .values import Row, Tables, plain_sids
from .workers import worker_activity_durations, worker_statistics

__all__ = ["OPERATIONS", "RowFunction", "main_table", "rows"]

RowFunction = Callable[[Answer], list[Row]]
"""The function that returns an answer's rows of one table."""

_WORKER: Final[Mapping[str, RowFunction]] = {
    "worker_statistics": worker_statistics,
    "worker_activity_durations": worker_activity_durations,
}
_WORKERS: Final = {"workers_statistics": statistics_rows("workers_statistics")}
_WORKSPACE: Final = {"workspace_statistics": statistics_rows("workspace_statistics")}
_WORKFLOW: Final = {"workflow_statistics": statistics_rows("workflow_statistics", "workflow_sid")}
_QUEUE: Final = {
    "task_queue_statistics": statistics_rows("task_queue_statistics", "task_queue_sid")
}

OPERATIONS: Final[Mapping[str, Mapping[str, RowFunction]]] = MappingProxyType(
    {
        "worker_statistics": _WORKER,
        "workers_statistics": _WORKERS,
        "workers_cumulative_statistics": _WORKERS,
        "workers_real_time_statistics": _WORKERS,
        "task_queue_statistics": _QUEUE,
        "task_queue_cumulative_statistics": _QUEUE,
        "task_queue_real_time_statistics": _QUEUE,
        "task_queues_bulk_real_time_statistics": {"task_queue_statistics": bulk_rows},
        "workflow_statistics": _WORKFLOW,
        "workflow_cumulative_statistics": _WORKFLOW,
        "workflow_real_time_statistics": _WORKFLOW,
        "workspace_statistics": _WORKSPACE,
        "workspace_cumulative_statistics": _WORKSPACE,
        "workspace_real_time_statistics": _WORKSPACE,
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
    success: Success[Any], *, fetched_at: datetime | None = None, settle: timedelta = SETTLE_DELAY
) -> Tables:
    """Return the rows of one answer, by table.

    Args:
        success: the answer to any statistics query.
        fetched_at: when the answer arrived, aware; None if unknown.
        settle: time after a window's end after which its statistics no longer change.

    Raises:
        UsageError: the answer does not hold statistics.
    """
    functions = _functions(success.query.endpoint.name)
    answer = Answer(success, fetched_at, settle)
    return plain_sids({table: function(answer) for table, function in functions.items()})


def _functions(operation: str) -> Mapping[str, RowFunction]:
    functions = OPERATIONS.get(operation)
    if functions is None:
        raise UsageError(
            f"{operation} is not a statistics operation and has no table: expected an answer of a "
            "statistics query, such as queries.worker_statistics(…)"
        )
    return functions
