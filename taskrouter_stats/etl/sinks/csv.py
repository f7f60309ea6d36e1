"""CSV as RFC 4180 describes it: comma, CRLF, quotes where needed, a header line, UTF-8."""

import csv
import io
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, BinaryIO, ClassVar, Final, TextIO

import orjson

from taskrouter_stats.etl.latest import latest_rows
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.etl.schemas import SCHEMAS, Kind
from taskrouter_stats.models.values import utc_text

from .append import AppendSink

__all__ = ["CsvSink"]


def _day(value: date) -> str:
    return value.isoformat()


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _flag(value: object) -> str:
    return "true" if value else "false"


_WRITE: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "string": str,
    "int64": int,
    "float64": float,
    "timestamp": utc_text,
    "date": _day,
    "bool": _flag,
    "json": _json,
}


class CsvSink(AppendSink):
    """CSV: a folder with a file for each table, or one file with ``table=``.

    Null is an empty field, times are ISO 8601 in UTC, flags are ``true`` and ``false``. See
    :class:`GrowingSink` for the arguments.
    """

    endings: ClassVar = (".csv",)

    @property
    def format(self) -> str:
        """What kind of output this is."""
        return "CSV" if self._table is None else f"CSV of {self._table}"

    def encode(self, table: str, rows: Sequence[Row], *, first: bool) -> bytes:
        """The rows as lines, below the header in a file that is new."""
        columns = SCHEMAS[table].columns
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        if first:
            writer.writerow(column.name for column in columns)
        for row in rows:
            writer.writerow(
                None if row[column.name] is None else _WRITE[column.kind](row[column.name])
                for column in columns
            )
        return text.getvalue().encode()

    def latest(self, table: str, lines: BinaryIO, kept: BinaryIO) -> int:
        """Copy the header and the latest row of each key; return how many are left out."""
        with _as_text(lines) as text:
            keep, count = latest_rows(table, csv.DictReader(text, strict=True))
        lines.seek(0)
        with _as_text(lines) as text, _as_text(kept) as out:
            writer = csv.writer(out, lineterminator="\r\n")
            for number, row in enumerate(csv.reader(text, strict=True), -1):
                if number < 0 or number in keep:
                    writer.writerow(row)
        return count - len(keep)


@contextmanager
def _as_text(file: BinaryIO) -> Generator[TextIO]:
    """Read or write a file as text, and leave it open."""
    text = io.TextIOWrapper(file, "utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()
