"""Snapshots and storages for the tests of polls."""

from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime

import orjson

from taskrouter_stats.etl.polling.snapshot import Snapshot
from taskrouter_stats.etl.rows import snapshot_columns
from taskrouter_stats.etl.schemas import POLLED, SCHEMAS

WS, AC, WQ, WK = (prefix + "1" * 32 for prefix in ("WS", "AC", "WQ", "WK"))
EIGHT = datetime(2026, 11, 26, 8, tzinfo=UTC)


class KilledError(BaseException):
    """The process ends here: nothing after it runs."""


class MemoryStorage:
    """A storage in memory that kills its process after some operations.

    Attributes:
        files: the content of each file by its name.
        left: operations until the kill, or None for no kill.
    """

    place = "memory"

    def __init__(self):
        self.files, self.left = {}, None

    def _step(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KilledError

    def put(self, name, data):
        """Store a file."""
        self._step()
        self.files[name] = data

    def get(self, name):
        """Return a file's content."""
        return self.files[name]

    def names(self, under):
        """Return the names below a folder."""
        return sorted(name for name in self.files if name.startswith(f"{under}/"))

    def remove(self, name):
        """Remove a file."""
        self._step()
        self.files.pop(name, None)

    def lock(self, name):
        """Lock nothing."""
        del name
        return nullcontext()


def row(table, **values):
    """Return a row of a table, with null for the other columns."""
    return {**dict.fromkeys(SCHEMAS[table].names), **values}


def snapshot(time=EIGHT, tz=UTC, workers=2, **fields):
    """Return a snapshot with one row of the Workspace and one of each of some Workers."""
    made = Snapshot(WS, time, tz, 30.0, account_sid=AC, **fields)
    known = {"account_sid": AC, "workspace_sid": WS, **snapshot_columns(time, tz)}
    made.add(
        {
            "workspace_real_time_statistics": [row("workspace_real_time_statistics", **known)],
            "worker_activity": [
                row("worker_activity", **known, worker_sid=f"WK{number:032x}")
                for number in range(workers)
            ],
        }
    )
    return made


def stored(storage):
    """Return how often each row is in JSON Lines: ``(table, snapshot_time, worker_sid)``."""
    found = Counter()
    for name in (name for table in POLLED for name in storage.names(table)):
        for line in storage.get(name).splitlines():
            read = orjson.loads(line)
            found[name.partition("/")[0], read["snapshot_time"], read.get("worker_sid")] += 1
    return found
