"""Files that grow: each batch is appended and synced, and the checkpoint holds the lengths.

A run that resumes cuts off whatever lies beyond the last commit: a torn line, or whole lines of
a batch that was never committed. Compressed files grow by whole gzip members, so that cutting
leaves a valid file.

The rows of a window that had not settled stay when a later run appends its rows again: of rows
with the same key the one with the latest ``fetched_at`` is right. ``etl.compact(…)`` leaves only
that one: the new content is written below the state's folder, committed, and then takes the
file's place; when a crash comes between, the next opening does the last step.
"""

import csv
import gzip
import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, Literal, cast

from taskrouter_stats.errors import ConfigError, InvalidParameter, StorageError
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import EXPORTED, SCHEMAS
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, Position
from taskrouter_stats.etl.storage import Folder, local_path, shown_uri, storage_errors, sync_folder
from taskrouter_stats.models.redaction import masked

__all__ = ["AppendSink", "check_table", "move_aside", "text_of"]

_GZIP: Final = ".gz"
_LOCKS: Final = ("lock", "lock.claim")
_ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
"""Of files, so that no folder gets such a name by mistake."""


class AppendSink(ABC):
    """Rows appended to one file for each table, or to a single one.

    Args:
        path: a folder; or a file, known by its ending. A link means what it leads to.
        table: which table a single file holds, ``worker_statistics`` or
            ``worker_activity_durations``.
        compression: ``"gzip"`` or None; a name that ends in ``.gz`` means gzip as well.

    Raises:
        ConfigError, InvalidParameter: when these can't be together.
    """

    endings: ClassVar[tuple[str, ...]]
    default_table: ClassVar[str | None] = None
    """The table of a single file that needs no ``table=``."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        table: str | None = None,
        compression: Literal["gzip"] | None = None,
    ) -> None:
        path = masked(path)  # a URI may hold a secret, and a traceback may show locals
        place = _local(path)
        if compression not in (None, "gzip"):
            raise InvalidParameter("compression", compression, '"gzip" or None')
        check_table(table)
        self._gzip = compression == "gzip" or place.name.endswith(_GZIP)
        stem = place.name.removesuffix(_GZIP)
        with storage_errors(str(place)):
            folder = place.is_dir()
        single = stem.endswith(self.endings) and not folder
        if not single and stem.endswith(_ENDINGS) and not folder:
            ending = self.endings[0]
            raise ConfigError(f"{place}: name a file that ends in {ending}, or a folder")
        table = table or (self.default_table if single else None)
        if single and table is None:
            raise ConfigError(f"{place}: one file holds one table, so name it: table=")
        self._file = place.name if single else None
        self._table = table
        self._lengths: dict[str, int] = {}
        self.state = f"{place.name}._state" if single else "_state"
        self.storage = Folder(place.parent if single else place, self.state)

    @property
    @abstractmethod
    def format(self) -> str:
        """What kind of output this is."""

    @abstractmethod
    def encode(self, table: str, rows: Sequence[Row], *, first: bool) -> bytes:
        """The rows as bytes; ``first`` says that the file is still empty."""

    @property
    def snapshots(self) -> bool:
        """Whether it has a place for the tables ``workers`` and ``activities``."""
        return self._table is None

    def nest(self, tables: Tables) -> Tables:
        """One answer's rows as this format puts them; as they are, unless it nests them."""
        return tables

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Cut every file back to what was committed."""
        del run
        position = Position() if checkpoint.last is None else checkpoint.last.position
        self._lengths = dict(position.lengths)
        with storage_errors(self.storage.place):
            self.storage.root.mkdir(parents=True, exist_ok=True)
            for table in self._tables:
                path = self._path(table)
                if path.name in position.rewritten:
                    self._take_place(path)
                self._staged(path).unlink(missing_ok=True)
                self._repair(path)

    def write(self, batch: Sequence[Tables]) -> Position:
        """Append to each table's file, and sync."""
        gathered: dict[str, list[Row]] = defaultdict(list)
        for tables in batch:
            for table, rows in self.nest(tables).items():
                if rows and self._table in (None, table):
                    gathered[table] += rows
        grown = dict(self._lengths)
        try:
            for table, rows in gathered.items():
                path = self._path(table)
                data = self.encode(table, rows, first=not grown.get(path.name))
                grown[path.name] = self._append(path, gzip.compress(data) if self._gzip else data)
        except BaseException:
            for table in gathered:
                with suppress(OSError, StorageError):
                    self._repair(self._path(table))
            raise
        self._lengths = grown
        return Position(lengths=grown)

    def start_over(self, stamp: str) -> None:
        """Move the file, or the folder, and its checkpoint aside."""
        with storage_errors(self.storage.place):
            if self._file is None:
                move_aside(self.storage.root, stamp)
            else:
                move_aside(self.storage.root / self._file, stamp)
                move_aside(self.storage.root / self.state, stamp)

    def compact(self, checkpoint: Checkpoint, run: str) -> int:
        """Leave each key once in every file, that of its latest answer; return the rows removed.

        The sink has begun. A kill at any moment leaves the old or the new content.

        Raises:
            StorageError: when a file can't be read or written.
        """
        removed = 0
        for table in self._tables:
            path = self._path(table)
            if not path.exists():
                continue
            try:
                with storage_errors(str(path)):
                    count = self._rewrite(table, path)
            except (csv.Error, AttributeError, KeyError, TypeError, ValueError) as error:
                raise StorageError(f"{path} holds what is not a row of {table}: {error}") from None
            if count:
                lengths = {**self._lengths, path.name: self._staged(path).stat().st_size}
                position = Position(lengths, rewritten=(path.name,))
                checkpoint.commit(Commit(run, position))
                self._lengths = lengths
                with storage_errors(str(path)):
                    self._take_place(path)
            self._staged(path).unlink(missing_ok=True)
            removed += count
        return removed

    @abstractmethod
    def latest(self, table: str, lines: BinaryIO, kept: BinaryIO) -> int:
        """Copy from a file's content the latest row of each key; return how many are left out."""

    @property
    def _tables(self) -> list[str]:
        return [self._table] if self._table else list(SCHEMAS)

    def _staged(self, path: Path) -> Path:
        return self.storage.root / self.state / f"rewritten-{path.name}"

    def _take_place(self, path: Path) -> None:
        """Give the file its rewritten content, unless an earlier opening has done it."""
        staged = self._staged(path)
        if staged.exists():
            staged.replace(path)
            sync_folder(path.parent)

    def _rewrite(self, table: str, path: Path) -> int:
        """Write the content that shall take this file's place; return how many rows it lacks."""
        with self._staged(path).open("wb") as file:
            if self._gzip:
                with gzip.open(path, "rb") as lines, gzip.open(file, "wb") as kept:
                    count = self.latest(table, cast("BinaryIO", lines), cast("BinaryIO", kept))
            else:
                with path.open("rb") as plain:
                    count = self.latest(table, plain, file)
            file.flush()
            os.fsync(file.fileno())
        return count

    def _path(self, table: str) -> Path:
        name = self._file or f"{table}{self.endings[0]}{_GZIP if self._gzip else ''}"
        return self.storage.root / name

    def _repair(self, path: Path) -> None:
        length = self._lengths.get(path.name, 0)
        try:
            actual = path.stat().st_size
        except FileNotFoundError:
            actual = 0
        if actual < length:
            raise StorageError(
                f"{path} has {actual} bytes, fewer than the {length} that were committed: "
                "it was changed; --fresh starts over"
            )
        if actual > length:
            if path.name not in self._lengths and self._is_foreign(path):
                raise StorageError(f"{path} is not this program's: --fresh moves it aside")
            os.truncate(path, length)

    def _is_foreign(self, path: Path) -> bool:
        """Whether it was there before any run of ours: such a file is never cut."""
        return not (self.storage.root / self.state / f"began-{path.name}").exists()

    def _append(self, path: Path, data: bytes) -> int:
        with storage_errors(str(path)):
            if path.name not in self._lengths:
                self.storage.put(f"{self.state}/began-{path.name}", b"")
            created = not path.exists()
            with path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                length = file.tell()
            if created:
                sync_folder(path.parent)
            return length


def move_aside(path: Path, stamp: str) -> None:
    """Rename a file, or a folder that holds more than the lock under which this is done.

    What is not there needs no other name.
    """
    if path.is_file() or any(one.is_file() and one.name not in _LOCKS for one in path.rglob("*")):
        path.rename(path.with_name(f"{path.name}.{stamp}"))


def check_table(table: object) -> None:
    """Refuse a table that no export fetches: its file would stay empty, and all count as done."""
    if table is not None and (not isinstance(table, str) or table not in EXPORTED):
        raise InvalidParameter("table", table, f"{' or '.join(EXPORTED)}, or None for all")


def text_of(path: str | os.PathLike[str], rule: str) -> str:
    """A path as text; what it names is the caller's to check."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        text = ""
    if not text or "\0" in text:
        shown = shown_uri(path) if isinstance(path, str) else path
        raise InvalidParameter("path", shown, rule)
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = text.encode(errors="backslashreplace").decode()
        with suppress(UnicodeEncodeError):  # for what stands for bytes: the bytes
            shown = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise ConfigError(
            f"{shown}: a name in UTF-8 is expected; if it looks right, set PYTHONUTF8=1 "
            "or a locale of UTF-8"
        ) from None
    return text


def _local(path: str | os.PathLike[str]) -> Path:
    text = masked(text_of(path, "a file's or folder's name"))
    place = local_path(str(text))
    if place is None:
        raise ConfigError(
            f"{shown_uri(text)}: files don't grow in an object store; Parquet can go there"
        )
    return place
