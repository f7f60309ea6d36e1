"""CSV by RFC 4180: comma, CRLF, quotes where needed, a header line, UTF-8.

For Excel a file begins with a byte order mark, without which Excel does not read UTF-8, and no text
can become a formula: a name such as ``=HYPERLINK(…)`` is evaluated by the program that reads it
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, BinaryIO, ClassVar, Final, Literal, TextIO

import orjson

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.latest import latest_rows
from taskrouter_stats.etl.output.storage import storage_errors
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.etl.schemas import SCHEMAS, Column, Kind
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.models.values import utc_text
from taskrouter_stats.session.options import check_bool

from .append import AppendSink

__all__ = ["EXCEL_CSV", "CsvSink"]

EXCEL_CSV: Final = "CSV for Excel"
"""The format of an output for spreadsheets, without its table."""


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


_MAX_FIELD: Final = 2**31 - 1
"""Characters of a field, at most: the largest limit that Python's CSV reader has everywhere."""

_TEXT: Final = ("string", "json")
"""Kinds of columns whose values may begin as a formula does; a negative number is not one."""

_SIGNS: Final = r"=+\-@\uff1d\uff0b\uff0d\uff20"
"""Characters that begin a formula in a spreadsheet; four are the full-width forms of the others."""

_FORMULA: Final = re.compile(
    rf'(?:^|(?<=[;\t\r\n]))(?=[ "]*[{_SIGNS}])'  # Excel of some countries splits at these too
    r"|^(?=[\t\r\n])"
)


class CsvSink(AppendSink):
    """CSV: a folder with a file for each table, or one file with ``table=``.

    Null is an empty field, times are ISO 8601 in UTC, booleans are ``true`` and ``false``. See
    :class:`AppendSink` for the other arguments.

    Args:
        excel: whether people open the files in a spreadsheet: each file begins with a byte order
            mark, and a ``'`` stands before each text that a spreadsheet would take for a formula.
            Text is text there, such as ``+1`` in a name; numbers stay numbers.

    Raises:
        ConfigError, InvalidParameter: an argument is wrong, or two of them contradict each other.
    """

    endings: ClassVar = (".csv",)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        table: str | None = None,
        compression: Literal["gzip"] | None = None,
        excel: bool = False,
    ) -> None:
        path = masked(path)  # a URI may hold a secret; a traceback may show local variables
        check_bool("excel", excel)
        super().__init__(path, table=table, compression=compression)
        self._excel = excel
        self._has_columns: set[str] = set()

    @property
    def format(self) -> str:
        """The output's format."""
        name = EXCEL_CSV if self._excel else "CSV"
        return name if self._table is None else f"{name} of {self._table}"

    def encode(self, table: str, rows: Sequence[Row], *, first: bool) -> bytes:
        """Return the rows as lines, after the header if the file is empty.

        Raises:
            StorageError: the file has a header with other columns.
        """
        if not first and table not in self._has_columns:
            self._check_header(table)
        self._has_columns.add(table)
        columns = SCHEMAS[table].columns
        lines = ([self._cell(column, row[column.name]) for column in columns] for row in rows)
        return (self._header(table) if first else b"") + _lines(lines).encode()

    def latest(self, table: str, lines: BinaryIO, kept: BinaryIO) -> int:
        """Copy the header and the latest row of each key; return the number of other rows."""
        with _any_field_size():
            with _as_text(lines, self._encoding) as text:
                keep, count = latest_rows(table, csv.DictReader(text, strict=True))
            lines.seek(0)
            with _as_text(lines, self._encoding) as text, _as_text(kept, self._encoding) as out:
                writer = csv.writer(out, lineterminator="\r\n")
                for number, row in enumerate(csv.reader(text, strict=True), -1):
                    if number < 0 or number in keep:
                        writer.writerow(row)
        return count - len(keep)

    def _header(self, table: str) -> bytes:
        return _lines([SCHEMAS[table].names]).encode(self._encoding)

    def _check_header(self, table: str) -> None:
        """Raise ``StorageError`` if a file's columns are not those of this version."""
        header, path, found = self._header(table), self._path(table), b""
        with (
            storage_errors(str(path)),
            suppress(EOFError, zlib.error),
            gzip.open(path) if self._gzip else path.open("rb") as file,
        ):
            found = file.read(len(header))
        if found != header:
            raise StorageError(
                f"{path} has other columns than this version writes into {table}: take another "
                "output; --fresh starts over"
            )

    @property
    def _encoding(self) -> str:
        """The encoding of a whole file; ``utf-8-sig`` is UTF-8 after a byte order mark."""
        return "utf-8-sig" if self._excel else "utf-8"

    def _cell(self, column: Column, value: Any) -> Any:
        if value is None:
            return None
        written: Any = _WRITE[column.kind](value)
        return _FORMULA.sub("'", written) if self._excel and column.kind in _TEXT else written


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


@contextmanager
def _any_field_size() -> Generator[None]:
    """Read fields of any size, such as a large ``extra``; Python's limit is one for all readers."""
    before = csv.field_size_limit(_MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@contextmanager
def _as_text(file: BinaryIO, encoding: str) -> Generator[TextIO]:
    """Wrap a binary file as text, and leave it open at the end."""
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield text
    finally:
        text.detach()
