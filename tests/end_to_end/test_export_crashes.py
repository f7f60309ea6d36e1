"""Exports that are killed or run out of disk at any time: no row is lost or doubled."""

import asyncio
import multiprocessing
import os
import random
import shutil
import subprocess
from collections import Counter

import pytest

from taskrouter_stats.simulator import Simulator
from tests.end_to_end.export_process import FULL, IN_FLIGHT, UNFLUSHED, main
from tests.etl.export_runs import csv_rows, days, json_lines, key, parquet_rows, wanted

PROCESSES = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
PROCESSES.set_forkserver_preload(["tests.end_to_end.export_process"])
KILLS = 20
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


def start(simulator, kind, out):
    """Start the export; return its process, and the pipe to which it sends its result."""
    place = (simulator.base_url, *simulator.auth, simulator.workspace_sid, kind, str(out))
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


async def finish(simulator, kind, out):
    """Run the export to its end; return its counts of written and already done queries."""
    process, result = start(simulator, kind, out)
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
