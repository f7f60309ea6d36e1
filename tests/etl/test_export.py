"""Exports from the simulator: complete, resumable, with true reports."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import RetryPolicy, Success, Window, errors, etl
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.simulator import Simulator
from tests.support.fakes import (
    REQUEST_ID,
    WORKSPACE,
    FakeTransport,
    number_of,
    reply,
    session_over,
    statistics,
    trouble,
    worker_sid,
)

from .export_runs import csv_rows, days, export, json_lines, key, parquet_rows, session_at, wanted

READ = {
    "csv": lambda path: csv_rows(path / "worker_statistics.csv"),
    "json": lambda path: json_lines(path / "worker_statistics.jsonl"),
    "parquet": parquet_rows,
}
MAKE = {"csv": CsvSink, "json": JsonLinesSink, "parquet": ParquetSink}
STATISTICS = "WorkerStatistics"


@pytest.fixture
async def simulator():
    """Return a fast simulator of twelve workers without a rate limit."""
    async with Simulator(workers=12, window="none", latency=0.0, seed=5) as running:
        yield running


def requests_of(simulator):
    """Return the number of statistics requests that the server has received."""
    by_key = simulator.counters.by_key.items()
    return sum(counts.requests for name, counts in by_key if name.startswith(STATISTICS))


@pytest.mark.parametrize("kind", MAKE)
async def test_every_worker_and_window_is_stored_once(simulator, tmp_path, kind):
    """An export stores each worker and window once, and a second run sends no query."""
    report = await export(simulator, MAKE[kind](tmp_path))
    again = await export(simulator, MAKE[kind](tmp_path))
    keys = Counter(key(row) for row in READ[kind](tmp_path))
    assert keys == Counter(wanted(simulator, days(2)))
    assert (report.written, report.already_done, report.complete) == (24, 0, True)
    assert (again.written, again.already_done, requests_of(simulator)) == (0, 24, 24)


async def test_the_sums_equal_the_servers(simulator, tmp_path):
    """The sums of the rows equal the server's counts of all workers, and ``verify`` says so."""
    report = await export(simulator, ParquetSink(tmp_path), verify=True)
    rows = parquet_rows(tmp_path)
    created = sum(row["reservations_created"] for row in rows)
    assert [check.equal for check in report.checks] == [True, True]
    assert sum(check.theirs["reservations_created"] for check in report.checks) == created > 0
    assert [check.workers for check in report.checks] == [12, 12]


async def test_verify_includes_the_rows_of_earlier_runs(simulator, tmp_path):
    """The checkpoint keeps sums, so that a verification includes the rows of earlier runs."""
    some = [worker.sid for worker in simulator.world.workers[:5]]
    await export(simulator, JsonLinesSink(tmp_path), workers=some)
    report = await export(simulator, JsonLinesSink(tmp_path), verify=True)
    assert [(check.workers, check.equal) for check in report.checks] == [(12, True), (12, True)]


async def test_a_folder_has_snapshots_of_workers_and_activities(simulator, tmp_path):
    """An export into a folder stores each worker and each activity once a run."""
    await export(simulator, ParquetSink(tmp_path))
    workers, activities = (parquet_rows(tmp_path, name) for name in ("workers", "activities"))
    assert {row["worker_sid"] for row in workers} == {w.sid for w in simulator.world.workers}
    assert len(workers) == 12
    durations = parquet_rows(tmp_path, "worker_activity_durations")
    assert {row["activity_sid"] for row in durations} <= {row["activity_sid"] for row in activities}


@pytest.mark.parametrize("answer", [trouble(403), reply(200, {"activities": 7})])
async def test_without_activities_the_statistics_are_stored(tmp_path, answer, caplog):
    """A list of Activities that fails costs only its snapshot."""
    server = FakeTransport(lambda r: answer if "Activities" in r.target else statistics(r))
    plan = etl.worker_plan(WORKSPACE, days(1), workers=[worker_sid(1)])
    async with session_over(server) as session:
        report = await etl.export(session, plan, JsonLinesSink(tmp_path))
    assert report.written == 1
    assert "the list of activities could not be read" in caplog.text


async def test_a_window_that_has_not_settled_is_fetched_again(simulator, tmp_path):
    """Rows of a window that just ended are marked as incomplete, and their queries not as done."""
    now = datetime.now(UTC)
    recent = [Window.between(now - timedelta(hours=2), now - timedelta(minutes=5))]
    sink = tmp_path / "out.jsonl"
    first = await export(simulator, JsonLinesSink(sink), recent)
    final = await export(simulator, JsonLinesSink(sink), recent, settle=timedelta(0))
    last = await export(simulator, JsonLinesSink(sink), recent, settle=timedelta(0))
    assert (first.incomplete, final.incomplete, last.already_done) == (12, 0, 12)
    assert Counter(row["complete"] for row in json_lines(sink)) == {False: 12, True: 12}


async def test_a_relative_window_is_never_done_in_the_next_hour(simulator, tmp_path):
    """The last hours, exported twice at an interval of an hour, are two windows."""
    plan = etl.worker_plan(simulator.workspace_sid, Window.last(hours=8))
    now, settle = datetime.now(UTC), timedelta(0)
    for hours in (1, 0):
        windows = plan.at(now - timedelta(hours=hours)).windows
        report = await export(simulator, JsonLinesSink(tmp_path), windows, settle=settle)
        assert (report.written, report.already_done) == (12, 0)


async def test_a_worker_who_is_gone_is_not_a_failure(simulator, tmp_path):
    """The report counts a gone worker apart, and runs within a week fetch that worker again."""
    known, gone = simulator.world.workers[0].sid, "WK" + "0" * 32
    report = await export(simulator, CsvSink(tmp_path), workers=[known, gone])
    again = await export(simulator, CsvSink(tmp_path), workers=[known, gone])
    assert (report.written, report.gone, report.failed, report.complete) == (2, 2, 0, True)
    assert (again.already_done, again.gone, again.complete) == (2, 2, True)
    assert requests_of(simulator) == 6


async def test_windows_beyond_the_retention_cost_one_request(simulator, tmp_path):
    """If one worker's window has expired, the export does not send the others' queries."""
    old = Window.days(*(datetime.now(UTC).date() - timedelta(days=d) for d in (60, 50)), tz="UTC")
    report = await export(simulator, JsonLinesSink(tmp_path), [*old, *days(1)])
    rows = json_lines(tmp_path / "worker_statistics.jsonl")
    assert (report.expired, report.failed, report.written) == (11 * 12, 0, 12)
    assert Counter(map(key, rows)) == Counter(wanted(simulator, days(1)))
    assert requests_of(simulator) == 11 + 12


async def test_a_stopped_export_keeps_its_answers(simulator, tmp_path):
    """A stopped export returns its report, and the next one fetches only the rest."""
    stop, sink = asyncio.Event(), tmp_path / "out.jsonl"

    async def sids():
        for number, worker in enumerate(simulator.world.workers):
            if number == 5:
                stop.set()
            yield worker.sid

    report = await export(simulator, JsonLinesSink(sink), days(1), workers=sids(), stop=stop)
    assert (report.stopped, report.complete, report.written) == (True, False, 5)
    again = await export(simulator, JsonLinesSink(sink), days(1))
    assert (again.already_done, again.written) == (5, 7)
    assert Counter(map(key, json_lines(sink))) == Counter(wanted(simulator, days(1)))


async def test_all_answers_are_stored_before_an_error_of_the_source(simulator, tmp_path):
    """If the source of workers fails, the export stores all answers before it raises the error."""

    async def sids():
        for worker in simulator.world.workers[:4]:
            yield worker.sid
        raise ValueError("the list broke")

    with pytest.raises(ValueError, match="the list broke"):
        await export(simulator, JsonLinesSink(tmp_path), days(1), workers=sids())
    assert len(json_lines(tmp_path / "worker_statistics.jsonl")) == 4


async def test_a_cancelled_export_commits_its_answers(simulator, tmp_path):
    """A cancelled export stores its answers, and then holds no lock."""
    came = asyncio.Event()

    async def sids():
        for worker in simulator.world.workers[:4]:
            yield worker.sid
        came.set()
        await asyncio.Event().wait()

    sink = tmp_path / "out.jsonl"
    running = asyncio.ensure_future(export(simulator, JsonLinesSink(sink), days(1), workers=sids()))
    await came.wait()
    while requests_of(simulator) < 4 or simulator.counters.in_flight:  # noqa: ASYNC110
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    report = await export(simulator, JsonLinesSink(sink), days(1))
    assert report.already_done + report.written == 12
    assert Counter(map(key, json_lines(sink))) == Counter(wanted(simulator, days(1)))


async def test_two_exports_share_one_output(simulator, tmp_path):
    """Two sessions export into one writer, each with its own report, without a row twice."""
    halves = simulator.world.workers[:6], simulator.world.workers[6:]
    plans = [
        etl.worker_plan(simulator.workspace_sid, days(2), workers=[w.sid for w in half])
        for half in halves
    ]
    async with (
        session_at(simulator) as one,
        session_at(simulator) as two,
        etl.Writer(CsvSink(tmp_path)) as writer,
    ):
        runs = [etl.Export(s, p, writer).run() for s, p in zip((one, two), plans, strict=True)]
        reports = await asyncio.gather(*runs)
    assert [report.written for report in reports] == [12, 12]
    rows = csv_rows(tmp_path / "worker_statistics.csv")
    assert Counter(map(key, rows)) == Counter(wanted(simulator, days(2)))


async def test_a_second_run_is_locked_out(simulator, tmp_path):
    """While one run writes, a second one raises an error that names the holder of the lock."""
    async with etl.Writer(JsonLinesSink(tmp_path)):
        with pytest.raises(errors.OutputLocked, match="process"):
            await export(simulator, JsonLinesSink(tmp_path))


async def test_failures_are_listed_and_not_done(tmp_path):
    """The report and a file hold each failure with its request ID, and the next run tries again."""
    sick = FakeTransport(lambda r: trouble(500, 20500) if number_of(r) == 2 else statistics(r))
    plan = etl.worker_plan(WORKSPACE, days(1), workers=[worker_sid(n) for n in range(4)])
    sink = JsonLinesSink(tmp_path / "out.jsonl")
    async with session_over(sick, retry=RetryPolicy(attempts=1)) as session:
        report = await etl.export(session, plan, sink)
    (failed,) = report.failures
    (listed,) = json_lines(tmp_path / "out.jsonl._state" / "failures.jsonl")
    assert (report.failed, report.written, report.complete) == (1, 3, False)
    assert (failed.error, failed.status, failed.request_id) == ("ServerError", 500, REQUEST_ID)
    assert listed["key"] == failed.key
    assert (listed["sid"], listed["hint"]) == (worker_sid(2), "try again later")
    async with session_over(FakeTransport()) as session:
        again = await etl.export(session, plan, sink)
    assert (again.already_done, again.written) == (3, 1)
    assert not (tmp_path / "out.jsonl._state" / "failures.jsonl").exists()


async def test_starting_over_keeps_the_old_rows(simulator, tmp_path):
    """A fresh run fetches everything into an empty folder, and renames the old one."""
    lake = tmp_path / "lake"
    await export(simulator, JsonLinesSink(lake), days(1))
    report = await export(simulator, JsonLinesSink(lake), days(1), fresh=True)
    (old,) = tmp_path.glob("lake.*")
    assert (report.written, report.already_done) == (12, 0)
    assert len(json_lines(old / "worker_statistics.jsonl")) == 12
    assert len(json_lines(lake / "worker_statistics.jsonl")) == 12


async def test_the_total_of_a_resumed_export_leaves_out_what_is_done(simulator, tmp_path):
    """A resumed export's total does not count what earlier runs have done."""
    await export(simulator, JsonLinesSink(tmp_path), days(1))
    async with session_at(simulator) as session, etl.Writer(JsonLinesSink(tmp_path)) as writer:
        run = etl.Export(session, etl.worker_plan(simulator.workspace_sid, days(2)), writer)
        assert run.progress.total is None
        await run.run()
    assert (run.progress.done, run.progress.total) == (12, 12)


async def test_parquet_works_in_an_object_store(simulator, tmp_path):
    """An export to a URI stores the same rows, without renaming, and resumes."""
    uri = f"file://{tmp_path}/lake"
    await export(simulator, ParquetSink(uri))
    again = await export(simulator, ParquetSink(uri))
    assert again.already_done == 24
    assert Counter(map(key, parquet_rows(tmp_path / "lake"))) == Counter(wanted(simulator, days(2)))


async def test_to_arrow_accepts_the_outcomes_of_a_stream(simulator):
    """The outcomes of a stream become an Arrow table with one row for each success."""
    async with session_at(simulator) as session:
        stream = session.stream_worker_statistics(simulator.workspace_sid, days(1)[0])
        outcomes = await stream.collect()
    assert all(isinstance(outcome, Success) for outcome in outcomes)
    assert etl.to_arrow(outcomes).num_rows == 12
