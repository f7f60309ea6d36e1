"""An output in memory, whose operations fail where a test says so."""

import json
from contextlib import contextmanager

from taskrouter_stats.errors import OutputLocked, StorageError
from taskrouter_stats.etl.sinks.json_lines import to_line
from taskrouter_stats.etl.state.checkpoint import Position


class Disk:
    """The content of an output after a run, and the operations that fail.

    Attributes:
        files: what is durable.
        faults: errors by the number of the operation that they spoil, counted from the run's first.
        dies_at: from this operation on nothing is durable any more, as after a kill.
    """

    def __init__(self):
        self.files = {}
        self.faults, self.dies_at, self.count, self.locked = {}, None, 0, False

    def next_run(self, faults=None, dies_at=None):
        """Start counting operations again, with other faults."""
        self.faults, self.dies_at, self.count, self.locked = faults or {}, dies_at, 0, False

    @property
    def dead(self):
        """Return whether the process counts as killed."""
        return self.dies_at is not None and self.count > self.dies_at

    def step(self):
        """Count an operation that changes something, and raise its fault."""
        self.count += 1
        if self.dead:
            raise StorageError("killed")
        if error := self.faults.get(self.count):
            raise error


class MemoryStorage:
    """A storage on such a disk."""

    place = "memory"

    def __init__(self, disk):
        self.disk = disk

    def put(self, name, data):
        """Store a file atomically."""
        self.disk.step()
        self.disk.files[name] = data

    def get(self, name):
        """Return the content of a file."""
        return self.disk.files[name]

    def names(self, under):
        """Return the names of all files below a folder."""
        return sorted(name for name in self.disk.files if name.startswith(f"{under}/"))

    def remove(self, name):
        """Remove a file, if it exists."""
        self.disk.step()
        self.disk.files.pop(name, None)

    @contextmanager
    def lock(self, name):
        """Hold the only lock."""
        if self.disk.locked:
            raise OutputLocked(self.place, name)
        self.disk.locked = True
        try:
            yield
        finally:
            self.disk.locked = False


class MemorySink:
    """A sink that appends rows as lines to one file; a failing write leaves half a line."""

    state, format, table, file = "_state", "JSON Lines", "worker_statistics", "rows"

    def __init__(self, disk):
        self.disk, self.storage, self.length = disk, MemoryStorage(disk), 0

    def begin(self, run, checkpoint):
        """Truncate the file to its committed length."""
        del run
        last = checkpoint.last
        self.length = last.position.lengths.get(self.file, 0) if last else 0
        self.disk.files[self.file] = self.disk.files.get(self.file, b"")[: self.length]

    def check(self, checkpoint):
        """Check nothing: no other program changes this disk."""

    def write(self, batch):
        """Append every row or none, except for what a fault leaves."""
        lines = [to_line(row) for tables in batch for row in tables["worker_statistics"]]
        before = self.disk.files[self.file][: self.length]
        try:
            self.disk.step()
        except BaseException:
            if not self.disk.dead or self.disk.count == self.disk.dies_at + 1:
                self.disk.files[self.file] = before + b"".join(lines)[:-7]
            raise
        self.disk.files[self.file] = before + b"".join(lines)
        self.length = len(self.disk.files[self.file])
        return Position({self.file: self.length})


def durable_rows(disk):
    """Return the rows up to the committed length."""
    names = sorted(name for name in disk.files if name.startswith("_state/commit-"))
    if not names:
        return []
    length = json.loads(disk.files[names[-1]])["position"]["lengths"].get(MemorySink.file, 0)
    return [json.loads(line) for line in disk.files[MemorySink.file][:length].splitlines()]


def unavailable(disk):
    """Return the query groups recorded as expired, and the gone Workers by query group."""
    kept = json.loads(disk.files.get("_state/unavailable.json", b'{"expired": {}, "gone": {}}'))
    return set(kept["expired"]), {(q, sid) for q, sids in kept["gone"].items() for sid in sids}
