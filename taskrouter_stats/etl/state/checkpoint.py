"""What is done, and where the output stood when it was: the checkpoint is the commit.

A commit is one small file in ``_state``, put there whole after the rows that it speaks of are
durable. What a crash leaves behind in the output is what no commit knows: bytes beyond the
lengths, parts beyond the list. So the next run can cut it off, and asks again for exactly those
keys.

Keys are kept by *query_group*, the key without its innermost SID, so that a month of 15,000 workers
is 30 questions with the same 15,000 SIDs. When many commits have gathered, opening merges them, and
forgets the questions about windows that ended long before the newest window that is known here:
what is forgotten follows from the state, and a clock that is wrong for once changes nothing.

What a commit replaces is removed after it; when a crash came between, the next opening removes it.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import orjson
from attrs import define, field, frozen

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.storage import Storage

from .overlaps import StoredWindow

__all__ = ["Checkpoint", "Commit", "Position", "by_query_group", "format_of", "split_key"]

VERSION: Final = 1
"""Of the files in ``_state``."""


_MERGE_AFTER: Final = 64
"""Commits that are worth merging."""

_FORGET_AFTER: Final = timedelta(days=62)
"""After so long a window's keys are forgotten: the server keeps 30 days, or 35 by another page."""

_WINDOW_END: Final = re.compile(r"/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
_DAY: Final = re.compile(r"/day=(\d{4}-\d\d-\d\d)/")


@frozen
class Position:
    """Where an output stands.

    Attributes:
        lengths: bytes of each file that grows.
        parts: the files of their own that the step has added.
        unsettled: the windows that had not settled, ``start/end``, by the added part that holds
            their rows; a later answer replaces them.
        removed: older parts, whose remaining rows stand in the new ones.
        rewritten: files that grow whose new content waits in the folder of the state.
    """

    lengths: Mapping[str, int] = field(factory=dict[str, int])
    parts: tuple[str, ...] = ()
    unsettled: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    removed: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()

    def then(self, later: "Position") -> "Position":
        """Return where the output stands after this step and a later one, as one step.

        A part that this step adds and the later one replaces is both added and removed.
        """
        return Position(
            {**self.lengths, **later.lengths},
            (*self.parts, *later.parts),
            {**self.unsettled, **later.unsettled},
            (*self.removed, *later.removed),
            (*self.rewritten, *later.rewritten),
        )


@frozen
class Commit:
    """One step of a run.

    Attributes:
        run: the run's name.
        position: where the output stands after it.
        done: SIDs by query_group that need not be asked again.
        sums: totals by query_group and count of the rows that were added.
        ended: whether the run is over, so that none of its parts is in doubt.
        windows: the windows of the rows that were added.
    """

    run: str
    position: Position = Position()
    done: Mapping[str, list[str]] = field(factory=dict[str, list[str]])
    sums: Mapping[str, Mapping[str, int]] = field(factory=dict[str, Mapping[str, int]])
    ended: bool = False
    windows: tuple[StoredWindow, ...] = ()


@define(eq=False)
class Checkpoint:
    """The state of one output, in the folder ``folder`` of a storage.

    Attributes:
        last: the newest commit, or None for a new output.
        sums: totals by query_group and count over all runs.
        windows: the windows whose rows the output holds.
    """

    storage: Storage
    folder: str
    format: str
    last: Commit | None = field(default=None, init=False)
    sums: dict[str, dict[str, int]] = field(factory=dict[str, dict[str, int]], init=False)
    windows: set[StoredWindow] = field(factory=set[StoredWindow], init=False)
    _done: dict[str, set[str]] = field(factory=dict[str, set[str]], init=False)
    _parts: dict[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]], init=False)
    _number: int = field(default=0, init=False)

    def open(self) -> None:
        """Read what earlier runs committed.

        Raises:
            StorageError: when it can't be read, or a newer version or another format wrote it.
        """
        names = [name for name in self.storage.names(self.folder) if _number_of(name) is not None]
        removed: list[str] = []
        gap = False
        for name in names:
            number = _number_of(name) or 0
            gap = gap or number != self._number + 1
            try:
                commit, merged = self._read(name)
                self._apply(commit)
            except (AttributeError, KeyError, TypeError, ValueError):  # JSON, and not of a commit
                place = f"{self.storage.place}/{name}"
                raise StorageError(f"{place} is no checkpoint: --fresh starts over") from None
            gap, self._number = gap and not merged, number
            removed += commit.position.removed
        if gap:
            raise StorageError(
                f"{self.storage.place}/{self.folder} lacks some of its checkpoints: restore them; "
                "--fresh starts over"
            )
        for name in removed:
            self.storage.remove(name)
        if len(names) > _MERGE_AFTER:
            self._merge(names)

    def is_done(self, key: str) -> bool:
        """Whether a query with this key need not be asked again."""
        query_group, sid = split_key(key)
        return sid in self._done.get(query_group, ())

    def commit(self, commit: Commit) -> None:
        """Make a step durable, then remove the parts that it replaces.

        Raises:
            StorageError: when it can't be stored; then it didn't happen.
        """
        self._write(self._number + 1, commit)
        self._apply(commit)
        for name in commit.position.removed:
            with suppress(StorageError):  # the next opening tries again
                self.storage.remove(name)

    @property
    def parts(self) -> tuple[str, ...]:
        """The committed parts that the output still consists of."""
        return tuple(self._parts)

    @property
    def unsettled(self) -> dict[str, tuple[str, ...]]:
        """The windows that had not settled, by the part that holds their rows."""
        return {name: windows for name, windows in self._parts.items() if windows}

    def _apply(self, commit: Commit) -> None:
        position = commit.position
        self._parts.update({name: position.unsettled.get(name, ()) for name in position.parts})
        for name in position.removed:
            self._parts.pop(name, None)
        self.windows.update(commit.windows)
        for query_group, sids in commit.done.items():
            self._done.setdefault(query_group, set()).update(map(sys.intern, sids))
        for query_group, counts in commit.sums.items():
            known = self.sums.setdefault(query_group, {})
            for name, count in counts.items():
                known[name] = known.get(name, 0) + count
        self.last = commit

    def _merge(self, names: Iterable[str]) -> None:
        """One commit in place of many; until the many are removed they say the same again."""
        last = self.last or Commit("")
        self._forget(last.run)
        whole = attrs.evolve(
            last,
            position=attrs.evolve(
                last.position, parts=self.parts, unsettled=self.unsettled, removed=()
            ),
            done={query_group: sorted(sids) for query_group, sids in self._done.items()},
            sums=self.sums,
            windows=tuple(sorted(self.windows)),
        )
        self._write(self._number + 1, whole, merged=True)
        for name in names:
            self.storage.remove(name)

    def _forget(self, run: str) -> None:
        """Forget what the server has long forgotten, but no part of this run."""
        ends = [end for query_group in self._done if (end := _end_of(query_group)) is not None]
        ends += [datetime.fromisoformat(window[3]) for window in self.windows]
        if not ends:
            return
        oldest = min(datetime.now(UTC), max(ends)) - _FORGET_AFTER
        self._done = {q: sids for q, sids in self._done.items() if not _ended_before(q, oldest)}
        self.sums = {q: sums for q, sums in self.sums.items() if not _ended_before(q, oldest)}
        self.windows = {w for w in self.windows if datetime.fromisoformat(w[3]) >= oldest}
        self._parts = {
            name: windows
            for name, windows in self._parts.items()
            if f"part-{run}-" in name or not _is_older(name, oldest)
        }

    def _write(self, number: int, commit: Commit, *, merged: bool = False) -> None:
        header = {"version": VERSION, "format": self.format, "merged": merged}
        data = orjson.dumps({**header, **attrs.asdict(commit)})
        self.storage.put(f"{self.folder}/commit-{number:010d}.json", data)
        self._number = number

    def _read(self, name: str) -> tuple[Commit, bool]:
        """Return a commit, and whether it stands for all before it."""
        place = f"{self.storage.place}/{name}"
        found: dict[str, Any] = orjson.loads(self.storage.get(name))
        version, made_for = found.pop("version"), found.pop("format")
        if not isinstance(version, int) or version > VERSION:
            raise StorageError(f"{place} was written by a newer version of taskrouter-stats")
        if made_for != self.format:
            raise StorageError(
                f"{self.storage.place} holds {made_for}, not {self.format}: take another output"
            )
        if version != VERSION:
            raise ValueError(version)
        merged = bool(found.pop("merged", False))
        if merged:
            for known in (self._done, self.sums, self.windows, self._parts):
                known.clear()
        position = found.pop("position")
        lengths = {file: int(length) for file, length in position.pop("lengths").items()}
        unsettled = {part: tuple(ends) for part, ends in position.pop("unsettled", {}).items()}
        names = {kind: tuple(listed) for kind, listed in position.items()}
        found["position"] = Position(lengths, unsettled=unsettled, **names)
        found["windows"] = tuple(_window(one) for one in found.get("windows", ()))
        return Commit(**found), merged


def format_of(storage: Storage, folder: str) -> str | None:
    """Return the format of the output whose state this is; None if there is none.

    Raises:
        StorageError: when the state can't be read.
    """
    names = [name for name in storage.names(folder) if _number_of(name) is not None]
    if not names:
        return None
    try:
        return str(orjson.loads(storage.get(names[-1]))["format"])
    except (KeyError, TypeError, ValueError):
        raise StorageError(f"{storage.place}/{names[-1]} is no checkpoint") from None


def split_key(key: str) -> tuple[str, str]:
    """A query's key as its query_group and the innermost SID."""
    operation, sids, rest = key.split(":", 2)
    outer, _, sid = sids.rpartition("/")
    return f"{operation}:{outer}:{rest}", sid


def by_query_group(keys: Iterable[str]) -> dict[str, list[str]]:
    """Keys as SIDs by query_group."""
    found: dict[str, list[str]] = {}
    for key in keys:
        query_group, sid = split_key(key)
        found.setdefault(query_group, []).append(sid)
    return found


def _number_of(name: str) -> int | None:
    found = re.fullmatch(r".*/commit-(\d{10})\.json", name)
    return None if found is None else int(found[1])


def _window(listed: list[str]) -> StoredWindow:
    workspace, channel, start, end, zone = map(str, listed)
    datetime.fromisoformat(end)  # refuses what is no time
    return (workspace, channel, start, end, zone)


def _end_of(query_group: str) -> datetime | None:
    found = _WINDOW_END.search(query_group)
    return None if found is None else datetime.fromisoformat(found[1])


def _ended_before(query_group: str, oldest: datetime) -> bool:
    end = _end_of(query_group)
    return end is not None and end < oldest


def _is_older(part: str, oldest: datetime) -> bool:
    found = _DAY.search(part)
    return found is not None and date.fromisoformat(found[1]) < oldest.date() - timedelta(days=1)
