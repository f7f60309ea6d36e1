"""Exports that are killed or run out of disk at any time: no row is lost or doubled."""

import asyncio
import random
import shutil
import subprocess
from collections import Counter

import pytest

from taskrouter_stats import etl
from taskrouter_stats.etl.planning.tables import STATISTICS
from taskrouter_stats.simulator import Simulator
from tests.end_to_end.export_process import FULL, IN_FLIGHT, SPLIT, UNFLUSHED, main
from tests.end_to_end.forkserver import PROCESSES
from tests.etl.export_runs import csv_rows, days, json_lines, key, parquet_rows, wanted

KILLS = 20
ALL = (*STATISTICS, "task_channels")
"""Tables of an export of everything, except channels of each worker."""
READ = {
    "csv": lambda path: csv_rows(path / "worker_statistics.csv"),
    "json": lambda path: json_lines(path / "worker_statistics.jsonl"),
    "parquet": parquet_rows,
}


@pytest.fixture
async def simulator():
    """Run a simulator that is slow enough to interrupt an export."""
    async with Simulator(workers=60, limit=200, window="bucket", latency=0.01) as running:
        yield running


def start(simulator, kind, out, tables=("worker_statistics",)):
    """Start the export; return its process, and the pipe to which it sends its result."""
    place = (simulator.base_url, *simulator.auth, simulator.workspace_sid, kind, str(out), tables)
    result, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=main, args=(sender, *place), daemon=True)
    process.start()
    sender.close()
    return process, result


async def ended(process, until=lambda: False):
    """Wait until the process ended or ``until`` holds; return whether it ended."""
    async with asyncio.timeout(30):
        while process.is_alive():
            if until():
                return False
            await asyncio.sleep(0.002)
    return True


async def finish(simulator, kind, out, tables=("worker_statistics",)):
    """Run the export to its end; return its counts of written and already done queries."""
    process, result = start(simulator, kind, out, tables)
    assert await ended(process)
    assert process.exitcode == 0
    return result.recv()


def requests(simulator):
    """Return the number of requests for statistics that arrived."""
    by_key = simulator.counters.by_key.items()
    return sum(counts.requests for name, counts in by_key if name.startswith("WorkerStatistics"))


@pytest.mark.parametrize("kind", READ)
async def test_a_killed_export_is_resumed_without_loss(simulator, tmp_path, kind):
    """After kills at random times the same command ends with every key exactly once."""
    moments, kills = random.Random(kind), 0
    for _ in range(KILLS // len(READ) + 1):
        enough = requests(simulator) + moments.randrange(1, 60)
        process, _ = start(simulator, kind, tmp_path)
        if not await ended(process, lambda enough=enough: requests(simulator) >= enough):
            process.kill()
            kills += 1
        process.join()
    written, done = await finish(simulator, kind, tmp_path)
    assert Counter(map(key, READ[kind](tmp_path))) == Counter(wanted(simulator, days(2)))
    assert written + done == 120
    spent_twice = requests(simulator) - simulator.counters.refused - 120
    assert spent_twice <= kills * (2 * IN_FLIGHT + UNFLUSHED)
    assert done > 0


def keys_of(path, kind, table):
    """Return how often each key is in a table, with nested thresholds and Activities."""
    schema = etl.SCHEMAS[table]
    if kind == "parquet":
        rows = parquet_rows(path, table)
    elif kind == "csv":
        rows = csv_rows(path / f"{table}.csv")
    elif schema.parent is None:
        rows = json_lines(path / f"{table}.jsonl")
    else:
        parents = json_lines(path / f"{schema.parent}.jsonl")
        rows = [{**row, **part} for row in parents for part in row[schema.nested_as] or ()]
    return Counter(tuple(str(row[name]) for name in schema.key) for row in rows)


def expected(world):
    """Return the number of keys of each statistics table over two days."""
    queues, flows, split = len(world.task_queues), len(world.workflows), len(SPLIT)
    return {
        "worker_statistics": 2 * len(world.workers),
        "task_queue_statistics": 2 * queues,
        "task_queue_wait_splits": 2 * queues * split,
        "workflow_statistics": 2 * flows,
        "workflow_wait_splits": 2 * flows * split,
        "workspace_statistics": 2,
        "workspace_wait_splits": 2 * split,
        "workers_statistics": 2,
    }


async def kill_all_tables(simulator, path, kind, moments, kills):
    """Kill exports of all tables, finish one, and check that every key is there once."""
    killed = 0
    for _ in range(kills):
        enough = simulator.counters.requests + moments.randrange(1, 60)
        process, _ = start(simulator, kind, path, ALL)
        if not await ended(process, lambda enough=enough: simulator.counters.requests >= enough):
            process.kill()
            killed += 1
        process.join()
    written, done = await finish(simulator, kind, path, ALL)
    counts = expected(simulator.world)
    main_tables = [table for table in counts if etl.SCHEMAS[table].parent is None]
    assert written + done == sum(counts[table] for table in main_tables)
    for table, count in counts.items():
        keys = keys_of(path, kind, table)
        assert (set(keys.values()), len(keys)) == ({1}, count), table
    for table in ("worker_activity_durations", "workers_activity_durations"):
        assert set(keys_of(path, kind, table).values()) == {1}
    return killed


@pytest.mark.parametrize("kind", READ)
async def test_killed_exports_of_all_tables_lose_nothing(simulator, tmp_path, kind):
    """After kills of an export of all tables, every key of every table is there once."""
    assert await kill_all_tables(simulator, tmp_path, kind, random.Random(kind), 2) > 0


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 256 KiB; skip the test if this user may not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("this user may not mount a tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kind", READ)
async def test_a_full_disk_loses_nothing(simulator, small_disk, kind):
    """On a full disk the run ends with an error, and a later run with space completes it."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(200 * 1024))
    process, result = start(simulator, kind, small_disk)
    assert await ended(process)
    assert process.exitcode == FULL
    assert "No space left on device" in result.recv()
    ballast.unlink()
    enlarge = ("mount", "-o", "remount,size=8m", str(small_disk))
    assert await (await asyncio.create_subprocess_exec(*enlarge)).wait() == 0
    written, done = await finish(simulator, kind, small_disk)
    assert written + done == 120
    assert Counter(map(key, READ[kind](small_disk))) == Counter(wanted(simulator, days(2)))
