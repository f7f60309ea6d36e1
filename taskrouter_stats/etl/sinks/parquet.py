"""Parquet: a folder of small parts by table, account, workspace and day, as Hive lays them out.

Each batch makes one part for each table and day that it touches, put there whole. The checkpoint
lists the parts; when a run died, the next one removes those of its parts that no commit knows.
Files of others are never touched. A listed part that is not there, or rows without any checkpoint,
is an error: a run that went on would report rows that nobody has, or store them twice.

Rows of a window that had not settled are replaced by the next answer: the part that holds them is
written again without them, and the older one is removed once the commit has replaced it.

``day`` stands in the folders' names alone: readers that know Hive's layout make a column of it,
and most of them refuse one that is there twice.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Final, Literal

from taskrouter_stats.errors import (
    ConfigError,
    InvalidParameter,
    InvalidSid,
    PayloadError,
    StorageError,
)
from taskrouter_stats.etl.arrow import arrow_table, pyarrow
from taskrouter_stats.etl.latest import answer_columns, latest_rows
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, Position
from taskrouter_stats.etl.storage import (
    Folder,
    ObjectStore,
    Storage,
    local_path,
    shown_uri,
    storage_errors,
)
from taskrouter_stats.models import check_sid
from taskrouter_stats.models.redaction import masked

from .append import check_table, move_aside, text_of

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
        table: only this table, ``worker_statistics`` or ``worker_activity_durations``; all by
            default.
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
        path = masked(path)  # a URI may hold a secret, and a traceback may show locals
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
        self._compression = compression
        self._run, self._count = "", 0
        self._unsettled: dict[str, tuple[str, ...]] = {}

    @property
    def format(self) -> str:
        """What kind of output this is."""
        return "Parquet" if self._table is None else f"Parquet of {self._table}"

    @property
    def snapshots(self) -> bool:
        """Whether it has a place for the tables ``workers`` and ``activities``."""
        return self._table is None

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Compare the parts with the checkpoint, and remove those that no commit knows.

        Raises:
            StorageError: a part is not there any more, or the checkpoint is not.
        """
        last, known = checkpoint.last, set(checkpoint.parts)
        self._run, self._count = run, 0
        self._unsettled = checkpoint.unsettled
        found = {name for table in SCHEMAS for name in self.storage.names(table)}
        self._compare(found, known, begun=last is not None)
        if last is not None and last.run and not last.ended:
            for name in sorted(found - known):
                if f"part-{last.run}-" in name:
                    self.storage.remove(name)

    def write(self, batch: Sequence[Tables]) -> Position:
        """One part for each table, workspace and day in the batch; older answers are replaced."""
        gathered = self._gather(batch)
        rows = [row for tables in batch for row in tables.get("worker_statistics", ())]
        answered = {_key(row, "worker_statistics") for row in rows}
        windows = {_window(row) for row in rows}
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
        """Make one part of each day's parts, with each key once; return the rows removed.

        The sink has begun. A kill at any moment leaves all rows.

        Raises:
            StorageError: when a part can't be read or written.
        """
        folders: dict[str, list[str]] = defaultdict(list)
        for name in checkpoint.parts:
            folders[name.rpartition("/")[0]].append(name)
        left_out = 0
        for folder, names in sorted(folders.items()):
            if len(names) > 1:
                whole = _joined(*map(self._read, names))
                table, schema = folder.partition("/")[0], set(whole.column_names)
                columns = {*SCHEMAS[table].key, "fetched_at"} & schema
                keep, count = latest_rows(table, whole.select(sorted(columns)).to_pylist())
                self._count += 1
                position = self._put({folder: _taken(whole, sorted(keep))}, names)
                checkpoint.commit(Commit(run, position))
                left_out += count - len(keep)
        return left_out

    def start_over(self, stamp: str) -> None:
        """Move the folder aside.

        Raises:
            ConfigError: for an object store, where nothing can be moved at once.
        """
        if not isinstance(self.storage, Folder):
            raise ConfigError(f"{self.storage.place}: name another place to start over")
        with storage_errors(self.storage.place):
            move_aside(self.storage.root, stamp)

    def _compare(self, found: set[str], known: set[str], *, begun: bool) -> None:
        place = self.storage.place
        if missing := sorted(known - found):
            raise StorageError(
                f"{place}/{missing[0]} is not there, though its rows were stored "
                f"({len(missing)} such): restore it; --fresh starts over"
            )
        parts = [name for name in sorted(found) if name.endswith(".parquet")]
        if parts and not begun:
            raise StorageError(
                f"{place} holds rows, such as {parts[0]}, but {self.state} lacks the checkpoints "
                "that say what is done: restore them; --fresh moves all aside and starts over"
            )

    def _gather(self, batch: Sequence[Tables]) -> dict[tuple[str, str], list[Row]]:
        """Return the rows by table and partition."""
        gathered: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for tables in batch:
            for table, rows in tables.items():
                if self._table in (None, table):
                    for row in rows:
                        gathered[table, _partition(row)].append(row)
        return gathered

    def _without(self, name: str, answered: set[tuple[Any, ...]]) -> Any:
        """Return a part's rows but those of these answers; None if it has none of these."""
        table = name.partition("/")[0]
        whole = self._read(name)
        keys = whole.select(list(answer_columns(table))).to_pylist()
        keep = [number for number, row in enumerate(keys) if _key(row, table) not in answered]
        return None if len(keep) == len(keys) else _taken(whole, keep)

    def _read(self, name: str) -> Any:
        pa = pyarrow()
        try:
            return pyarrow(".parquet").ParquetFile(pa.BufferReader(self.storage.get(name))).read()
        except (OSError, pa.ArrowException) as error:
            text = f"{self.storage.place}/{name} is not readable: {error}"
            raise StorageError(f"{text}: restore it; --fresh starts over") from None

    def _put(self, changed: dict[str, Any], removed: Sequence[str]) -> Position:
        """Store these rows as new parts; all of them, or none."""
        parts: list[str] = []
        unsettled: dict[str, tuple[str, ...]] = {}
        try:
            for folder, rows in changed.items():
                if not rows.num_rows:
                    continue
                name = f"{folder}/part-{self._run}-{self._count:05d}.parquet"
                parts.append(name)
                if windows := _unsettled(rows):
                    unsettled[name] = windows
                self.storage.put(name, self._encode(rows))
        except BaseException:
            for name in parts:
                with suppress(OSError, StorageError):
                    self.storage.remove(name)
            raise
        self._unsettled = {**self._unsettled, **unsettled}
        for name in removed:
            self._unsettled.pop(name, None)
        return Position({}, tuple(parts), unsettled, tuple(removed))

    def _encode(self, rows: Any) -> bytes:
        buffer = pyarrow().BufferOutputStream()
        pyarrow(".parquet").write_table(rows, buffer, compression=self._compression)
        data: bytes = buffer.getvalue().to_pybytes()
        return data


def _joined(*tables: Any) -> Any:
    return pyarrow().concat_tables(tables, promote_options="default")


def _taken(table: Any, numbers: list[int]) -> Any:
    pa = pyarrow()
    return table.take(pa.array(numbers, pa.int64()))


def _unsettled(table: Any) -> tuple[str, ...]:
    """Return the windows of rows that had not settled when they were fetched."""
    if "complete" not in table.column_names or False not in table["complete"].to_pylist():
        return ()
    rows = table.select(["complete", "window_start", "window_end"]).to_pylist()
    return tuple(sorted({_window(row) for row in rows if row["complete"] is False}))


def _window(row: Row) -> str:
    ends = (row["window_start"], row["window_end"])
    return "/".join("" if end is None else end.isoformat() for end in ends)


def _key(row: Row, table: str) -> tuple[Any, ...]:
    """Return the key of the answer that a row belongs to."""
    return tuple(row[name] for name in answer_columns(table))


def _partition(row: Row) -> str:
    """Return the folders that a row belongs into.

    Raises:
        PayloadError: for SIDs that are none: the server's text must not become a path.
    """
    try:
        account = row["account_sid"] and check_sid("account_sid", row["account_sid"], "AC")
        workspace = row["workspace_sid"] and check_sid("workspace_sid", row["workspace_sid"], "WS")
    except InvalidSid as error:
        raise PayloadError([f"$.{error}"]) from None
    day = row["day"]
    if day is not None and not isinstance(day, date):
        raise PayloadError([f"day: expected a date, got {day!r}"])
    values = (("account", account), ("workspace", workspace), ("day", day))
    return "/".join(f"{name}={value or _UNKNOWN}" for name, value in values)
