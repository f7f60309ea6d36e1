"""JSON Lines: one line for each worker and window, with its activities nested."""

from collections.abc import Sequence
from typing import Any, BinaryIO, ClassVar, Final

import orjson

from taskrouter_stats.etl.latest import latest_rows
from taskrouter_stats.etl.rows import Row, Tables

from .append import AppendSink

__all__ = ["JsonLinesSink", "nested", "to_line"]

_FORMAT: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_OWN: Final = ("activity_sid", "activity_name", "avg", "min", "max", "total", "extra")


def nested(tables: Tables) -> Tables:
    """Return a worker's rows as one row, whose ``activity_durations`` is a list or null."""
    workers = tables.get("worker_statistics")
    if not workers:
        return tables
    durations = [
        {name: row[name] for name in _OWN} for row in tables.get("worker_activity_durations", ())
    ]
    return {"worker_statistics": [{**workers[0], "activity_durations": durations or None}]}


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
        """Nest the activities, unless the only table is ``worker_activity_durations``."""
        return tables if self._table == "worker_activity_durations" else nested(tables)

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
