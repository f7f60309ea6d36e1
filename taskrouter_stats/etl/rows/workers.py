"""Rows of one Worker's statistics."""

from .answer import Answer
from .values import Row, measures, unknown_keys

__all__ = ["worker_activity_durations", "worker_statistics"]


def worker_statistics(answer: Answer) -> list[Row]:
    """Return the row of a Worker and a window."""
    extra = unknown_keys(answer.value, answer.cumulative)
    known = {**_whose(answer), "extra": extra}
    return [measures("worker_statistics", [answer.cumulative], known)]


def worker_activity_durations(answer: Answer) -> list[Row]:
    """Return a row for each Activity of a Worker and a window."""
    whose = {name: value for name, value in _whose(answer).items() if name != "url"}
    return [
        {
            **whose,
            "activity_sid": duration.sid,
            "activity_name": duration.friendly_name,
            "avg": duration.avg,
            "min": duration.min,
            "max": duration.max,
            "total": duration.total,
            "extra": dict(duration.extra) or None,
        }
        for duration in answer.cumulative.activity_durations or ()
    ]


def _whose(answer: Answer) -> Row:
    query, worker = answer.query, answer.query.context
    return {
        **answer.known,
        "account_sid": answer.value.account_sid or worker.account_sid,
        "worker_sid": query.sid,
        "worker_name": worker.friendly_name,
    }
