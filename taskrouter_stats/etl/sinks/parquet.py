"""Parquet: a folder of small parts by table, account, workspace and day, as Hive lays them out.

Each batch makes one part for each table and day that it touches, put there whole. The checkpoint
lists the parts of the run that is under way; when that run died, the next one removes the parts
of its that no commit knows. Parts of runs that ended, and files of others, are never touched.

``day`` stands in the folders' names alone: readers that know Hive's layout make a column of it,
and most of them refuse one that is there twice.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from taskrouter_stats.errors import ConfigError, InvalidParameter, StorageError
from taskrouter_stats.etl.arrow import arrow_table, pyarrow
from taskrouter_stats.etl.checkpoint import Checkpoint, Position
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.etl.storage import Folder, ObjectStore, Storage, shown_uri, storing
from taskrouter_stats.models.secret import hidden

from .growing import check_table, set_aside, text_of

__all__ = ["ParquetSink"]

Compression = Literal["snappy", "zstd", "gzip", "lz4", "none"]

_COMPRESSIONS: Final = ("snappy", "zstd", "gzip", "lz4", "none")
_UNKNOWN: Final = "unknown"
"""For a folder whose value nobody said; Hive's own word for null trips readers up."""


class ParquetSink:
    """Parquet in a folder, or in an object store by its URI, such as ``s3://bucket/lake``.

    ``lake/worker_statistics/account=…/workspace=…/day=…/part-<run>-<n>.parquet``. It needs the
    extra ``parquet``.

    Args:
        path: the folder, or a URI that pyarrow's filesystems know.
        table: only this table, a name from ``SCHEMAS``; all by default.
        compression: of the columns.

    Raises:
        ConfigError: for a name that is a file's.
        InvalidParameter: for another table or compression.
        MissingExtra: without pyarrow.
    """

    state = "_state"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        table: str | None = None,
        compression: Compression = "zstd",
    ) -> None:
        pyarrow()
        path = hidden(path)  # a URI may hold a secret, and a traceback may show locals
        text = hidden(text_of(path, "a folder's name or a URI"))
        name = shown_uri(text)
        if text.endswith(".parquet"):
            raise ConfigError(f"{name}: Parquet makes a folder of parts, so name a folder")
        if compression not in _COMPRESSIONS:
            raise InvalidParameter("compression", compression, f"one of {', '.join(_COMPRESSIONS)}")
        check_table(table)
        self.storage: Storage = (
            ObjectStore.at(text.rstrip("/")) if "://" in text else Folder(Path(name).absolute())
        )
        with storing(name):
            if isinstance(self.storage, Folder) and self.storage.root.is_file():
                raise ConfigError(f"{name} is a file: Parquet makes a folder of parts")
        self._table = table
        self._compression = compression
        self._run, self._count = "", 0

    @property
    def format(self) -> str:
        """What kind of output this is."""
        return "Parquet" if self._table is None else f"Parquet of {self._table}"

    @property
    def snapshots(self) -> bool:
        """Whether it has a place for the tables ``workers`` and ``activities``."""
        return self._table is None

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Remove the parts of a run that died which no commit knows."""
        last = checkpoint.last
        self._run, self._count = run, 0
        if last is None or last.ended or not last.run:
            return
        known = set(checkpoint.parts)
        for table in SCHEMAS:
            for name in self.storage.names(table):
                if f"part-{last.run}-" in name and name not in known:
                    self.storage.remove(name)

    def write(self, batch: Sequence[Tables]) -> Position:
        """One part for each table, workspace and day in the batch."""
        gathered: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for tables in batch:
            for table, rows in tables.items():
                if self._table in (None, table):
                    for row in rows:
                        gathered[table, _partition(row)].append(row)
        self._count += 1
        parts: list[str] = []
        try:
            for (table, partition), rows in gathered.items():
                name = f"{table}/{partition}/part-{self._run}-{self._count:05d}.parquet"
                parts.append(name)
                self.storage.put(name, self._encode(table, rows))
        except BaseException:
            for name in parts:
                with suppress(OSError, StorageError):
                    self.storage.remove(name)
            raise
        return Position(parts=tuple(parts))

    def start_over(self, stamp: str) -> None:
        """Move the folder aside.

        Raises:
            ConfigError: for an object store, where nothing can be moved at once.
        """
        if not isinstance(self.storage, Folder):
            raise ConfigError(f"{self.storage.place}: name another place to start over")
        with storing(self.storage.place):
            set_aside(self.storage.root, stamp)

    def _encode(self, table: str, rows: Sequence[Row]) -> bytes:
        buffer = pyarrow().BufferOutputStream()
        whole = arrow_table(SCHEMAS[table], rows).drop_columns("day")  # the folder's name says it
        pyarrow(".parquet").write_table(whole, buffer, compression=self._compression)
        data: bytes = buffer.getvalue().to_pybytes()
        return data


def _partition(row: Row) -> str:
    values = (("account", "account_sid"), ("workspace", "workspace_sid"), ("day", "day"))
    return "/".join(f"{name}={row[column] or _UNKNOWN}" for name, column in values)
