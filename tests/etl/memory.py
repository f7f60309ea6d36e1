"""An output in memory, which breaks, tears and dies where a test says so."""

import json
from contextlib import contextmanager

from taskrouter_stats.errors import OutputLocked, StorageError
from taskrouter_stats.etl.sinks.json_lines import to_line
from taskrouter_stats.etl.state.checkpoint import Position


class Disk:
    """What survives a run: files by name, and the moments at which an operation fails.

    Attributes:
        files: what is durable.
        faults: errors by the number of the operation that they spoil, counted from the run's first.
        dies_at: from this operation on nothing is durable any more, as after a kill.
    """

    def __init__(self):
        self.files = {}
        self.faults, self.dies_at, self.count, self.locked = {}, None, 0, False

    def next_run(self, faults=None, dies_at=None):
        """Begin to count anew, with other faults."""
        self.faults, self.dies_at, self.count, self.locked = faults or {}, dies_at, 0, False

    @property
    def dead(self):
        """Whether the process that writes is as good as killed."""
        return self.dies_at is not None and self.count > self.dies_at

    def step(self):
        """Count one operation that changes something, and fail if it is its turn."""
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
        """Store a file, whole or not at all."""
        self.disk.step()
        self.disk.files[name] = data

    def get(self, name):
        """Return what a file holds."""
        return self.disk.files[name]

    def names(self, under):
        """Return every file below a folder."""
        return sorted(name for name in self.disk.files if name.startswith(f"{under}/"))

    def remove(self, name):
        """Remove a file, if it is there."""
        self.disk.step()
        self.disk.files.pop(name, None)

    @contextmanager
    def lock(self, name):
        """Hold the one lock."""
        if self.disk.locked:
            raise OutputLocked(self.place, name)
        self.disk.locked = True
        try:
            yield
        finally:
            self.disk.locked = False


class MemorySink:
    """Rows as lines of one growing file, which a failing write tears."""

    state, format, snapshots, file = "_state", "JSON Lines", False, "rows"

    def __init__(self, disk):
        self.disk, self.storage, self.length = disk, MemoryStorage(disk), 0

    def begin(self, run, checkpoint):
        """Cut off what no commit knows."""
        del run
        last = checkpoint.last
        self.length = last.position.lengths.get(self.file, 0) if last else 0
        self.disk.files[self.file] = self.disk.files.get(self.file, b"")[: self.length]

    def write(self, batch):
        """Append every row, or none, but for what a fault leaves behind."""
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
    """The rows that a commit knows."""
    names = sorted(name for name in disk.files if name.startswith("_state/commit-"))
    if not names:
        return []
    length = json.loads(disk.files[names[-1]])["position"]["lengths"].get(MemorySink.file, 0)
    return [json.loads(line) for line in disk.files[MemorySink.file][:length].splitlines()]


def unavailable(disk):
    """The questions that are recorded as expired, and the Workers as gone, by question."""
    kept = json.loads(disk.files.get("_state/unavailable.json", b'{"expired": {}, "gone": {}}'))
    return set(kept["expired"]), {(q, sid) for q, sids in kept["gone"].items() for sid in sids}
