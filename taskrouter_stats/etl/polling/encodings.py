"""The formats of a poll's files: rows to bytes, and many small files to one."""

import gzip
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Protocol

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.arrow import arrow_schema, arrow_table, pyarrow
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.etl.sinks.json_lines import to_line
from taskrouter_stats.etl.sinks.parquet import Compression

__all__ = ["Encoding", "JsonLinesEncoding", "ParquetEncoding"]

_ROWS_PER_GROUP: Final = 50_000
"""Rows of a row group when small files are merged: memory holds as many at once."""


class Encoding(Protocol):
    """A format of files. Its methods block."""

    ending: str
    """The ending of the files' names."""

    def encode(self, table: str, rows: Sequence[Row]) -> bytes:
        """Return the content of a file with these rows.

        Raises:
            Exception: a value that the format can't hold.
        """
        ...

    def join(self, table: str, files: Iterable[bytes]) -> bytes:
        """Return the content of one file with the rows of these files, in their order.

        Raises:
            StorageError: a file is damaged.
        """
        ...


class JsonLinesEncoding:
    """JSON Lines: one object for each row, times as ISO 8601 in UTC.

    Args:
        compression: ``"gzip"`` or None.
    """

    def __init__(self, compression: Literal["gzip"] | None = None) -> None:
        self.ending = "jsonl" if compression is None else "jsonl.gz"
        self._gzip = compression is not None

    def encode(self, table: str, rows: Sequence[Row]) -> bytes:
        """Return the rows as lines."""
        del table
        lines = b"".join(map(to_line, rows))
        return gzip.compress(lines) if self._gzip else lines

    def join(self, table: str, files: Iterable[bytes]) -> bytes:
        """Return the files' lines; several gzip members are one gzip file."""
        del table
        return b"".join(files)


class ParquetEncoding:
    """Parquet; ``day`` is in the folder's name only.

    Args:
        compression: the compression of the columns.
    """

    def __init__(self, compression: Compression = "zstd") -> None:
        pyarrow()
        self.ending = "parquet"
        self._compression = compression

    def encode(self, table: str, rows: Sequence[Row]) -> bytes:
        """Return the rows as a file."""
        return self._file([arrow_table(SCHEMAS[table], rows).drop_columns("day")])

    def join(self, table: str, files: Iterable[bytes]) -> bytes:
        """Return the files' rows as one file; a column that a file lacks is null."""
        pa = pyarrow()
        empty = arrow_schema(SCHEMAS[table]).empty_table().drop_columns("day")

        def read() -> Iterable[Any]:
            reader = pyarrow(".parquet").ParquetFile
            group: list[Any] = [empty]
            for file in files:
                group.append(reader(pa.BufferReader(file)).read())
                if sum(part.num_rows for part in group) >= _ROWS_PER_GROUP:
                    yield pa.concat_tables(group, promote_options="default")
                    group = [empty]
            yield pa.concat_tables(group, promote_options="default")

        try:
            return self._file(read())
        except pa.ArrowException as error:
            raise StorageError(f"a file of {table} is damaged: {error}") from None

    def _file(self, groups: Iterable[Any]) -> bytes:
        """Return a file with these row groups, one or more with the same columns."""
        buffer, writer = pyarrow().BufferOutputStream(), None
        for group in groups:
            if writer is None:
                make = pyarrow(".parquet").ParquetWriter
                writer = make(buffer, group.schema, compression=self._compression)
            writer.write_table(group)
        if writer is not None:
            writer.close()
        data: bytes = buffer.getvalue().to_pybytes()
        return data
