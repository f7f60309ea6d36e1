"""Kind 5: a run checks before it replaces, removes, forgets or adds anything."""

import csv
import json
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl
from taskrouter_stats.errors import ConfigError, InvalidParameter, StorageError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.output.storage import Folder
from taskrouter_stats.etl.state import checkpoint as module
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit, by_query_group
from tests.support import preloaded

from .exported import SETTLED, SIDS, activity, counting, export, keys, rows
from .raw_server import ACCOUNT, TOKEN, WORKSPACE, RawServer, error, http, page, statistics

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST, SECOND = Window.days(date(2026, 11, 1), date(2026, 11, 2), tz="UTC")
OUTPUTS = {
    "file": lambda place: JsonLinesSink(place / "o.jsonl"),
    "json": JsonLinesSink,
    "csv": CsvSink,
    "parquet": ParquetSink,
}
NEVER = timedelta(days=3650)
"""A settle time with which no window settles while the test runs."""


@pytest.fixture
def server():
    """Return a server that counts the requests for each worker."""
    with RawServer(counting({})).running() as running:
        yield running


def place_of(kind, folder):
    """Return the place of the rows of that format."""
    return folder / "o.jsonl" if kind == "file" else folder


def failures(state):
    """Return the keys of the file of failures."""
    lines = (state / "failures.jsonl").read_text("utf-8").splitlines()
    return {json.loads(line)["window_start"][:10] for line in lines}


async def test_a_clean_day_keeps_another_days_failures(tmp_path):
    """A day without failures keeps the failures of another day until their queries succeed."""
    failing, calls = set(SIDS), {}

    def answer(question):
        return error(500, 20500) if question.sid in failing else counting(calls)(question)

    sink, state = JsonLinesSink(tmp_path / "o.jsonl"), tmp_path / "o.jsonl._state"
    with RawServer(answer).running() as server:
        assert (await export(server, sink, FIRST)).failed == 4
        failing.clear()
        await export(server, sink, SECOND)
        assert failures(state) == {"2026-11-01"}
        await export(server, sink, FIRST)
    assert not (state / "failures.jsonl").exists()


async def test_lines_of_another_program_are_kept(server, tmp_path):
    """A clean run keeps lines in the file of failures that are not its own."""
    sink = JsonLinesSink(tmp_path / "o.jsonl")
    path = tmp_path / "o.jsonl._state" / "failures.jsonl"
    path.parent.mkdir()
    path.write_bytes(b'{"key": \n{"key": 5}\n[]\n{"key": "odd"}\n')
    before = path.read_bytes()
    await export(server, sink, FIRST)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_fresh_starts_a_deleted_output_over(server, tmp_path, kind):
    """A run whose rows were deleted raises an error, and --fresh starts over."""
    folder = tmp_path / "lake"
    await export(server, OUTPUTS[kind](folder), FIRST)
    for path in folder.iterdir():
        if path.name.endswith("_state"):
            continue
        path.unlink() if path.is_file() else shutil.rmtree(path)
    with pytest.raises(StorageError, match="--fresh starts over"):
        await export(server, OUTPUTS[kind](folder), FIRST)
    report = await export(server, OUTPUTS[kind](folder), FIRST, fresh=True)
    assert (report.written, report.already_done) == (4, 0)
    assert len(rows(place_of(kind, folder))) == 4


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_rows_without_their_state_are_not_doubled(server, tmp_path, kind):
    """A run whose state was deleted raises an error, and adds no row."""
    folder = tmp_path / "lake"
    await export(server, OUTPUTS[kind](folder), FIRST)
    for path in folder.glob("*_state"):
        shutil.rmtree(path)
    with pytest.raises(StorageError, match="--fresh moves"):
        await export(server, OUTPUTS[kind](folder), FIRST)
    assert len(rows(place_of(kind, folder))) == 4


@pytest.mark.parametrize("lost", ["worker_statistics", "worker_activity_durations", "part"])
async def test_deleted_parts_do_not_count_as_done(server, tmp_path, lost):
    """The error names a table's folder or a part that was deleted, and nothing counts as done."""
    await export(server, ParquetSink(tmp_path), [FIRST, SECOND])
    if lost == "part":
        next((tmp_path / "worker_statistics").rglob("*.parquet")).unlink()
    else:
        shutil.rmtree(tmp_path / lost)
    with pytest.raises(StorageError, match="is not there, though its rows were stored"):
        await export(server, ParquetSink(tmp_path), [FIRST, SECOND])


async def test_a_deleted_commit_raises_an_error(server, tmp_path):
    """A missing checkpoint file is an error, and not a shorter history."""
    await export(server, JsonLinesSink(tmp_path), FIRST)
    (tmp_path / "_state" / "commit-0000000001.json").unlink()
    with pytest.raises(StorageError, match="lacks some of its checkpoints"):
        await export(server, JsonLinesSink(tmp_path), FIRST)


def test_a_clock_that_is_ahead_once_drops_nothing(tmp_path, monkeypatch):
    """While the clock is 100 days ahead, opening and merging keep every key."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=100)

    key = f"worker_statistics:WS/{SIDS[0]}:{SECOND}:"
    first = Checkpoint(Folder(tmp_path), "_state", "CSV")
    first.open()
    first.commit(Commit("r", done=by_query_group([key])))
    for _ in range(70):
        first.commit(Commit("r"))
    monkeypatch.setattr(module, "datetime", Ahead)
    for _ in range(2):
        again = Checkpoint(Folder(tmp_path), "_state", "CSV")
        again.open()
        assert again.is_done(key)
    assert len(Folder(tmp_path).names("_state")) == 1


async def test_a_later_answer_replaces_an_earlier_one_in_parquet(server, tmp_path):
    """Three runs over a window that has not settled leave each key once, with the last answer."""
    for settle in (NEVER, NEVER, SETTLED):
        await export(server, ParquetSink(tmp_path), FIRST, settle=settle)
        assert len(keys(tmp_path)) == len(SIDS)
    assert keys(tmp_path) == [(sid, FIRST.start, 3) for sid in SIDS]
    durations = rows(tmp_path, "worker_activity_durations")
    assert sorted((row["worker_sid"], row["total"]) for row in durations) == [
        (sid, 3.0) for sid in SIDS
    ]
    assert {row["complete"] for row in rows(tmp_path)} == {True}


async def test_other_rows_of_a_replaced_part_stay(server, tmp_path):
    """If a later run fetches one worker of many, the others' rows stay unchanged."""
    await export(server, ParquetSink(tmp_path), FIRST, settle=NEVER)
    await export(server, ParquetSink(tmp_path), FIRST, workers=SIDS[:1], settle=NEVER)
    assert keys(tmp_path) == [(sid, FIRST.start, 2 if sid == SIDS[0] else 1) for sid in SIDS]
    await export(server, ParquetSink(tmp_path), FIRST)
    assert keys(tmp_path) == [(sid, FIRST.start, 3 if sid == SIDS[0] else 2) for sid in SIDS]


async def test_the_next_run_removes_replaced_parts_after_a_crash(server, tmp_path):
    """After a crash between a commit and the removal of older parts, the next run removes them."""
    await export(server, ParquetSink(tmp_path), FIRST, settle=NEVER)
    old = {path: path.read_bytes() for path in tmp_path.rglob("worker_*/**/*.parquet")}
    await export(server, ParquetSink(tmp_path), FIRST, settle=NEVER)
    for path, data in old.items():
        path.write_bytes(data)
    await export(server, ParquetSink(tmp_path), FIRST)
    assert keys(tmp_path) == [(sid, FIRST.start, 3) for sid in SIDS]


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_compacting_leaves_the_latest_of_each_key(server, tmp_path, kind):
    """After three runs, a compaction leaves each key once, with the last answer, and done."""
    for settle in (NEVER, NEVER, SETTLED):
        await export(server, OUTPUTS[kind](tmp_path), FIRST, settle=settle)
    await export(server, OUTPUTS[kind](tmp_path), SECOND)
    place = place_of(kind, tmp_path)
    etl.compact(place)
    assert keys(place) == sorted(
        (sid, window.start, calls) for sid in SIDS for window, calls in ((FIRST, 3), (SECOND, 4))
    )
    again = await export(server, OUTPUTS[kind](tmp_path), [FIRST, SECOND])
    assert (again.already_done, again.written) == (8, 0)
    assert etl.compact(place).removed == 0


async def test_compressed_files_are_compacted_too(server, tmp_path):
    """A compacted gzip file stays a gzip file, with each key once."""
    for _ in range(2):
        await export(server, JsonLinesSink(tmp_path / "o.jsonl.gz"), FIRST, settle=NEVER)
    assert etl.compact(tmp_path / "o.jsonl.gz").removed == len(SIDS)
    await export(server, JsonLinesSink(tmp_path / "o.jsonl.gz"), FIRST)
    assert etl.compact(tmp_path / "o.jsonl.gz").removed == len(SIDS)


async def test_large_fields_are_compacted_too(tmp_path):
    """A compaction of CSV reads fields of any size, such as a long unknown value."""
    limit = csv.field_size_limit()

    def answer(question):
        if question.lists_activities:
            return page("activities", [])
        return http(statistics(question, surprise="x" * 200_000))

    with RawServer(answer).running() as server:
        for _ in range(2):
            await export(server, CsvSink(tmp_path), FIRST, settle=NEVER)
    assert etl.compact(tmp_path).removed == len(SIDS)
    with (tmp_path / "worker_statistics.csv").open("rb") as file:
        assert [len(line) > 200_000 for line in file] == [False, *[True] * len(SIDS)]
    assert csv.field_size_limit() == limit


def test_a_folder_that_is_not_an_output_is_not_compacted(tmp_path):
    """A folder to which no export has written raises an error."""
    (tmp_path / "o.jsonl").write_text("{}\n")
    for place in (tmp_path, tmp_path / "o.jsonl", tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match="is not an output of this program"):
            etl.compact(place)


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_a_killed_compaction_loses_nothing(server, tmp_path, kind):
    """After SIGKILL before any step on the disk, the next compaction leaves each key once."""
    lake = tmp_path / "lake"
    for settle in (NEVER, NEVER, SETTLED):
        await export(server, OUTPUTS[kind](lake), FIRST, settle=settle)
    await export(server, OUTPUTS[kind](lake), SECOND)
    command = preloaded.command("-m", "tests.truth.killed_compactions", str(place_of(kind, lake)))
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: ASYNC221 (nothing else runs)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 8


@pytest.mark.parametrize(
    "other",
    [
        Window.between(NOON, NOON + HOUR),
        Window.day(date(2026, 11, 1), tz="Asia/Manila"),
        Window.between(NOON - HOUR, NOON + timedelta(days=2)),
    ],
    ids=["hours", "another zone", "longer"],
)
@pytest.mark.parametrize("kind", OUTPUTS)
async def test_windows_that_would_count_twice_raise_an_error(server, tmp_path, kind, other):
    """Days beside hours, or days of another zone, raise an error before any request."""
    await export(server, OUTPUTS[kind](tmp_path), FIRST)
    requested = len(server.questions)
    with pytest.raises(ConfigError, match="overlap, so sums over its rows would count that time"):
        await export(server, OUTPUTS[kind](tmp_path), other)
    assert len(server.questions) == requested


async def test_exports_that_share_an_open_output_are_compared(server, tmp_path):
    """Two exports of one open output raise the same error as two in succession."""
    hour = Window.between(NOON, NOON + HOUR)
    plans = [etl.worker_plan(WORKSPACE, window, workers=SIDS) for window in (FIRST, hour)]
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    async with (
        TaskRouterSession(credentials, base_url=server.url) as session,
        etl.Writer(JsonLinesSink(tmp_path)) as writer,
    ):
        first, second = (etl.Export(session, plan, writer) for plan in plans)
        await first.run()
        with pytest.raises(ConfigError, match="overlap"):
            await second.run()
    assert len(rows(tmp_path)) == len(SIDS)


async def test_windows_that_do_not_overlap_may_share_an_output(server, tmp_path):
    """An output may hold days, other days' hours, and sliding windows of one length."""
    await export(server, JsonLinesSink(tmp_path), [FIRST, SECOND])
    later = datetime(2026, 11, 10, tzinfo=UTC)
    sliding = [Window.between(later + n * HOUR, later + (n + 8) * HOUR) for n in range(3)]
    report = await export(server, JsonLinesSink(tmp_path), sliding)
    days = Window.days(date(2026, 10, 30), date(2026, 11, 3), tz="America/New_York")
    await export(server, JsonLinesSink(tmp_path / "clocks"), days)
    assert report.written == 3 * len(SIDS)


@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink, ParquetSink])
@pytest.mark.parametrize("table", sorted(set(etl.SCHEMAS) - set(etl.schemas.EXPORTED)))
def test_a_table_that_no_export_fetches_raises_an_error(tmp_path, make, table):
    """No sink accepts a table that would stay empty while its windows count as done."""
    with pytest.raises(InvalidParameter, match="one of worker_statistics, "):
        make(tmp_path, table=table)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
async def test_a_compaction_keeps_every_activity_of_an_answer(tmp_path, kind):
    """Rows of Activities without a SID stay in a compaction."""

    def answer(question):
        if not question.path.endswith("/Statistics"):
            return counting({})(question)
        body = statistics(question)
        found = [{**activity(0, total), "sid": None} for total in range(2)]
        body["cumulative"]["activity_durations"] = found
        return http(body)

    with RawServer(answer).running() as server:
        for window in (FIRST, SECOND):
            for sid in SIDS[:2]:
                await export(server, OUTPUTS[kind](tmp_path), window, workers=[sid])
    before = rows(tmp_path, "worker_activity_durations")
    assert etl.compact(tmp_path).removed == 0
    after = rows(tmp_path, "worker_activity_durations")
    assert len(before) == 8
    assert sorted(map(repr, after)) == sorted(map(repr, before))
