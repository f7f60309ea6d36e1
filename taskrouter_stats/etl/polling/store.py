"""The files of a poll: each snapshot durable or absent, one file a table and hour in the end.

A snapshot's rows of each table are put as one file, atomically; the file of the table
``snapshots`` comes last and marks the snapshot as whole. ``open`` removes the files of a snapshot
without that mark: a kill cut it. When an hour has ended, or after ``MERGE_AFTER`` snapshots, the
files of each folder are merged: first the merged file is put, then the small ones are removed.
``open`` removes the small ones that a kill left. So nothing but the files' names is needed to
continue, and no file is ever seen half written.

Between the put and the removals, a reader that opens every file finds the rows of the merged
snapshots twice, each time the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from attrs import define, field

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl.failed_query import reason_of
from taskrouter_stats.etl.output.batch import UNWRITABLE
from taskrouter_stats.etl.output.storage import Storage
from taskrouter_stats.etl.rows import Row
from taskrouter_stats.etl.schemas import POLLED
from taskrouter_stats.etl.sinks.partition import partition_of

from .encodings import Encoding
from .parts import Part, find_parts
from .snapshot import Snapshot

__all__ = ["MARK", "MERGE_AFTER", "SnapshotStore"]

MARK: Final = "snapshots"
"""The table whose row is stored last: a snapshot without it is not whole."""

MERGE_AFTER: Final = 120
"""Files of one folder that are merged before their hour ends: an hour of beats of 30 seconds."""


@define(eq=False)
class SnapshotStore:
    """The files of one Workspace's poll; its methods block, and run one at a time.

    Attributes:
        storage: holds the files.
        encoding: their format.
        workspace_sid: the Workspace (WS…), in lower case.
        number: the number of the last snapshot; 0 before the first.
        cut: snapshots that a kill had cut, whose files ``open`` removed.
    """

    storage: Storage
    encoding: Encoding
    workspace_sid: str
    number: int = field(default=0, init=False)
    cut: int = field(default=0, init=False)
    _small: dict[str, list[Part]] = field(factory=lambda: defaultdict(list), init=False)

    def open(self) -> None:
        """Read what is stored, and remove what a kill left.

        Raises:
            ConfigError: the output holds this Workspace's snapshots in another format.
            StorageError: the output can't be read or written.
        """
        names = (name for table in POLLED for name in self.storage.names(table))
        parts = find_parts(names, self.workspace_sid)
        if others := {part.ending for part in parts} - {self.encoding.ending}:
            raise ConfigError(
                f"{self.storage.place} holds snapshots of this Workspace as {min(others)}, not "
                f"{self.encoding.ending}: use that format, or another output"
            )
        self.number = max((part.last for part in parts), default=0)
        small = [part for part in parts if not part.is_merged]
        marks = [part for part in parts if part.table == MARK]
        numbers = {part.first for part in small}
        whole = {number for number in numbers if any(mark.holds(number) for mark in marks)}
        self.cut = len(numbers - whole)
        merged: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            if part.is_merged:
                merged[part.folder].append(part)
        for part in small:
            if part.first in whole and not any(p.holds(part.first) for p in merged[part.folder]):
                self._small[part.folder].append(part)
            else:
                self.storage.remove(part.name)

    def append(self, snapshot: Snapshot) -> None:
        """Make a snapshot durable; rows that the format can't hold become its problems.

        Raises:
            StorageError: the snapshot can't be stored, and none of it is.
        """
        self.number += 1
        files = [
            file
            for table in sorted(snapshot.tables)
            for file in self._files(snapshot, table, snapshot.tables[table])
        ]
        files += self._files(snapshot, MARK, [snapshot.mark()])
        put: list[Part] = []
        try:
            for part, data in files:
                put.append(part)
                self.storage.put(part.name, data)
        except BaseException:
            for part in reversed(put):  # the mark first
                with suppress(OSError, StorageError):
                    self.storage.remove(part.name)
            raise
        for part in put:
            self._small[part.folder].append(part)

    def due(self, now: datetime) -> list[str]:
        """Return the folders whose small files can be merged."""
        hour = f"{now.astimezone(UTC):%Y%m%dT%H}"
        return [
            folder
            for folder, parts in self._small.items()
            if len(parts) >= MERGE_AFTER or any(part.hour != hour for part in parts)
        ]

    def merge(self, folder: str) -> None:
        """Merge the small files of the folder's first hour into one.

        Raises:
            StorageError: a file can't be read or written; every row is still there.
        """
        parts = self._small[folder]
        hour = list(takewhile(lambda part: part.hour == parts[0].hour, parts))
        together = Part.merged(hour)
        contents = (self.storage.get(part.name) for part in hour)
        self.storage.put(together.name, self.encoding.join(together.table, contents))
        for part in hour:
            self.storage.remove(part.name)
        del parts[: len(hour)]
        if not parts:
            del self._small[folder]

    def _files(
        self, snapshot: Snapshot, table: str, rows: Iterable[Row]
    ) -> list[tuple[Part, bytes]]:
        """Return the parts of a table's rows, and their content."""
        folders: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            folders[f"{table}/{partition_of(row)}"].append(row)
        files: list[tuple[Part, bytes]] = []
        for folder, found in folders.items():
            data = self._encoded(snapshot, table, found)
            if data is not None:
                ending = self.encoding.ending
                part = Part.of_snapshot(folder, self.number, snapshot.time, ending)
                files.append((part, data))
        return files

    def _encoded(self, snapshot: Snapshot, table: str, rows: list[Row]) -> bytes | None:
        """Return the rows as bytes; leave out rows that the format can't hold, and say so."""
        try:
            return self.encoding.encode(table, rows)
        except UNWRITABLE as error:
            problem = f"a {self.encoding.ending} file can't hold a value: {reason_of(error)}"
        good = [row for row in rows if self._is_writable(table, row)]
        kept = set(map(id, good))
        snapshot.drop(table, [row for row in rows if id(row) not in kept], problem)
        return self.encoding.encode(table, good) if good else None

    def _is_writable(self, table: str, row: Row) -> bool:
        try:
            self.encoding.encode(table, [row])
        except UNWRITABLE:
            return False
        return True
