"""Sums over the rows of an output in Parquet."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats.errors import ConfigError, StorageError
from taskrouter_stats.etl.reading import ParquetReader, WindowKey
from tests.support.stored_rows import START, WORKSPACE, StoredRows, row

TABLE = "worker_statistics"
BY = ("worker_sid", "task_channel")
SUM = {"reservations_created": "sum", "reservations_accepted": "max"}
ROWS = st.lists(
    st.builds(
        lambda hour, number, channel, created, accepted: row(
            TABLE,
            hour,
            worker_sid=f"WK{number:032}",
            task_channel=channel,
            reservations_created=created,
            reservations_accepted=accepted,
        ),
        st.integers(0, 3),
        st.integers(0, 2),
        st.sampled_from([None, "voice"]),
        st.none() | st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=12,
)


def key(found):
    """Return the window of a row."""
    return WindowKey(*(found[name] for name in WindowKey._fields))


def combined(rows):
    """Return the same as ``combine``, in plain Python."""
    count, created, most = Counter(), Counter(), Counter()
    for each in rows:
        if each["reservations_created"] is not None:
            group = tuple(each[name] for name in BY)
            count[group] += 1
            created[group] += each["reservations_created"]
            most[group] = max(most[group], each["reservations_accepted"])
    return {group: (count[group], created[group], most[group]) for group in count}


@given(rows=ROWS, cut=st.integers(0, 12), left_out=st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_rows_are_combined_like_in_plain_python(rows, cut, left_out):
    """Sums do not depend on how files divide the rows, and rows with null add nothing."""
    parts = [(TABLE, part) for part in (rows[:cut], rows[cut:]) if part]
    without = {key(each) for each in rows[:left_out]}
    found = ParquetReader(StoredRows(*parts)).combine(TABLE, BY, SUM, without=without)
    names = ("rows", *SUM)
    shown = {
        tuple(each[name] for name in BY): tuple(each[name] for name in names) for each in found
    }
    assert shown == combined(each for each in rows if key(each) not in without)
    assert len(shown) == len(found)


def test_of_several_answers_the_latest_counts():
    """Rows that a later answer replaced add nothing, even if their file is still there."""
    worker = f"WK{1:032}"
    early = row(TABLE, worker_sid=worker, reservations_created=2, complete=False)
    late = row(TABLE, worker_sid=worker, reservations_created=5)
    for parts in ([early], [late]), ([late], [early]):
        reader = ParquetReader(StoredRows(*((TABLE, part) for part in parts)))
        (found,) = reader.combine(TABLE, ["worker_sid"], {"reservations_created": "sum"})
        assert (found["rows"], found["reservations_created"]) == (1, 5)


def test_windows_are_rows_without_sums():
    """Without columns to combine, each window is a row with its number of rows."""
    rows = [row(TABLE, hour, worker_sid=f"WK{hour:032}") for hour in (0, 0, 1)]
    reader = ParquetReader(StoredRows((TABLE, rows)))
    found = reader.combine(TABLE, WindowKey._fields)
    assert sorted((key(each).window_start, each["rows"]) for each in found) == [
        (START, 2),
        (rows[2]["window_start"], 1),
    ]
    assert found[0]["workspace_sid"] == WORKSPACE
    assert reader.combine("task_queue_statistics", WindowKey._fields) == []


def test_other_formats_are_refused(tmp_path):
    """An output in another format, or a folder of another program, is refused in words."""
    with pytest.raises(ConfigError, match="is not an output of this program: it has no _state"):
        ParquetReader.at(tmp_path)
    StoredRows().state(format="CSV of workers").write(tmp_path)
    with pytest.raises(ConfigError, match="holds CSV of workers: expected Parquet"):
        ParquetReader.at(str(tmp_path))


def test_files_that_are_not_readable_are_named():
    """A broken file and one that lacks a column raise an error with the file's name."""
    storage = StoredRows((TABLE, [row(TABLE)]))
    reader = ParquetReader(storage)
    with pytest.raises(StorageError, match=r"parquet has no column team: restore it"):
        reader.combine(TABLE, ["team"])
    name = storage.names(TABLE)[0]
    storage.files[name] = storage.files[name][:-9]
    with pytest.raises(StorageError, match=f"{name} is not readable: "):
        reader.combine(TABLE, ["worker_sid"])
