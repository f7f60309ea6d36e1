"""Exports that are killed or run out of disk at any time: no row is lost or doubled."""

import asyncio
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from taskrouter_stats.simulator import Simulator
from tests.end_to_end.export_process import FULL, IN_FLIGHT, UNFLUSHED
from tests.etl.lake import csv_rows, days, json_lines, key, parquet_rows, wanted

ROOT = Path(__file__).resolve().parents[2]
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


async def start(simulator, kind, out):
    """Start the export; return its process once it has begun."""
    user, password = simulator.auth
    place = (simulator.base_url, user, password, simulator.workspace_sid, kind, str(out))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.end_to_end.export_process", *place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert await process.stdout.readline() == b"begins\n"
    return process


async def finish(simulator, kind, out):
    """Run the export to its end; return its counts of written and already done queries."""
    process = await start(simulator, kind, out)
    printed, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, complaints.decode()
    return tuple(map(int, printed.split()))


def requests(simulator):
    """Return the number of requests for statistics that arrived."""
    by_key = simulator.counters.by_key.items()
    return sum(counts.requests for name, counts in by_key if name.startswith("WorkerStatistics"))


@pytest.mark.parametrize("kind", READ)
async def test_a_killed_export_is_resumed_without_loss(simulator, tmp_path, kind):
    """After kills at random times the same command ends with every key exactly once."""
    moments, kills = random.Random(kind), 0
    for _ in range(KILLS // len(READ) + 1):
        process = await start(simulator, kind, tmp_path)
        enough = requests(simulator) + moments.randrange(1, 60)
        while requests(simulator) < enough and process.returncode is None:
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.005)
        if process.returncode is None:
            process.kill()
            kills += 1
        await process.communicate()
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
    process = await start(simulator, kind, small_disk)
    _, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == FULL, complaints.decode()
    assert b"No space left on device" in complaints
    ballast.unlink()
    enlarge = ("mount", "-o", "remount,size=8m", str(small_disk))
    assert await (await asyncio.create_subprocess_exec(*enlarge)).wait() == 0
    written, done = await finish(simulator, kind, small_disk)
    assert written + done == 120
    assert Counter(map(key, READ[kind](small_disk))) == Counter(wanted(simulator, days(2)))
