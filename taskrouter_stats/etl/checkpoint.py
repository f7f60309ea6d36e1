"""What is done, and where the output stood when it was: the checkpoint is the commit.

A commit is one small file in ``_state``, put there whole after the rows that it speaks of are
durable. What a crash leaves behind in the output is what no commit knows: bytes beyond the
lengths, parts beyond the list. So the next run can cut it off, and asks again for exactly those
keys.

Keys are kept by *question*, the key without its innermost SID, so that a month of 15,000 workers
is 30 questions with the same 15,000 SIDs. Questions about windows that ended long before the
server's own memory begins are forgotten. When many commits have gathered, opening merges them.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
import orjson
from attrs import define, field, frozen

from taskrouter_stats.errors import StorageError

from .storage import Storage

__all__ = ["Checkpoint", "Commit", "Position"]

VERSION: Final = 1
"""Of the files in ``_state``."""

MIGRATIONS: Final[dict[int, Any]] = {}
"""From an older version to a function that makes its commit one of the next version."""

_MERGE: Final = 64
"""Commits that are worth merging."""

_FORGET: Final = timedelta(days=62)
"""After so long a window's keys are forgotten: the server keeps 30 days, or 35 by another page."""

_WINDOW_END: Final = re.compile(r"/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


@frozen
class Position:
    """Where an output stands.

    Attributes:
        lengths: bytes of each file that grows.
        parts: the files of their own that the run has added.
    """

    lengths: Mapping[str, int] = field(factory=dict[str, int])
    parts: tuple[str, ...] = ()


@frozen
class Commit:
    """One step of a run.

    Attributes:
        run: the run's name.
        position: where the output stands after it.
        done: SIDs by question that need not be asked again.
        sums: totals by question and count of the rows that were added.
        ended: whether the run is over, so that none of its parts is in doubt.
    """

    run: str
    position: Position = Position()
    done: Mapping[str, list[str]] = field(factory=dict[str, list[str]])
    sums: Mapping[str, Mapping[str, int]] = field(factory=dict[str, Mapping[str, int]])
    ended: bool = False


@define(eq=False)
class Checkpoint:
    """The state of one output, in the folder ``under`` of a storage.

    Attributes:
        last: the newest commit, or None for a new output.
        sums: totals by question and count over all runs.
    """

    storage: Storage
    under: str
    format: str
    last: Commit | None = field(default=None, init=False)
    sums: dict[str, dict[str, int]] = field(factory=dict[str, dict[str, int]], init=False)
    _done: dict[str, set[str]] = field(factory=dict[str, set[str]], init=False)
    _parts: dict[str, None] = field(factory=dict[str, None], init=False)
    _number: int = field(default=0, init=False)

    def open(self) -> None:
        """Read what earlier runs committed.

        Raises:
            StorageError: when it can't be read, or a newer version or another format wrote it.
        """
        names = [name for name in self.storage.names(self.under) if _number_of(name) is not None]
        for name in names:
            try:
                self._take(self._read(name))
            except (AttributeError, KeyError, TypeError, ValueError):  # JSON, and not of a commit
                place = f"{self.storage.place}/{name}"
                raise StorageError(f"{place} is no checkpoint: --fresh starts over") from None
            self._number = max(self._number, _number_of(name) or 0)
        if len(names) > _MERGE:
            self._merge(names)

    def is_done(self, key: str) -> bool:
        """Whether a query with this key need not be asked again."""
        question, sid = split(key)
        return sid in self._done.get(question, ())

    def commit(self, commit: Commit) -> None:
        """Make a step durable.

        Raises:
            StorageError: when it can't be stored; then it didn't happen.
        """
        self._number += 1
        self._write(self._number, commit)
        self._take(commit)

    @property
    def parts(self) -> tuple[str, ...]:
        """The committed parts of the newest run."""
        return tuple(self._parts)

    def _take(self, commit: Commit) -> None:
        if self.last is None or self.last.run != commit.run:
            self._parts.clear()
        self._parts.update(dict.fromkeys(commit.position.parts))
        for question, sids in commit.done.items():
            self._done.setdefault(question, set()).update(map(sys.intern, sids))
        for question, counts in commit.sums.items():
            known = self.sums.setdefault(question, {})
            for name, count in counts.items():
                known[name] = known.get(name, 0) + count
        self.last = commit

    def _merge(self, names: Iterable[str]) -> None:
        """One commit in place of many; until the many are removed they say the same again."""
        oldest = datetime.now(UTC) - _FORGET
        self._done = {q: sids for q, sids in self._done.items() if not _ended_before(q, oldest)}
        self.sums = {q: sums for q, sums in self.sums.items() if not _ended_before(q, oldest)}
        last = self.last or Commit("")
        whole = attrs.evolve(
            last,
            position=attrs.evolve(last.position, parts=self.parts),
            done={question: sorted(sids) for question, sids in self._done.items()},
            sums=self.sums,
        )
        self._number += 1
        self._write(self._number, whole, merged=True)
        for name in names:
            self.storage.remove(name)

    def _write(self, number: int, commit: Commit, *, merged: bool = False) -> None:
        header = {"version": VERSION, "format": self.format, "merged": merged}
        data = orjson.dumps({**header, **attrs.asdict(commit)})
        self.storage.put(f"{self.under}/commit-{number:010d}.json", data)

    def _read(self, name: str) -> Commit:
        place = f"{self.storage.place}/{name}"
        found: dict[str, Any] = orjson.loads(self.storage.get(name))
        version, made_for = found.pop("version"), found.pop("format")
        if not isinstance(version, int) or version > VERSION:
            raise StorageError(f"{place} was written by a newer version of taskrouter-stats")
        if made_for != self.format:
            raise StorageError(
                f"{self.storage.place} holds {made_for}, not {self.format}: take another output"
            )
        for old in range(version, VERSION):
            found = MIGRATIONS[old](found)
        if found.pop("merged", False):
            self._done.clear()
            self.sums.clear()
        position = found.pop("position")
        lengths = {file: int(length) for file, length in position["lengths"].items()}
        found["position"] = Position(lengths, tuple(position["parts"]))
        return Commit(**found)


def split(key: str) -> tuple[str, str]:
    """A query's key as its question and the innermost SID."""
    operation, sids, rest = key.split(":", 2)
    outer, _, sid = sids.rpartition("/")
    return f"{operation}:{outer}:{rest}", sid


def by_question(keys: Iterable[str]) -> dict[str, list[str]]:
    """Keys as SIDs by question."""
    found: dict[str, list[str]] = {}
    for key in keys:
        question, sid = split(key)
        found.setdefault(question, []).append(sid)
    return found


def _number_of(name: str) -> int | None:
    found = re.fullmatch(r".*/commit-(\d{10})\.json", name)
    return None if found is None else int(found[1])


def _ended_before(question: str, oldest: datetime) -> bool:
    found = _WINDOW_END.search(question)
    return found is not None and datetime.fromisoformat(found[1]) < oldest
