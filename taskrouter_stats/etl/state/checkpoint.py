"""The checkpoint of an output: which queries are done, and the output's content at that time.

A commit is one small file in ``_state``, written atomically after its rows are durable. A crash
can leave bytes beyond the committed lengths and parts beyond the committed list. The next run
removes these, and sends exactly their queries again.

Keys are stored by *query group*: the key without its innermost SID. So a month of 15,000 workers
is 30 groups with the same 15,000 SIDs. When there are many commits, ``open`` merges them into one.
The merge drops query groups whose window ended long before the newest window of the checkpoint, so
a clock that is wrong once drops nothing.

The parts that a commit replaces are removed after it; after a crash in between, the next ``open``
removes them.
"""

import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import orjson
from attrs import define, field

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.output.storage import Storage

from .commit import Commit, Position
from .overlaps import StoredWindow

__all__ = ["Checkpoint", "Commit", "Position", "by_query_group", "format_of", "split_key"]

VERSION: Final = 1
"""Version of the commit files."""


_MERGE_AFTER: Final = 64
"""Number of commits above which ``open`` merges them."""

_FORGET_AFTER: Final = timedelta(days=62)
"""Time after a window's end after which a merge drops its keys: Twilio documents 30 days of
history, another page 35."""

_WINDOW_END: Final = re.compile(r"/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
_DAY: Final = re.compile(r"/day=(\d{4}-\d\d-\d\d)/")


@define(eq=False)
class Checkpoint:
    """The commits of one output.

    Attributes:
        storage: holds the output.
        folder: the state folder within the storage; empty if the output keeps no state.
        format: the output's format.
        last: the newest commit, or None for a new output.
        sums: totals over all runs, by query group and count.
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
    _sizes: dict[str, int] = field(factory=dict[str, int], init=False)
    _replaced: list[str] = field(factory=list[str], init=False)
    _number: int = field(default=0, init=False)
    _newest: bytes | None = field(default=None, init=False)

    def open(self) -> None:
        """Read the commits of earlier runs.

        Raises:
            StorageError: a commit can't be read or is missing, or a newer version or another
                format wrote it.
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
            except (AttributeError, KeyError, TypeError, ValueError):  # JSON, but not a commit
                place = f"{self.storage.place}/{name}"
                raise StorageError(f"{place} is not a checkpoint: --fresh starts over") from None
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
        """Return whether the query with this key is done."""
        query_group, sid = split_key(key)
        return sid in self._done.get(query_group, ())

    def commit(self, commit: Commit) -> None:
        """Make a step durable, then remove the parts that it replaces.

        A part that can't be removed is tried again before the commit that ends the run, and at the
        next opening: readers find its rows a second time.

        Raises:
            StorageError: the output was moved or replaced, the commit can't be stored, or the run
                can't end since a replaced part can't be removed; the commit is not made.
        """
        self.check()
        if commit.ended:
            self._remove_replaced()
        self._write(self._number + 1, commit)
        self._apply(commit)
        self._replaced += commit.position.removed
        with suppress(StorageError):
            self._remove_replaced()

    def check(self) -> None:
        """Check that the newest commit of this process is still the output's newest one.

        Raises:
            StorageError: the output was moved, removed or replaced meanwhile.
        """
        if self._newest is None or not self.folder:
            return
        commits = [name for name in self.storage.names(self.folder) if _number_of(name) is not None]
        if commits[-1:] != [self._name(self._number)] or self.storage.get(commits[-1]) != (
            self._newest
        ):
            raise StorageError(
                f"{self.storage.place} was moved, removed or replaced while this run wrote to it: "
                f"the newest checkpoint of the run is not in {self.folder} any more: put the "
                "output back, then start the run again"
            )

    @property
    def parts(self) -> tuple[str, ...]:
        """The committed parts that no later commit has removed."""
        return tuple(self._parts)

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each committed part."""
        return {name: self._sizes[name] for name in self._parts if name in self._sizes}

    @property
    def unsettled(self) -> dict[str, tuple[str, ...]]:
        """Windows that had not settled, by the part that holds their rows."""
        return {name: windows for name, windows in self._parts.items() if windows}

    def _apply(self, commit: Commit) -> None:
        position = commit.position
        self._parts.update({name: position.unsettled.get(name, ()) for name in position.parts})
        self._sizes.update(position.sizes)
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

    def _remove_replaced(self) -> None:
        """Remove the parts that commits of this process have replaced."""
        while self._replaced:
            self.storage.remove(self._replaced[-1])
            del self._replaced[-1]

    def _merge(self, names: Iterable[str]) -> None:
        """Write one commit in place of many, then remove the many; a crash in between is safe."""
        last = self.last or Commit("")
        self._forget(last.run)
        merged = attrs.evolve(
            last,
            position=attrs.evolve(
                last.position,
                parts=self.parts,
                unsettled=self.unsettled,
                removed=(),
                sizes=self.sizes,
            ),
            done={query_group: sorted(sids) for query_group, sids in self._done.items()},
            sums=self.sums,
            windows=tuple(sorted(self.windows)),
        )
        self._write(self._number + 1, merged, merged=True)
        for name in names:
            self.storage.remove(name)

    def _forget(self, run: str) -> None:
        """Drop what belongs to windows that expired long ago, except parts of this run."""
        ends = [end for query_group in self._done if (end := _end_of(query_group)) is not None]
        ends += [datetime.fromisoformat(window.end) for window in self.windows]
        if not ends:
            return
        oldest = min(datetime.now(UTC), max(ends)) - _FORGET_AFTER
        self._done = {q: sids for q, sids in self._done.items() if not _ended_before(q, oldest)}
        self.sums = {q: sums for q, sums in self.sums.items() if not _ended_before(q, oldest)}
        self.windows = {w for w in self.windows if datetime.fromisoformat(w.end) >= oldest}
        self._parts = {
            name: windows
            for name, windows in self._parts.items()
            if f"part-{run}-" in name or not _is_older(name, oldest)
        }

    def _write(self, number: int, commit: Commit, *, merged: bool = False) -> None:
        header = {"version": VERSION, "format": self.format, "merged": merged}
        data = orjson.dumps({**header, **attrs.asdict(commit)})
        self.storage.put(self._name(number), data)
        self._number, self._newest = number, data

    def _name(self, number: int) -> str:
        return f"{self.folder}/commit-{number:010d}.json"

    def _read(self, name: str) -> tuple[Commit, bool]:
        """Return a commit, and whether it replaces all commits before it."""
        place = f"{self.storage.place}/{name}"
        found: dict[str, Any] = orjson.loads(self.storage.get(name))
        version, made_for = found.pop("version"), found.pop("format")
        if not isinstance(version, int) or version > VERSION:
            raise StorageError(
                f"{place} was written by a newer version of taskrouter-stats: upgrade it here"
            )
        if made_for != self.format:
            raise StorageError(
                f"{self.storage.place} holds {made_for}, not {self.format}: take another output"
            )
        if version != VERSION:
            raise ValueError(version)
        merged = bool(found.pop("merged", False))
        if merged:
            for known in (self._done, self.sums, self.windows, self._parts, self._sizes):
                known.clear()
        position = found.pop("position")
        lengths, sizes = (
            {file: int(size) for file, size in position.pop(kind, {}).items()}
            for kind in ("lengths", "sizes")
        )
        unsettled = {part: tuple(ends) for part, ends in position.pop("unsettled", {}).items()}
        names = {kind: tuple(listed) for kind, listed in position.items()}
        found["position"] = Position(lengths, unsettled=unsettled, sizes=sizes, **names)
        found["windows"] = tuple(_window(listed) for listed in found.get("windows", ()))
        return Commit(**found), merged


def format_of(storage: Storage, folder: str) -> str | None:
    """Return the format of the output with this state folder; None if it has no commit.

    Raises:
        StorageError: the newest commit can't be read.
    """
    names = [name for name in storage.names(folder) if _number_of(name) is not None]
    if not names:
        return None
    try:
        return str(orjson.loads(storage.get(names[-1]))["format"])
    except (KeyError, TypeError, ValueError):
        raise StorageError(f"{storage.place}/{names[-1]} is not a checkpoint: restore it") from None


def split_key(key: str) -> tuple[str, str]:
    """Return the query group and the innermost SID of a key.

    A Workspace's own statistics have an empty SID, since their group names the Workspace.
    """
    operation, sids, rest = key.split(":", 2)
    outer, _, sid = sids.partition("/")
    return f"{operation}:{outer}:{rest}", sid


def by_query_group(keys: Iterable[str]) -> dict[str, list[str]]:
    """Return the SIDs of these keys by query group."""
    found: dict[str, list[str]] = {}
    for key in keys:
        query_group, sid = split_key(key)
        found.setdefault(query_group, []).append(sid)
    return found


def _number_of(name: str) -> int | None:
    found = re.fullmatch(r".*/commit-(\d{10})\.json", name)
    return None if found is None else int(found[1])


def _window(stored: dict[str, Any]) -> StoredWindow:
    window = StoredWindow(**{name: str(text) for name, text in stored.items()})
    for text in (window.start, window.end):
        datetime.fromisoformat(text)  # raises ValueError for another text
    return window


def _end_of(query_group: str) -> datetime | None:
    found = _WINDOW_END.search(query_group)
    return None if found is None else datetime.fromisoformat(found[1])


def _ended_before(query_group: str, oldest: datetime) -> bool:
    end = _end_of(query_group)
    return end is not None and end < oldest


def _is_older(part: str, oldest: datetime) -> bool:
    found = _DAY.search(part)
    return found is not None and date.fromisoformat(found[1]) < oldest.date() - timedelta(days=1)
