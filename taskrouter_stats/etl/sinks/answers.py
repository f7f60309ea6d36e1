"""The answers of a batch, whose rows replace those of older answers to the same queries."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from taskrouter_stats.etl.arrow import json_text
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.models.sids import sid_of

__all__ = ["Answers", "answer_key", "answers", "unsettled_windows"]

Answers = dict[str, set[tuple[Any, ...]]]
"""The keys of answers by their main table."""


def answers(batch: Sequence[Tables]) -> tuple[Answers, set[str]]:
    """Return the keys of these rows' answers by their main table, and their windows."""
    answered: Answers = defaultdict(set)
    windows: set[str] = set()
    for tables in batch:
        for table, rows in tables.items():
            schema = SCHEMAS[table]
            if schema.parent is None and "complete" in schema.names:
                answered[table].update(answer_key(row, table) for row in rows)
                windows.update(map(_window, rows))
    return answered, windows


def answer_key(row: Row, table: str) -> tuple[Any, ...]:
    """Return the key of a row's answer."""
    values = (row[name] for name in SCHEMAS[table].answer_key)
    plain = (json_text(value) if isinstance(value, dict) else value for value in values)
    return tuple(sid_of(value) if isinstance(value, str) else value for value in plain)


def unsettled_windows(table: Any) -> tuple[str, ...]:
    """Return the windows of rows that had not settled when they were fetched."""
    if "complete" not in table.column_names or False not in table["complete"].to_pylist():
        return ()
    rows = table.select(["complete", "window_start", "window_end"]).to_pylist()
    return tuple(sorted({_window(row) for row in rows if row["complete"] is False}))


def _window(row: Row) -> str:
    ends = (row["window_start"], row["window_end"])
    return "/".join("" if end is None else end.isoformat() for end in ends)
