"""The names of a poll's files, which say what has been stored.

A snapshot's rows of one table are one file, ``snapshot-<number>-<time>``. Later many of them become
one file, ``hour-<hour>-<first number>-<last number>``. Numbers grow by one with each snapshot, also
over restarts and if the clock is set back.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Self

from attrs import frozen

__all__ = ["Part", "find_parts"]

_NAME: Final = re.compile(
    r"(?P<folder>(?P<table>\w+)/account=\w+/workspace=\w+/day=[\w-]+)/"
    r"(?:snapshot-(?P<number>\d{10})-(?P<hour>\d{8}T\d\d)\d{4}Z"
    r"|hour-(?P<hours>\d{8}T\d\d)-(?P<first>\d{10})-(?P<last>\d{10}))\.(?P<ending>[\w.]+)"
)


@frozen(order=True)
class Part:
    """A file with rows of one table of some snapshots.

    Attributes:
        folder: the table, account, Workspace and day, as folders.
        first: the number of its first snapshot.
        last: the number of its last snapshot.
        hour: the hour of its first snapshot, UTC: ``20261126T08``.
        is_merged: whether it replaces the files of single snapshots.
        ending: the ending of its name, which says its format.
        name: its name within the storage.
    """

    folder: str
    first: int
    last: int
    hour: str
    is_merged: bool
    ending: str
    name: str

    @property
    def table(self) -> str:
        """The table."""
        return self.folder.partition("/")[0]

    @classmethod
    def of_snapshot(cls, folder: str, number: int, time: datetime, ending: str) -> Self:
        """Return the part of one snapshot."""
        stamp = f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        name = f"{folder}/snapshot-{number:010d}-{stamp}.{ending}"
        return cls(folder, number, number, stamp[:11], is_merged=False, ending=ending, name=name)

    @classmethod
    def merged(cls, parts: "list[Part]") -> "Part":
        """Return the part that replaces these parts of one folder, ordered by number."""
        first, last = parts[0], parts[-1]
        name = f"{first.folder}/hour-{first.hour}-{first.first:010d}-{last.last:010d}"
        name = f"{name}.{first.ending}"
        return cls(
            first.folder,
            first.first,
            last.last,
            first.hour,
            is_merged=True,
            ending=first.ending,
            name=name,
        )

    def holds(self, number: int) -> bool:
        """Return whether a snapshot is within its numbers."""
        return self.first <= number <= self.last


def find_parts(names: Iterable[str], workspace_sid: str) -> list[Part]:
    """Return the parts of a Workspace among these names, ordered; other files are ignored."""
    found: list[Part] = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None or f"/workspace={workspace_sid}/" not in name:
            continue
        first = int(match["number"] or match["first"])
        last = int(match["number"] or match["last"])
        hour, merged = match["hour"] or match["hours"], match["number"] is None
        found.append(Part(match["folder"], first, last, hour, merged, match["ending"], name))
    return sorted(found)
