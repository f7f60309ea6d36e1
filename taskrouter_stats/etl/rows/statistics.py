"""Rows of statistics of all Workers, a TaskQueue, a Workflow or a Workspace."""

from collections.abc import Callable

from .answer import Answer
from .values import Row, measures, unknown_keys

__all__ = ["bulk_rows", "statistics_rows"]


def statistics_rows(table: str, sid: str | None = None) -> Callable[[Answer], list[Row]]:
    """Return the row function of a table whose answers are one row each.

    Args:
        table: the table.
        sid: the column of the SID that names the answer beside the Workspace's; None for none.
    """

    def make(answer: Answer) -> list[Row]:
        value = answer.value
        parts = [value, getattr(value, "cumulative", None), getattr(value, "realtime", None)]
        known = {**answer.known, "filters": _filters(answer)}
        known["extra"] = unknown_keys(*(part for part in parts if part is not None))
        if sid is not None:
            known[sid] = answer.query.sid
        return [measures(table, parts, known)]

    return make


def bulk_rows(answer: Answer) -> list[Row]:
    """Return a row for each TaskQueue of a bulk query."""
    known = {**answer.known, "filters": _filters(answer)}
    return [
        measures("task_queue_statistics", [queue], {**known, "extra": unknown_keys(queue)})
        for queue in answer.value.task_queue_data or ()
    ]


def _filters(answer: Answer) -> Row | None:
    return {name: text for name, text in answer.query.filters if name != "TaskChannel"} or None
