"""Rows of real-time statistics: what the server counted when it was asked."""

from collections.abc import Callable

from .answer import Answer
from .values import Row, measures, unknown_keys

__all__ = ["bulk_rows", "real_time_rows"]


def real_time_rows(table: str, thing: str = "") -> Callable[[Answer], list[Row]]:
    """Return the row function of a table with one row for each answer."""

    def make(answer: Answer) -> list[Row]:
        known = {**answer.known, "filters": answer.filters}
        if thing:
            known |= {f"{thing}_sid": answer.query.sid, f"{thing}_name": answer.name}
        realtime = answer.realtime
        return [measures(table, realtime, {**known, "extra": unknown_keys(realtime)})]

    return make


def bulk_rows(answer: Answer) -> list[Row]:
    """Return a row for each TaskQueue of a bulk query."""
    known = {**answer.known, "filters": answer.filters}
    return [
        measures(
            "task_queue_real_time_statistics",
            queue,
            {**known, "extra": unknown_keys(queue)},
        )
        for queue in answer.value.task_queue_data or ()
    ]
