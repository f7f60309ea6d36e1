"""Exports that are killed, or run out of disk, at any moment: nothing lost, nothing twice."""

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
from tests.etl.export_runs import csv_rows, days, json_lines, key, parquet_rows, wanted

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20
READ = {
    "csv": lambda path: csv_rows(path / "worker_statistics.csv"),
    "json": lambda path: json_lines(path / "worker_statistics.jsonl"),
    "parquet": parquet_rows,
}


@pytest.fixture
async def simulator():
    """One that takes its time, so that there is something to interrupt."""
    async with Simulator(workers=60, limit=200, window="bucket", latency=0.01) as running:
        yield running


async def start(simulator, kind, out):
    """Start the export, and return once it has begun."""
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
    """Run the export to its end; what it wrote and what was done before."""
    process = await start(simulator, kind, out)
    said, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, complaints.decode()
    return tuple(map(int, said.split()))


def asked(simulator):
    """How many statistics requests the server has seen."""
    by_key = simulator.counters.by_key.items()
    return sum(counts.requests for name, counts in by_key if name.startswith("WorkerStatistics"))


@pytest.mark.parametrize("kind", READ)
async def test_a_killed_export_is_resumed_without_loss(simulator, tmp_path, kind):
    """After kills at random moments the same command ends with every key exactly once."""
    moments, kills = random.Random(kind), 0
    for _ in range(KILLS // len(READ) + 1):
        process = await start(simulator, kind, tmp_path)
        enough = asked(simulator) + moments.randrange(1, 60)
        while asked(simulator) < enough and process.returncode is None:
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.005)
        if process.returncode is None:
            process.kill()
            kills += 1
        await process.communicate()
    written, done = await finish(simulator, kind, tmp_path)
    assert Counter(map(key, READ[kind](tmp_path))) == Counter(wanted(simulator, days(2)))
    assert written + done == 120
    spent_twice = asked(simulator) - simulator.counters.refused - 120
    assert spent_twice <= kills * (2 * IN_FLIGHT + UNFLUSHED)
    assert done > 0


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 KiB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("a small tmpfs can't be mounted by this user")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kind", READ)
async def test_a_full_disk_loses_nothing(simulator, small_disk, kind):
    """On a full disk the run ends with a clear error, and resumes once there is space."""
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
