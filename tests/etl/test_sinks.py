"""Sinks make rows durable, and return to the last commit after a crash."""

import csv
import gzip
import json
from datetime import UTC, date, datetime

import pytest

from taskrouter_stats.errors import ConfigError, InvalidParameter, StorageError
from taskrouter_stats.etl import SCHEMAS, CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, Position

from .export_runs import parquet_rows

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
NASTY = 'O\'Neil, "Ann"\r\n=1+1'


def tables(number=1, name="Ada"):
    """Return one worker's rows, with one activity."""
    row = dict.fromkeys(SCHEMAS["worker_statistics"].names)
    row |= {"worker_sid": f"WK{number}", "worker_name": name, "window_start": NOON}
    row |= {"day": date(2026, 11, 1), "complete": True, "extra": {"a": [1, None]}}
    activity = dict.fromkeys(SCHEMAS["worker_activity_durations"].names)
    activity |= {"worker_sid": f"WK{number}", "activity_name": "Idle", "total": 1.5}
    activity |= {"day": date(2026, 11, 1)}
    return {"worker_statistics": [row], "worker_activity_durations": [activity]}


def begun(sink, *commits, run="run"):
    """Return a sink at the beginning of a run, after these commits."""
    checkpoint = Checkpoint(sink.storage, sink.state, sink.format)
    checkpoint.open()
    for commit in commits:
        checkpoint.commit(commit)
    sink.begin(run, checkpoint)
    return sink


def test_json_lines_nest_a_workers_activities(tmp_path):
    """One line holds a worker and window with its activities, and times in UTC."""
    sink = begun(JsonLinesSink(tmp_path / "out.jsonl"))
    position = sink.write([tables(1), tables(2, NASTY)])
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_bytes().splitlines())
    assert first["activity_durations"][0]["activity_name"] == "Idle"
    assert (first["window_start"], first["extra"]) == ("2026-11-01T12:00:00Z", {"a": [1, None]})
    assert second["worker_name"] == NASTY
    assert position.lengths == {"out.jsonl": (tmp_path / "out.jsonl").stat().st_size}


def test_a_folder_of_json_lines_has_a_file_for_each_table(tmp_path):
    """A folder has files for the snapshots too, and nests activities as well."""
    sink = begun(JsonLinesSink(tmp_path / "lake"))
    sink.write([tables(), {"workers": [{"worker_sid": "WK1"}]}])
    names = sorted(path.name for path in (tmp_path / "lake").glob("*.jsonl"))
    assert names == ["worker_statistics.jsonl", "workers.jsonl"]


def test_csv_follows_rfc_4180(tmp_path):
    """Lines end in CRLF after one header, quotes are doubled, null is empty."""
    sink = begun(CsvSink(tmp_path))
    sink.write([tables(1, NASTY)])
    sink.write([tables(2)])
    path = tmp_path / "worker_statistics.csv"
    assert path.read_bytes().count(b"account_sid") == 1
    assert b'"O\'Neil, ""Ann""\r\n=1+1"' in path.read_bytes()
    with path.open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert (first["worker_name"], first["reservations_created"]) == (NASTY, "")
    assert (second["complete"], second["day"]) == ("true", "2026-11-01")
    assert second["window_start"] == "2026-11-01T12:00:00Z"
    assert json.loads(second["extra"]) == {"a": [1, None]}


def test_parquet_parts_are_in_hives_folders(tmp_path):
    """Readers find each table with the partition's columns, each of them once."""
    begun(ParquetSink(tmp_path)).write([tables(1), tables(2)])
    first, second = parquet_rows(tmp_path)
    assert (first["worker_sid"], second["worker_sid"]) == ("WK1", "WK2")
    assert (first["day"], first["window_start"]) == ("2026-11-01", NOON)
    assert first["account"] == "unknown"
    assert parquet_rows(tmp_path, "worker_activity_durations")[0]["total"] == 1.5


@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink])
def test_a_resumed_run_truncates_uncommitted_bytes(tmp_path, make):
    """A run that resumes removes half lines and uncommitted lines, and appends after the rest."""
    sink = begun(make(tmp_path))
    position = sink.write([tables(1)])
    torn = dict(position.lengths)
    sink.write([tables(2)])
    (path,) = tmp_path.glob("worker_statistics.*")
    path.write_bytes(path.read_bytes()[:-3])
    again = begun(make(tmp_path), Commit("run", Position(torn)))
    assert path.stat().st_size == torn[path.name]
    again.write([tables(3)])
    assert b"WK3" in path.read_bytes()
    assert b"WK2" not in path.read_bytes()


def test_compressed_files_grow_by_whole_members(tmp_path):
    """A gzip file truncated to its committed length is valid, and rows can be appended."""
    sink = begun(JsonLinesSink(tmp_path / "out.jsonl.gz"))
    first = sink.write([tables(1)])
    sink.write([tables(2)])
    again = begun(JsonLinesSink(tmp_path / "out.jsonl.gz"), Commit("run", first))
    again.write([tables(3)])
    lines = gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line)["worker_sid"] for line in lines] == ["WK1", "WK3"]


def test_uncommitted_parts_of_a_crashed_run_are_removed(tmp_path):
    """A run removes only the crashed run's parts that no commit lists, and no other file."""
    sink = begun(ParquetSink(tmp_path), run="r1")
    committed = sink.write([tables(1)])
    sink.write([tables(2)])
    foreign = tmp_path / "worker_statistics" / "part-r0-00001.parquet"
    foreign.write_bytes(b"")
    begun(ParquetSink(tmp_path), Commit("r1", committed), run="r2")
    remaining = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet")}
    assert remaining == {*committed.parts, "worker_statistics/part-r0-00001.parquet"}


def test_parts_of_a_run_that_ended_stay(tmp_path):
    """A run removes no part of a run that ended, listed or not."""
    sink = begun(ParquetSink(tmp_path), run="r1")
    sink.write([tables(1)])
    begun(ParquetSink(tmp_path), Commit("r1", ended=True), run="r2")
    assert len(list(tmp_path.rglob("part-r1-*.parquet"))) == 2


@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink])
def test_a_file_of_another_program_is_not_truncated(tmp_path, make):
    """A file that existed before the first run raises an error and stays unchanged."""
    (name,) = (f"worker_statistics{make.endings[0]}",)
    (tmp_path / name).write_text("precious")
    with pytest.raises(StorageError, match="is not this program's: --fresh moves it aside"):
        begun(make(tmp_path))
    assert (tmp_path / name).read_text() == "precious"


def test_a_file_shorter_than_its_commit_raises_an_error(tmp_path):
    """The error of a file that somebody truncated names both lengths."""
    sink = begun(JsonLinesSink(tmp_path / "o.jsonl"))
    sink.write([tables(1)])
    with pytest.raises(StorageError, match="fewer than the 9999999 that were committed"):
        begun(JsonLinesSink(tmp_path / "o.jsonl"), Commit("run", Position({"o.jsonl": 9_999_999})))


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_csv_rows_are_not_appended_below_other_columns(tmp_path, compression):
    """A run appends no row to a file whose header has columns of another version."""
    sink = begun(CsvSink(tmp_path, compression=compression))
    position = sink.write([tables(1)])
    (path,) = tmp_path.glob("worker_statistics.csv*")
    old = path.read_bytes() if compression is None else gzip.decompress(path.read_bytes())
    old = old.replace(b"account_sid", b"another_sid", 1)
    path.write_bytes(old if compression is None else gzip.compress(old))
    committed = Commit("run", Position({**position.lengths, path.name: path.stat().st_size}))
    again = begun(CsvSink(tmp_path, compression=compression), committed)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="has other columns than this version writes into w"):
        again.write([tables(2)])
    assert path.read_bytes() == before


@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink, ParquetSink])
def test_a_failed_batch_leaves_no_row(tmp_path, make, monkeypatch):
    """If one table can't be written, the sink removes the batch's rows from the other tables."""
    sink = begun(make(tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(descriptor):
        if sum(path.stat().st_size for path in tmp_path.glob("w*")) or make is ParquetSink:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        sink.write([tables(1)])
    monkeypatch.undo()
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path for path in after if path.stat().st_size and "_state" not in path.parts} == set(
        before
    )


def test_starting_over_renames_the_old_output(tmp_path):
    """A fresh run deletes nothing: it renames the folder, or the file and its state."""
    begun(CsvSink(tmp_path / "lake")).write([tables(1)])
    sink = CsvSink(tmp_path / "lake")
    sink.start_over("then")
    begun(JsonLinesSink(tmp_path / "o.jsonl")).write([tables(1)])
    JsonLinesSink(tmp_path / "o.jsonl").start_over("then")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["lake.then", "o.jsonl._state.then", "o.jsonl.then"]


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: CsvSink("day.csv"), ConfigError, "one file holds one table, so name it: table="),
        (
            lambda: CsvSink("lake", table="x"),
            InvalidParameter,
            "table='x': one of worker_stat",
        ),
        (lambda: JsonLinesSink(""), InvalidParameter, "path='': a file's or folder's name"),
        (lambda: JsonLinesSink("o.jsonl", compression="zip"), InvalidParameter, '"gzip" or None'),
        (lambda: CsvSink("s3://b/lake"), ConfigError, "can be appended to"),
        (lambda: ParquetSink("a.parquet"), ConfigError, "Parquet makes a folder of parts"),
        (lambda: ParquetSink(__file__), ConfigError, "is a file: Parquet makes a folder"),
        (lambda: ParquetSink("lake", compression="zip"), InvalidParameter, "one of snappy, zstd"),
        (
            lambda: ParquetSink("lake", table="workers"),
            InvalidParameter,
            "one of worker_statistics, worker",
        ),
        (lambda: ParquetSink(""), InvalidParameter, "a folder's name or a URI"),
    ],
)
def test_a_wrong_sink_raises_an_error(make, error, match):
    """The error of a wrong sink says what is wrong and what is expected."""
    with pytest.raises(error, match=match):
        make()
