"""The files of a poll: whole snapshots, each once, after any kill."""

from datetime import timedelta

import pyarrow.fs as pafs
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl.output.storage import Folder, ObjectStore
from taskrouter_stats.etl.polling import store as stores
from taskrouter_stats.etl.polling.encodings import JsonLinesEncoding
from taskrouter_stats.etl.polling.store import SnapshotStore
from tests.etl.polling.polled import EIGHT, WS, KilledError, MemoryStorage, snapshot, stored

MINUTE = timedelta(minutes=1)


def opened(storage, compression=None):
    """Return an open store of JSON Lines."""
    store = SnapshotStore(storage, JsonLinesEncoding(compression), WS)
    store.open()
    return store


def merge_all(store, now):
    """Merge every folder that can be merged, until none is left."""
    while folders := store.due(now):
        for folder in folders:
            store.merge(folder)


def files(storage, table):
    """Return the names of a table's files, without their folders."""
    return [name.rpartition("/")[2] for name in storage.names(table)]


def test_each_table_has_one_file_a_snapshot():
    """A snapshot adds one file to each table, and the table ``snapshots`` gets one row."""
    storage = MemoryStorage()
    store = opened(storage)
    store.append(snapshot())
    store.append(snapshot(EIGHT + MINUTE))
    assert files(storage, "worker_activity") == [
        "snapshot-0000000001-20261126T080000Z.jsonl",
        "snapshot-0000000002-20261126T080100Z.jsonl",
    ]
    counts = {(table, time): 0 for table, time, _ in stored(storage)}
    for (table, time, _), count in stored(storage).items():
        counts[table, time] += count
    times = ("2026-11-26T08:00:00Z", "2026-11-26T08:01:00Z")
    assert counts == {
        (table, time): rows
        for time in times
        for table, rows in (
            ("workspace_real_time_statistics", 1),
            ("worker_activity", 2),
            ("snapshots", 1),
        )
    }


@pytest.mark.parametrize("kind", ["folder", "object store"])
def test_every_storage_holds_it(tmp_path, kind):
    """A folder and an object store hold a poll's files alike, merged and found again."""
    storage = Folder(tmp_path, "_poll")
    if kind == "object store":
        memory = MemoryFileSystem(skip_instance_cache=True)
        memory_files = pafs.PyFileSystem(pafs.FSSpecHandler(memory))
        storage = ObjectStore(memory_files, str(tmp_path), "memory://lake")
    store = opened(storage)
    for minute in (0, 1, 61):
        store.append(snapshot(EIGHT + minute * MINUTE))
    merge_all(store, EIGHT + 61 * MINUTE)
    assert files(storage, "snapshots") == [
        "hour-20261126T08-0000000001-0000000002.jsonl",
        "snapshot-0000000003-20261126T090100Z.jsonl",
    ]
    again = opened(storage)
    again.append(snapshot(EIGHT + 62 * MINUTE))
    assert (again.cut, again.number) == (0, 4)
    found = stored(storage)
    assert (len(found), set(found.values())) == (4 * 4, {1})


def test_an_hour_becomes_one_file():
    """Once an hour has ended, its files of each folder become one, with the same rows."""
    storage = MemoryStorage()
    store = opened(storage)
    for minute in range(3):
        store.append(snapshot(EIGHT + minute * MINUTE))
    assert store.due(EIGHT + 59 * MINUTE) == []
    before = stored(storage)
    nine = EIGHT + 60 * MINUTE
    merge_all(store, nine)
    for table in ("worker_activity", "workspace_real_time_statistics", "snapshots"):
        assert files(storage, table) == ["hour-20261126T08-0000000001-0000000003.jsonl"]
    assert stored(storage) == before
    store.append(snapshot(nine))
    assert files(storage, "snapshots")[1] == "snapshot-0000000004-20261126T090000Z.jsonl"


def test_many_files_are_merged_within_their_hour(monkeypatch):
    """A folder never holds more small files than are merged at once."""
    monkeypatch.setattr(stores, "MERGE_AFTER", 4)
    storage = MemoryStorage()
    store = opened(storage)
    for second in range(10):
        store.append(snapshot(EIGHT + timedelta(seconds=second)))
        merge_all(store, EIGHT)
    assert len(files(storage, "snapshots")) == 2 + 2
    assert set(stored(storage).values()) == {1}


def test_a_clock_set_back_loses_and_repeats_nothing():
    """Snapshots of an hour that was merged before are merged on their own."""
    storage = MemoryStorage()
    store = opened(storage)
    for minutes in (0, 61, 1, 62, 2):
        now = EIGHT + minutes * MINUTE
        store.append(snapshot(now))
        merge_all(store, now)
    merge_all(store, EIGHT + timedelta(hours=5))
    assert opened(storage).cut == 0
    assert len(stored(storage)) == 5 * 4
    assert set(stored(storage).values()) == {1}


def test_a_failed_snapshot_leaves_nothing():
    """If one file can't be stored, the files before it are removed, and the error is raised."""
    storage = MemoryStorage()
    store = opened(storage)
    store.append(snapshot())
    before, puts = dict(storage.files), []

    def put(name, data):
        puts.append(name)
        if len(puts) == 3:
            raise StorageError("the disk is full")
        storage.files[name] = data

    storage.put = put
    with pytest.raises(StorageError, match="disk is full"):
        store.append(snapshot(EIGHT + MINUTE))
    assert storage.files == before


def test_a_value_that_no_file_can_hold_costs_its_row():
    """A row that can't be written is left out, the snapshot is not complete, and says why."""
    storage = MemoryStorage()
    made = snapshot()
    made.tables["worker_activity"][0]["extra"] = {"deep": "\ud800"}
    opened(storage).append(made)
    assert made.complete is False
    assert made.rows["worker_activity"] == 1
    assert "1 rows: a jsonl file can't hold a value" in made.reasons["worker_activity"]
    assert len(stored(storage)) == 1 + 1 + 1


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_another_format_is_refused(compression):
    """An output that holds the Workspace's snapshots in another format is not mixed."""
    storage = MemoryStorage()
    opened(storage, "gzip" if compression is None else None).append(snapshot())
    with pytest.raises(ConfigError, match="use that format"):
        opened(storage, compression)


steps = st.lists(
    st.tuples(st.sampled_from([1, 20, 61, -20, -61]), st.booleans()), min_size=1, max_size=12
)


@given(steps, st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_any_kill_leaves_whole_snapshots_once(schedule, kills):
    """After kills at any step, every stored snapshot is whole, there once, and none is lost."""
    storage, kept, now = MemoryStorage(), {}, EIGHT
    pending, kills = list(schedule), list(kills)
    while pending:
        storage.left = kills.pop() if kills else None
        time = None
        try:
            store = opened(storage)
            while pending:
                minutes, merges = pending[0]
                now += timedelta(minutes=minutes, microseconds=1)
                time = now
                store.append(snapshot(now))
                kept[f"{now.isoformat()[:-6]}Z"] = True
                pending.pop(0)
                time = None
                if merges:
                    merge_all(store, now)
        except KilledError:
            if time is not None:  # its mark may have been stored or not
                kept[f"{time.isoformat()[:-6]}Z"] = None
        storage.left = None
        opened(storage)
        found = stored(storage)
        assert set(found.values()) <= {1}
        whole = {time for table, time, _ in found if table == "snapshots"}
        assert {time for time, sure in kept.items() if sure} <= whole <= kept.keys()
        assert {time: sum(1 for _, at, _ in found if at == time) for time in whole} == (
            dict.fromkeys(whole, 4)
        )
        assert {at for _, at, _ in found} == whole
        kept = dict.fromkeys(whole, True)
