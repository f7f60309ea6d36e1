"""Rows of cumulative statistics: of one Worker, all Workers, a TaskQueue, a Workflow, a Workspace.

Each function here makes the row function of one table; ``thing`` is the kind of resource that has
the statistics, such as ``worker``, and is empty for all Workers and for the Workspace.
"""

from collections.abc import Callable, Mapping

from taskrouter_stats.models.record import SplitByWaitTime

from .answer import Answer
from .repeats import each_once
from .values import Row, measures, unknown_keys

__all__ = ["activity_duration_rows", "statistics_rows", "wait_split_rows"]


def statistics_rows(table: str, thing: str = "") -> Callable[[Answer], list[Row]]:
    """Return the row function of a table with one row for each answer."""

    def make(answer: Answer) -> list[Row]:
        value, cumulative = answer.value, answer.cumulative
        parts = {"cumulative": cumulative} if answer.combined else {}
        known = {**_place(answer, thing), "extra": unknown_keys(value, **parts)}
        return [measures(table, cumulative, known)]

    return make


def activity_duration_rows(table: str, thing: str = "") -> Callable[[Answer], list[Row]]:
    """Return the row function of a table with a row for each Activity of an answer."""

    def make(answer: Answer) -> list[Row]:
        place = _place(answer, thing)
        return [
            measures(
                table,
                duration,
                {
                    **place,
                    "activity_sid": duration.sid,
                    "activity_name": duration.friendly_name,
                    "extra": unknown_keys(duration),
                },
            )
            for duration in each_once(answer.cumulative.activity_durations)
        ]

    return make


def wait_split_rows(table: str, thing: str = "") -> Callable[[Answer], list[Row]]:
    """Return the row function of a table with a row for each threshold of an answer."""

    def make(answer: Answer) -> list[Row]:
        place = _place(answer, thing)
        splits: Mapping[int, SplitByWaitTime] = answer.cumulative.split_by_wait_time or {}
        return [
            measures(table, None, {**place, "threshold": threshold, **_sides(split)})
            for threshold, split in splits.items()
        ]

    return make


def _sides(split: SplitByWaitTime) -> Row:
    """Return the counts above and below a threshold."""
    sides = {"above": split.above, "below": split.below}
    counts = {
        f"{side}_{name}": getattr(found, name, None)
        for side, found in sides.items()
        for name in ("tasks_canceled", "reservations_accepted")
    }
    return {**counts, "extra": unknown_keys(split, **sides)}


def _place(answer: Answer, thing: str) -> Row:
    """Return the columns that say whose statistics these are, and of which window."""
    if not thing:
        return {**answer.known, "filters": answer.filters}
    named = {f"{thing}_sid": answer.query.sid, f"{thing}_name": answer.name}
    return {**answer.known, **named}
