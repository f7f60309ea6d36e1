"""The checkpoint: what a commit stores, and what the next run reads."""

from datetime import date

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, queries
from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.output.storage import Folder
from taskrouter_stats.etl.state.checkpoint import (
    Checkpoint,
    Commit,
    Position,
    by_query_group,
    split_key,
)
from tests.etl.export_runs import days

WS = "WS" + "2" * 32


def worker_key(number, window=None):
    """Return the key of that worker's statistics on a day."""
    window = window or days(1)[0]
    return queries.worker_statistics(WS, f"WK{number:032x}", window).key


def opened(folder, kind="CSV"):
    """Return the checkpoint of an output, read from its files."""
    checkpoint = Checkpoint(Folder(folder), "_state", kind)
    checkpoint.open()
    return checkpoint


def commit(run, *numbers, **fields):
    """Return a commit of these workers."""
    return Commit(run, done=by_query_group(worker_key(number) for number in numbers), **fields)


@given(st.integers(0, 16**32 - 1), st.none() | st.text(min_size=1, alphabet="ab:/&é "))
def test_a_key_is_a_query_group_and_a_sid(number, channel):
    """The keys of two workers differ only in the SID, whatever the filters hold."""
    window, sid = days(1)[0], f"WK{number:032x}"
    key = queries.worker_statistics(WS, sid, window, task_channel=channel).key
    other = queries.worker_statistics(WS, "WK" + "f" * 32, window, task_channel=channel).key
    assert split_key(key)[1] == sid
    assert split_key(key)[0] == split_key(other)[0]


def test_open_reads_what_was_committed(tmp_path):
    """Keys, lengths, sums and the end of a run are read as they were committed."""
    first = opened(tmp_path)
    group = split_key(worker_key(1))[0]
    first.commit(commit("r1", 1, position=Position({"a.csv": 5}), sums={group: {"n": 2}}))
    first.commit(commit("r1", 2, position=Position({"a.csv": 9}), sums={group: {"n": 3}}))
    again = opened(tmp_path)
    assert [again.is_done(worker_key(number)) for number in (1, 2, 3)] == [True, True, False]
    assert (again.last.position.lengths, again.last.ended) == ({"a.csv": 9}, False)
    assert again.sums == {group: {"n": 5}}


def test_parts_are_listed_until_a_commit_replaces_them(tmp_path):
    """The checkpoint lists the parts of every run with their windows until one is replaced."""
    first = opened(tmp_path)
    first.commit(commit("r1", 1, position=Position(parts=("p1", "p2"), unsettled={"p2": ("w",)})))
    first.commit(commit("r2", 2, position=Position(parts=("p3",))))
    assert opened(tmp_path).unsettled == {"p2": ("w",)}
    first.commit(commit("r2", 3, position=Position(parts=("p4",), removed=("p2",))))
    assert opened(tmp_path).parts == first.parts == ("p1", "p3", "p4")
    assert opened(tmp_path).unsettled == first.unsettled == {}


def test_a_run_does_not_end_beside_a_part_that_it_replaced(tmp_path, monkeypatch):
    """A replaced part that can't be removed is tried again at the end, which raises its error."""
    checkpoint, failures, remove = opened(tmp_path), [1, 1], Folder.remove

    def refuse(storage, name):
        if failures:
            raise StorageError(f"{name}: {failures.pop()}")
        remove(storage, name)

    monkeypatch.setattr(Folder, "remove", refuse)
    Folder(tmp_path).put("p1", b"")
    checkpoint.commit(commit("r1", 1, position=Position(parts=("p1",))))
    checkpoint.commit(commit("r1", 2, position=Position(parts=("p2",), removed=("p1",))))
    with pytest.raises(StorageError, match="p1: 1"):
        checkpoint.commit(Commit("r1", ended=True))
    assert not checkpoint.last.ended
    checkpoint.commit(Commit("r1", ended=True))
    assert (checkpoint.last.ended, (tmp_path / "p1").exists()) == (True, False)


def test_many_commits_are_merged_into_one_with_the_same_content(tmp_path):
    """Opening after many commits leaves one file, and drops no key, part, length or sum."""
    first, group = opened(tmp_path), split_key(worker_key(1))[0]
    for number in range(100):
        position = Position({"a.csv": number}, (f"p{number}",), sizes={f"p{number}": number})
        first.commit(commit("r1", number, position=position, sums={group: {"n": 1}}))
    for _ in range(2):
        again = opened(tmp_path)
        assert all(again.is_done(worker_key(number)) for number in range(100))
        assert again.sums == {group: {"n": 100}}
        assert len(again.parts) == again.last.position.lengths["a.csv"] + 1 == 100
        assert again.sizes == first.sizes == {f"p{number}": number for number in range(100)}
        assert len(Folder(tmp_path).names("_state")) == 1


def test_a_crash_during_a_merge_counts_nothing_twice(tmp_path):
    """Old commits beside the merged one are not counted again."""
    first, group = opened(tmp_path), split_key(worker_key(1))[0]
    for number in range(70):
        first.commit(commit("r1", number, sums={group: {"n": 1}}))
    kept = {name: Folder(tmp_path).get(name) for name in Folder(tmp_path).names("_state")}
    opened(tmp_path)
    for name, data in kept.items():
        Folder(tmp_path).put(name, data)
    assert opened(tmp_path).sums == {group: {"n": 70}}


def test_a_merge_drops_windows_that_expired_long_ago(tmp_path):
    """A merge drops the keys of windows that ended months ago, and keeps the others."""
    first, old = opened(tmp_path), Window.day(date(2020, 1, 1), tz="UTC")
    first.commit(Commit("r1", done=by_query_group([worker_key(1, old), worker_key(1)])))
    for _ in range(70):
        first.commit(commit("r1"))
    again = opened(tmp_path)
    assert (again.is_done(worker_key(1, old)), again.is_done(worker_key(1))) == (False, True)


def test_another_format_raises_an_error(tmp_path):
    """A run does not continue an output in another format."""
    opened(tmp_path).commit(commit("r1"))
    with pytest.raises(StorageError, match="holds CSV, not Parquet: take another output"):
        opened(tmp_path, "Parquet")


def written(folder, **changes):
    """Write a commit's file with these changes."""
    opened(folder).commit(commit("r1", 1))
    (name,) = Folder(folder).names("_state")
    found = orjson.loads(Folder(folder).get(name))
    Folder(folder).put(name, orjson.dumps({**found, **changes}))


def test_a_newer_version_raises_an_error(tmp_path):
    """A run does not continue an output whose checkpoint a newer version wrote."""
    written(tmp_path, version=99)
    with pytest.raises(StorageError, match="newer version"):
        opened(tmp_path)


def test_an_unknown_version_raises_an_error(tmp_path):
    """A file with a version below the first is not a checkpoint."""
    written(tmp_path, version=0)
    with pytest.raises(StorageError, match="is not a checkpoint"):
        opened(tmp_path)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"version": 1}', b'"text"'])
def test_a_file_that_is_not_a_checkpoint_raises_an_error(tmp_path, data):
    """The error names a commit file with other content, and what to do."""
    Folder(tmp_path).put("_state/commit-0000000001.json", data)
    with pytest.raises(StorageError, match="is not a checkpoint: --fresh starts over"):
        opened(tmp_path)
