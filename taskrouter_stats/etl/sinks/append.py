"""Sinks that append: they append and sync each batch; the checkpoint holds the files' lengths.

A run that resumes truncates each file to its committed length: a crash may leave half a line, or
lines of a batch that was not committed. Compressed files grow by whole gzip members, so that a
truncated file stays valid.

A later run appends the rows of a window that had not settled again: of two answers to one query the
later one in the file is right. ``etl.compact(…)`` keeps only that one. It writes
the new content into the state folder, commits it and then replaces the file; after a crash in
between, the next run replaces the file.
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
from taskrouter_stats.etl.output.storage import Folder, storage_errors, sync_folder
from taskrouter_stats.etl.rows import Row, Tables
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, Position
from taskrouter_stats.models.redaction import masked

from .arguments import check_table, local_place

__all__ = ["AppendSink", "move_aside"]

_GZIP: Final = ".gz"
_BEGAN: Final = "began-"
"""Beginning of the name of the mark in the state folder which says that a run began a file."""

_LOCKS: Final = ("lock", "lock.claim")
"""Files of a state folder that hold no state."""

_ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
"""Endings of a file's name, which no new folder may have."""


class AppendSink(ABC):
    """Sink that appends rows to one file for each table, or to a single file.

    Args:
        path: a folder, or a file if the name has a file's ending. A link means its target.
        table: the only table, one of cumulative statistics; None for all, in a folder.
        compression: ``"gzip"`` or None; a name that ends in ``.gz`` means gzip as well.

    Raises:
        ConfigError, InvalidParameter: an argument is wrong, or two of them contradict each other.
    """

    endings: ClassVar[tuple[str, ...]]
    default_table: ClassVar[str | None] = None
    """The table of a single file without ``table=``; None if ``table=`` is required."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        table: str | None = None,
        compression: Literal["gzip"] | None = None,
    ) -> None:
        path = masked(path)  # a URI may hold a secret; a traceback may show local variables
        place = local_place(path)
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
        """The output's format."""

    @abstractmethod
    def encode(self, table: str, rows: Sequence[Row], *, first: bool) -> bytes:
        """Return the rows as bytes; ``first`` means that the file is empty."""

    @property
    def table(self) -> str | None:
        """The only table of the output; None for all."""
        return self._table

    @property
    def compression(self) -> Literal["gzip"] | None:
        """The compression of the files."""
        return "gzip" if self._gzip else None

    def nest(self, tables: Tables) -> Tables:
        """Return one answer's rows as this format arranges them; unchanged by default."""
        return tables

    def begin(self, run: str, checkpoint: Checkpoint) -> None:
        """Truncate every file to its committed length, unless the last run has ended.

        Raises:
            StorageError: a file is shorter than committed; or longer though the last run has ended,
                so that the checkpoint is older than the file, or of another output; or the
                checkpoints were removed, or are of files with other names.
        """
        del run
        last = checkpoint.last
        position = Position() if last is None else last.position
        self._lengths = dict(position.lengths)
        self._check_begun(checkpointed=last is not None)
        with storage_errors(self.storage.place):
            self.storage.root.mkdir(parents=True, exist_ok=True)
            for table in self._tables:
                path = self._path(table)
                if path.name in position.rewritten:
                    self._replace(path)
                self._staged(path).unlink(missing_ok=True)
                if last is not None and last.ended:
                    self._refuse_longer(path)
                self._repair(path)

    def write(self, batch: Sequence[Tables]) -> Position:
        """Append the rows to each table's file, and sync."""
        gathered: dict[str, list[Row]] = defaultdict(list)
        for tables in batch:
            for table, rows in self.nest(tables).items():
                if rows and self._table in (None, table):
                    gathered[table] += rows
        grown = dict(self._lengths)
        begun: list[Path] = []
        try:
            for table, rows in gathered.items():
                path = self._path(table)
                self._check_length(path)
                begun.append(path)
                data = self.encode(table, rows, first=not grown.get(path.name))
                grown[path.name] = self._append(path, gzip.compress(data) if self._gzip else data)
        except BaseException:
            for path in begun:
                with suppress(OSError, StorageError):
                    self._repair(path)
            raise
        self._lengths = grown
        return Position(lengths=grown)

    def check(self, checkpoint: Checkpoint) -> None:
        """Check that every file has the length that this sink wrote."""
        del checkpoint
        for table in self._tables:
            self._check_length(self._path(table))

    def start_over(self, stamp: str) -> None:
        """Rename the file or the folder, and its checkpoint."""
        with storage_errors(self.storage.place):
            if self._file is None:
                move_aside(self.storage.root, stamp)
            else:
                move_aside(self.storage.root / self._file, stamp)
                move_aside(self.storage.root / self.state, stamp)

    def compact(self, checkpoint: Checkpoint, run: str) -> int:
        """Keep the latest row of each key in every file; return the number of removed rows.

        Call ``begin`` first. A kill at any moment leaves the old or the new content.

        Raises:
            StorageError: a file can't be read or written.
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
                raise StorageError(
                    f"{path} holds text that is not a row of {table}: {error}"
                ) from None
            if count:
                lengths = {**self._lengths, path.name: self._staged(path).stat().st_size}
                position = Position(lengths, rewritten=(path.name,))
                checkpoint.commit(Commit(run, position))
                self._lengths = lengths
                with storage_errors(str(path)):
                    self._replace(path)
            self._staged(path).unlink(missing_ok=True)
            removed += count
        return removed

    @abstractmethod
    def latest(self, table: str, lines: BinaryIO, kept: BinaryIO) -> int:
        """Copy the latest row of each key from ``lines``; return the number of other rows."""

    @property
    def _tables(self) -> list[str]:
        return [self._table] if self._table else list(SCHEMAS)

    def _staged(self, path: Path) -> Path:
        return self.storage.root / self.state / f"rewritten-{path.name}"

    def _replace(self, path: Path) -> None:
        """Replace the file by its rewritten content, unless an earlier run has done it."""
        staged = self._staged(path)
        if staged.exists():
            staged.replace(path)
            sync_folder(path.parent)

    def _rewrite(self, table: str, path: Path) -> int:
        """Write the file's new content into the state folder; return the number of rows removed."""
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

    def _check_begun(self, *, checkpointed: bool) -> None:
        """Raise ``StorageError`` if an earlier run began files that this one would not continue."""
        place, mark = self.storage.place, f"{self.state}/{_BEGAN}"
        marks = [name for name in self.storage.names(self.state) if name.startswith(mark)]
        begun = {name.removeprefix(mark) for name in marks}
        if begun and not checkpointed:
            raise StorageError(
                f"{place} holds rows, such as {min(begun)}, but {self.state} lacks the checkpoints "
                "that say what is done: restore them; --fresh moves all aside and starts over"
            )
        others = (begun | self._lengths.keys()) - {self._path(name).name for name in self._tables}
        if others:
            raise StorageError(
                f"{place} holds {min(others)}: continue with its name and compression, or take "
                "another output"
            )

    def _check_length(self, path: Path) -> None:
        """Raise ``StorageError`` if another program changed the file since the last write."""
        length, actual = self._lengths.get(path.name, 0), _length(path)
        if actual != length:
            raise StorageError(
                f"{path} has {actual} bytes, not the {length} that were committed: another program "
                "moved or changed it: restore it; --fresh starts over"
            )

    def _refuse_longer(self, path: Path) -> None:
        """Raise ``StorageError`` if the file holds more than a run that has ended committed."""
        length, actual = self._lengths.get(path.name, 0), _length(path)
        if actual > length and (path.name in self._lengths or not self._is_foreign(path)):
            raise StorageError(
                f"{path} has {actual} bytes, more than the {length} that the last run committed: "
                f"{self.state} is older than the file, or another program wrote to it: restore "
                "both; --fresh starts over"
            )

    def _repair(self, path: Path) -> None:
        length, actual = self._lengths.get(path.name, 0), _length(path)
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
        """Return whether the file existed before any run: such a file is never truncated."""
        return not (self.storage.root / self.state / f"{_BEGAN}{path.name}").exists()

    def _append(self, path: Path, data: bytes) -> int:
        with storage_errors(str(path)):
            if path.name not in self._lengths:
                self.storage.put(f"{self.state}/{_BEGAN}{path.name}", b"")
            created = not path.exists()
            with path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                length = file.tell()
            if created:
                sync_folder(path.parent)
            return length


def _length(path: Path) -> int:
    """Return the file's length in bytes; 0 if it does not exist."""
    with storage_errors(str(path)), suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def move_aside(path: Path, stamp: str) -> None:
    """Rename a file, or a folder that holds other files than the lock that the caller holds."""
    if path.is_file() or any(
        found.is_file() and found.name not in _LOCKS for found in path.rglob("*")
    ):
        path.rename(path.with_name(f"{path.name}.{stamp}"))
