"""JSON Lines: one line for each answer, with its Activities or thresholds nested."""

from collections.abc import Sequence
from functools import cache
from typing import Any, BinaryIO, ClassVar, Final

import orjson

from taskrouter_stats.etl.latest import latest_rows
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import SCHEMAS

from .append import AppendSink

__all__ = ["JsonLinesSink", "nested", "to_line"]

_FORMAT: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def nested(tables: Tables) -> Tables:
    """Return an answer's rows as one row a main table, with its other rows as lists in it."""
    found = {name: list(rows) for name, rows in tables.items() if SCHEMAS[name].parent is None}
    for name, rows in tables.items():
        schema = SCHEMAS[name]
        if schema.parent is None:
            continue
        if not found.get(schema.parent):
            found[name] = rows
            continue
        row, *others = found[schema.parent]
        names = _own_names(name)
        own = [{each: child[each] for each in names} for child in rows]
        found[schema.parent] = [{**row, schema.nested_as: own or None}, *others]
    return found


@cache
def _own_names(table: str) -> tuple[str, ...]:
    """Return the columns that a row of this table does not share with its parent's row."""
    schema = SCHEMAS[table]
    shared = SCHEMAS[schema.parent or table].names
    return (*(name for name in schema.names if name not in shared), "extra")


def to_line(row: dict[str, Any]) -> bytes:
    """Return a row as one line of JSON with its line end."""
    return orjson.dumps(row, option=_FORMAT)


class JsonLinesSink(AppendSink):
    """JSON Lines: ``statistics.jsonl``, or a folder with a file for each table.

    Times are ISO 8601 in UTC. A single file holds ``worker_statistics`` by default. See
    :class:`AppendSink` for the arguments.
    """

    endings: ClassVar = (".jsonl", ".ndjson", ".json")
    default_table: ClassVar = "worker_statistics"

    @property
    def format(self) -> str:
        """The output's format."""
        return "JSON Lines" if self._table is None else f"JSON Lines of {self._table}"

    def nest(self, tables: Tables) -> Tables:
        """Nest Activities and thresholds, unless the only table is one of these."""
        return tables if self._table and SCHEMAS[self._table].parent else nested(tables)

    def encode(self, table: str, rows: Sequence[Row], *, first: bool) -> bytes:
        """Return the rows as lines."""
        del table, first
        return b"".join(map(to_line, rows))

    def latest(self, table: str, lines: BinaryIO, kept: BinaryIO) -> int:
        """Copy the latest row of each key; return the number of other rows."""
        keep, count = latest_rows(table, map(orjson.loads, lines))
        lines.seek(0)
        kept.writelines(line for number, line in enumerate(lines) if number in keep)
        return count - len(keep)
