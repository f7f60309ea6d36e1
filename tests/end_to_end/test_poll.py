"""A poll over real sockets: kills at any time, other programs that read, exports beside it."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import duckdb
import orjson
import polars as pl
import pytest

from taskrouter_stats import TaskRouterSession, Window, etl
from taskrouter_stats.etl import JsonLinesSink, ParquetSink
from taskrouter_stats.etl.schemas import POLLED, SCHEMAS
from taskrouter_stats.simulator import Simulator
from tests.end_to_end.forkserver import PROCESSES
from tests.end_to_end.poll_process import main

KILLS = 4


@pytest.fixture
async def simulator():
    """Run a simulator without a limit."""
    async with Simulator(workers=12, window="none", latency=0.0) as running:
        yield running


def start(simulator, kind, out, seconds):
    """Start a poll; return its process, and the pipe to which it sends its report."""
    place = (simulator.base_url, *simulator.auth, simulator.workspace_sid, kind, str(out), seconds)
    result, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=main, args=(sender, *place), daemon=True)
    process.start()
    sender.close()
    return process, result


def read(out, table, kind):
    """Return a table's rows."""
    if kind == "parquet":
        files = sorted(out.glob(f"{table}/**/*.parquet"))
        return [row for path in files for row in pl.read_parquet(path).to_dicts()]
    lines = (path.read_bytes().splitlines() for path in out.glob(f"{table}/**/*.jsonl"))
    return [orjson.loads(line) for found in lines for line in found]


def check(out, kind):
    """Check that every snapshot is whole and there once; return the number of snapshots."""
    marks = read(out, "snapshots", kind)
    found = Counter(mark["snapshot_time"] for mark in marks)
    assert set(found.values()) == {1}
    for table in {*POLLED} - {"snapshots"}:
        rows = read(out, table, kind)
        keys = Counter(tuple(str(row[name]) for name in SCHEMAS[table].key) for row in rows)
        assert set(keys.values()) <= {1}
        by_time = Counter(row["snapshot_time"] for row in rows)
        for mark in marks:
            counts = orjson.loads(mark["rows"]) if kind == "parquet" else mark["rows"]
            assert by_time.pop(mark["snapshot_time"], 0) == counts.get(table, 0), table
        assert not by_time, f"rows of {table} without a mark"
    return len(found)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
async def test_a_killed_poll_leaves_whole_snapshots(simulator, tmp_path, kind):
    """After kills at random times, the next poll leaves every stored snapshot whole and once."""
    moments, most = random.Random(kind), 0
    for _ in range(KILLS):
        enough = simulator.counters.requests + moments.randrange(8, 90)
        process, _ = start(simulator, kind, tmp_path, 60)
        async with asyncio.timeout(30):
            while simulator.counters.requests < enough:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        process.kill()
        await asyncio.to_thread(process.join)
        most = max(most, len(list(tmp_path.glob("snapshots/**/snapshot-*"))))
    process, result = start(simulator, kind, tmp_path, 0.2)
    await asyncio.to_thread(process.join)
    report = result.recv()
    assert process.exitcode == 0
    assert report.beats == report.snapshots + report.skipped
    assert check(tmp_path, kind) >= report.snapshots + KILLS - 1
    assert most <= 4 + len(POLLED)  # files are merged on the way, a folder a beat at least


async def test_other_programs_read_it(simulator, tmp_path):
    """Polars and duckdb read a poll's Parquet with its days, and join it by its snapshots."""
    async with TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session:
        await etl.poll(session, simulator.workspace_sid, tmp_path, duration=timedelta(seconds=1))
    frame = pl.scan_parquet(tmp_path / "worker_activity", hive_partitioning=True).collect()
    assert frame.height == 12
    assert frame["day"].dtype == pl.Date
    with duckdb.connect() as connection:
        rows = connection.sql(
            f"""
            SELECT activity_name, count(*)
            FROM read_parquet('{tmp_path}/worker_activity/**/*.parquet') AS workers
            SEMI JOIN read_parquet('{tmp_path}/snapshots/**/*.parquet') AS snapshots
            USING (workspace_sid, snapshot_time)
            GROUP BY ALL
            """
        ).fetchall()
    assert sum(number for _, number in rows) == 12


@pytest.mark.parametrize("sink", [ParquetSink, JsonLinesSink])
async def test_an_export_beside_it(simulator, tmp_path, sink):
    """Polls and exports of one output do not disturb each other."""
    workspace = simulator.workspace_sid
    day = Window.day(datetime.now(UTC).date() - timedelta(days=2), tz="UTC")
    plan, stop = etl.worker_plan(workspace, [day]), asyncio.Event()
    async with TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session:
        stored = asyncio.Event()
        polling = asyncio.create_task(
            etl.poll(
                session, workspace, sink(tmp_path), stop=stop, on_snapshot=lambda _: stored.set()
            )
        )
        await stored.wait()
        for written, done in ((12, 0), (0, 12)):
            report = await etl.export(session, plan, sink(tmp_path))
            assert (report.written, report.already_done, report.complete) == (written, done, True)
        stop.set()
        assert (await polling).complete == 1
    kind = "parquet" if sink is ParquetSink else "jsonl"
    assert check(tmp_path, kind) == 1
