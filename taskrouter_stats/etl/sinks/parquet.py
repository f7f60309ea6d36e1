"""Parquet: a folder of small parts by table, account, workspace and day, in Hive's layout.

Each batch writes one part, atomically, for each table and day in it. The checkpoint lists the
parts; after a crash the next run removes the parts of the crashed run that no commit lists. It
never touches files of other programs. A listed part that does not exist, or parts without a
checkpoint, raise an error: a run that continued would report rows that do not exist, or store rows
twice.

The next answer replaces the rows of a window that had not settled. The sink writes the part that
holds them again without them, and removes the older part after the commit. Between these two
steps, and until the next run after a crash there, a reader that opens every file finds the rows of
both parts: of rows with the same key, the one with the latest ``fetched_at`` is right.

``day`` is part of the folders' names only: readers that know Hive's layout make a column of it,
and most of them refuse a second column of that name.
"""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Literal

from taskrouter_stats.errors import (
    ConfigError,
    InvalidParameter,
    StorageError,
)
from taskrouter_stats.etl.arrow import arrow_table, pyarrow
from taskrouter_stats.etl.latest import latest_rows
from taskrouter_stats.etl.output.storage import (
    Folder,
    ObjectStore,
    Storage,
    local_path,
    shown_uri,
    storage_errors,
)
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import POLLED, SCHEMAS
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, Position
from taskrouter_stats.models.redaction import masked

from .answers import Answers, answer_key, answers, unsettled_windows
from .append import move_aside
from .arguments import check_table, text_of
from .partition import partition_of

__all__ = ["Compression", "ParquetSink"]

Compression = Literal["snappy", "zstd", "gzip", "lz4", "none"]

_COMPRESSIONS: Final = ("snappy", "zstd", "gzip", "lz4", "none")
_PART: Final = re.compile(r"/part-(\d{8}T\d{6}Z-[0-9a-f]{8})-\d+\.parquet$")
_SECOND: Final = len("20261101T120000Z")
"""Characters of a run's name that say when it began."""


class ParquetSink:
    """Parquet in a folder, or in an object store by its URI, such as ``s3://bucket/lake``.

    Files: ``lake/worker_statistics/account=…/workspace=…/day=…/part-<run>-<n>.parquet``. Requires
    the extra ``parquet``.

    Args:
        path: the folder, or a URI that pyarrow can open.
        table: only this table of cumulative statistics; None for all tables.
        compression: the compression of the columns.

    Raises:
        ConfigError: the path names a file.
        InvalidParameter: the table or the compression is unknown.
        MissingExtra: pyarrow is not installed.
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
        path = masked(path)  # a URI may hold a secret; a traceback may show local variables
        text = masked(text_of(path, "a folder's name or a URI"))
        name = shown_uri(text)
        if text.endswith(".parquet"):
            raise ConfigError(f"{name}: Parquet makes a folder of parts, so name a folder")
        if compression not in _COMPRESSIONS:
            raise InvalidParameter("compression", compression, f"one of {', '.join(_COMPRESSIONS)}")
        check_table(table)
        place = local_path(text)
        self.storage: Storage = (
            ObjectStore.at(text.rstrip("/")) if place is None else Folder(place, self.state)
        )
        with storage_errors(name):
            if isinstance(self.storage, Folder) and self.storage.root.is_file():
                raise ConfigError(f"{name} is a file: Parquet makes a folder of parts")
        self._table = table
        self._compression: Compression = compression
        self._run, self._count = "", 0
        self._unsettled: dict[str, tuple[str, ...]] = {}

    @property
    def format(self) -> str:
        """The output's format."""
        return "Parquet" if self._table is None else f"Parquet of {self._table}"

    @property
    def compression(self) -> Compression:
        """The compression of the columns."""
        return self._compression

    @property
    def table(self) -> str | None:
        """The only table of the output; None for all."""
        return self._table

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Compare the parts with the checkpoint, and remove those that no commit lists.

        Raises:
            StorageError: a committed part or the checkpoint does not exist any more, a part has
                another size, or the checkpoint is older than the parts.
        """
        last, known = checkpoint.last, set(checkpoint.parts)
        self._run, self._count = run, 0
        self._unsettled = checkpoint.unsettled
        found = self._found()
        self._compare(found, checkpoint, begun=last is not None)
        if last is not None:
            self._refuse_newer(found.keys() - known, {last.run, *map(_run_of, known)})
        if last is not None and last.run and not last.ended:
            for name in sorted(found.keys() - known):
                if f"part-{last.run}-" in name:
                    self.storage.remove(name)

    def write(self, batch: Sequence[Tables]) -> Position:
        """Write a part for each table, workspace and day, and replace rows of older answers."""
        gathered = self._gather(batch)
        answered, windows = answers(batch)
        self._count += 1
        changed: dict[str, Any] = {}
        removed: list[str] = []
        for (table, partition), found in gathered.items():
            changed[f"{table}/{partition}"] = arrow_table(SCHEMAS[table], found).drop_columns("day")
        for name in sorted(self._unsettled):
            if windows.isdisjoint(self._unsettled[name]):
                continue
            rest = self._without(name, answered)
            if rest is not None:
                folder = name.rpartition("/")[0]
                changed[folder] = _joined(changed[folder], rest) if folder in changed else rest
                removed.append(name)
        return self._put(changed, removed)

    def compact(self, checkpoint: Checkpoint, run: str) -> int:
        """Merge each day's parts into one with each key once; return the number of removed rows.

        Call ``begin`` first. A kill at any moment leaves all rows.

        Raises:
            StorageError: a part can't be read or written.
        """
        folders: dict[str, list[str]] = defaultdict(list)
        for name in checkpoint.parts:
            folders[name.rpartition("/")[0]].append(name)
        removed = 0
        for folder, names in sorted(folders.items()):
            if len(names) > 1:
                joined = _joined(*map(self._read, names))
                table, schema = folder.partition("/")[0], set(joined.column_names)
                columns = {*SCHEMAS[table].key, "fetched_at", "complete"} & schema
                keep, count = latest_rows(table, joined.select(sorted(columns)).to_pylist())
                self._count += 1
                position = self._put({folder: _taken(joined, sorted(keep))}, names)
                checkpoint.commit(Commit(run, position))
                removed += count - len(keep)
        return removed

    def check(self, checkpoint: Checkpoint) -> None:
        """Check that every committed part still exists, with its size."""
        self._compare(self._found(), checkpoint, begun=True)

    def start_over(self, stamp: str) -> None:
        """Rename the folder.

        Raises:
            ConfigError: the output is in an object store, which can't rename a folder.
        """
        if not isinstance(self.storage, Folder):
            raise ConfigError(
                f"{self.storage.place}: an object store can't rename a folder: name another output"
            )
        with storage_errors(self.storage.place):
            move_aside(self.storage.root, stamp)

    def _found(self) -> dict[str, int]:
        """Return the bytes of each file, by name."""
        tables = (table for table in SCHEMAS if table not in POLLED)  # a poll looks after its own
        return {name: size for table in tables for name, size in self.storage.sizes(table).items()}

    def _compare(self, found: dict[str, int], checkpoint: Checkpoint, *, begun: bool) -> None:
        place = self.storage.place
        if missing := sorted(set(checkpoint.parts) - found.keys()):
            raise StorageError(
                f"{place}/{missing[0]} is not there, though its rows were stored "
                f"({len(missing)} such): restore it; --fresh starts over"
            )
        for name, size in checkpoint.sizes.items():
            if found[name] != size:
                raise StorageError(
                    f"{place}/{name} has {found[name]} bytes, not the {size} that were committed: "
                    "it was cut or replaced: restore it; --fresh starts over"
                )
        parts = [name for name in sorted(found) if name.endswith(".parquet")]
        if parts and not begun:
            raise StorageError(
                f"{place} holds rows, such as {parts[0]}, but {self.state} lacks the checkpoints "
                "that say what is done: restore them; --fresh moves all aside and starts over"
            )

    def _refuse_newer(self, unknown: set[str], runs: set[str]) -> None:
        """Raise ``StorageError`` for an unknown part of a run after all runs of the checkpoint."""
        second = max(runs)[:_SECOND]  # two runs may begin in one second, in either order of names
        newer = [
            name
            for name in sorted(unknown)
            if (run := _run_of(name)) not in runs and run[:_SECOND] >= second and run
        ]
        if newer:
            raise StorageError(
                f"{self.storage.place}/{newer[0]} is of a later run than {self.state} knows "
                f"({len(newer)} such): {self.state} is older than the rows: restore both; --fresh "
                "starts over"
            )

    def _gather(self, batch: Sequence[Tables]) -> dict[tuple[str, str], list[Row]]:
        """Return the rows by table and partition."""
        gathered: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for tables in batch:
            for table, rows in tables.items():
                if self._table in (None, table):
                    for row in rows:
                        gathered[table, partition_of(row)].append(row)
        return gathered

    def _without(self, name: str, answered: Answers) -> Any:
        """Return a part's rows without those of these answers; None if it holds none of them."""
        table = name.partition("/")[0]
        later = answered.get(SCHEMAS[table].parent or table)
        if not later:
            return None
        part = self._read(name)
        keys = part.select(list(SCHEMAS[table].answer_key)).to_pylist()
        keep = [number for number, row in enumerate(keys) if answer_key(row, table) not in later]
        return None if len(keep) == len(keys) else _taken(part, keep)

    def _read(self, name: str) -> Any:
        pa = pyarrow()
        try:
            return pyarrow(".parquet").ParquetFile(pa.BufferReader(self.storage.get(name))).read()
        except (OSError, pa.ArrowException) as error:
            text = f"{self.storage.place}/{name} is not readable: {error}"
            raise StorageError(f"{text}: restore it; --fresh starts over") from None

    def _put(self, changed: dict[str, Any], removed: Sequence[str]) -> Position:
        """Store these rows as new parts; on an error remove those already stored."""
        parts: list[str] = []
        sizes: dict[str, int] = {}
        unsettled: dict[str, tuple[str, ...]] = {}
        try:
            for folder, rows in changed.items():
                if not rows.num_rows:
                    continue
                name = f"{folder}/part-{self._run}-{self._count:05d}.parquet"
                parts.append(name)
                if windows := unsettled_windows(rows):
                    unsettled[name] = windows
                data = self._encode(rows)
                self.storage.put(name, data)
                sizes[name] = len(data)
        except BaseException:
            for name in parts:
                with suppress(OSError, StorageError):
                    self.storage.remove(name)
            raise
        self._unsettled = {**self._unsettled, **unsettled}
        for name in removed:
            self._unsettled.pop(name, None)
        return Position({}, tuple(parts), unsettled, tuple(removed), sizes=sizes)

    def _encode(self, rows: Any) -> bytes:
        buffer = pyarrow().BufferOutputStream()
        pyarrow(".parquet").write_table(rows, buffer, compression=self._compression)
        data: bytes = buffer.getvalue().to_pybytes()
        return data


def _run_of(name: str) -> str:
    """Return the name of the run that wrote a part; empty for a file of another program."""
    found = _PART.search(name)
    return "" if found is None else found[1]


def _joined(*tables: Any) -> Any:
    return pyarrow().concat_tables(tables, promote_options="default")


def _taken(table: Any, numbers: list[int]) -> Any:
    pa = pyarrow()
    return table.take(pa.array(numbers, pa.int64()))
