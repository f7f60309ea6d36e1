"""The estimated size of an answer and its rows in memory."""

from collections.abc import Mapping
from typing import Any, Final

from taskrouter_stats.models.record import Record

__all__ = ["ROW_BYTES", "estimated_bytes"]

ROW_BYTES: Final = 1000
"""Estimated bytes of a row in memory, without its longer texts."""

_PART_BYTES: Final = 50
"""Estimated bytes of a number, list or dict in memory, without its content."""


def estimated_bytes(value: Any) -> int:
    """Return the estimated bytes of an answer and its rows in memory.

    The estimate counts rows, the text of names, and values that no model knows.

    Args:
        value: the answer to a query for cumulative statistics.
    """
    cumulative = getattr(value, "cumulative", value)
    durations: tuple[Any, ...] = getattr(cumulative, "activity_durations", None) or ()
    splits: dict[int, Any] = getattr(cumulative, "split_by_wait_time", None) or {}
    records: list[Record] = [value, *durations, *splits.values()]
    records += [] if cumulative is value else [cumulative]
    names = sum(len(duration.friendly_name or "") for duration in durations)
    extra = sum(_size(record.extra) for record in records if record.extra)
    return ROW_BYTES * (1 + len(durations) + len(splits)) + names + extra


def _size(value: object) -> int:
    """Return the estimated bytes of a JSON value, nested to any depth."""
    total, remaining = 0, [value]
    while remaining:
        part: Any = remaining.pop()
        total += len(part) if isinstance(part, str) else _PART_BYTES
        if isinstance(part, Mapping):
            remaining += [*part, *part.values()]
        elif isinstance(part, (list, tuple)):
            remaining += part
    return total
