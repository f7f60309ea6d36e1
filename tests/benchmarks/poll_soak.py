"""Ten minutes of a poll with faults and kills: ``python -m tests.benchmarks.poll_soak [SECONDS]``.

A poll runs in another process, as ``taskrouter-stats poll --every 5s --tables all``, against a
simulator of 300 Workers that spoils a tenth of its replies. After each third of the time it is
killed with SIGKILL and started again; at the end SIGTERM ends it. Meanwhile this process reads
every file that it finds, as a dashboard would.

The exit code is 1 if

* a snapshot is there twice, or rows of a snapshot without its row in ``snapshots``;
* the rows of a snapshot differ from the numbers that its row in ``snapshots`` gives;
* a beat was neither stored nor counted as skipped;
* a reader met a file that can't be read;
* the memory of the polling process grew by more than ``BOUND`` in its last third.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

import orjson
import pyarrow.parquet as pq

from taskrouter_stats.etl.schemas import POLLED, SCHEMAS
from taskrouter_stats.simulator import Simulator

SECONDS, EVERY, FAULTS = 600, 5, 0.1
BOUND = 4.0
"""MiB."""


def resident(process):
    """Return the resident memory of a process, MiB; None if it has ended."""
    try:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def read(lake, table):
    """Return a table's rows, and how many of its files vanished while they were read."""
    rows, vanished = [], 0
    for path in sorted(lake.glob(f"{table}/**/*.parquet")):
        try:
            rows += pq.ParquetFile(path).read().to_pylist()
        except FileNotFoundError:
            vanished += 1  # merged meanwhile
    return rows, vanished


def problems(lake):
    """Return what is wrong with the files of polls that have ended, one text for each."""
    found, (marks, _) = [], read(lake, "snapshots")
    times = Counter(mark["snapshot_time"] for mark in marks)
    found += [f"{time} is there {n} times" for time, n in times.items() if n > 1]
    counts = {mark["snapshot_time"]: orjson.loads(mark["rows"]) for mark in marks}
    for table in sorted({*POLLED} - {"snapshots"}):
        rows, _ = read(lake, table)
        keys = Counter(tuple(str(row[name]) for name in SCHEMAS[table].key) for row in rows)
        found += [f"{table} has {key} {n} times" for key, n in keys.items() if n > 1]
        by_time = Counter(row["snapshot_time"] for row in rows)
        found += [f"{table} has rows of {t} without a mark" for t in by_time.keys() - times.keys()]
        found += [
            f"{table} at {time}: {by_time[time]} rows, not {numbers.get(table, 0)}"
            for time, numbers in counts.items()
            if by_time[time] != numbers.get(table, 0)
        ]
    return found


def reported(lake):
    """Return a line about the stored snapshots, and the beats that nothing accounts for."""
    marks = sorted(read(lake, "snapshots")[0], key=lambda mark: mark["snapshot_time"])
    expected, lost = -1, 0
    for mark in marks:
        if mark["beat"] == 0:
            expected = -1
        lost += mark["beat"] - mark["skipped"] - expected - 1
        expected = mark["beat"]
    late = max(mark["late"] for mark in marks)
    skipped, partial = sum(m["skipped"] for m in marks), sum(not m["complete"] for m in marks)
    line = f"{len(marks)} snapshots, {partial} not complete, {skipped} beats skipped"
    return f"{line}; at most {late:.3f} s late; {lost} beats that nothing accounts for", lost


async def start(simulator, lake):
    """Start the poll."""
    user, password = simulator.auth
    command = (sys.executable, "-m", "taskrouter_stats", "poll", simulator.workspace_sid)
    options = ("--every", f"{EVERY}s", "--tables", "all", "--output", str(lake))
    env = {"TWILIO_ACCOUNT_SID": user, "TWILIO_AUTH_TOKEN": password}
    env |= {"TASKROUTER_STATS_BASE_URL": simulator.base_url}
    log = (lake.parent / "log").open("ab")
    with log:
        return await asyncio.create_subprocess_exec(
            *command, *options, env={**os.environ, **env}, stderr=log
        )


async def watch(process, seconds, lake):
    """Sample the memory of the poll, and read its files; return the samples."""
    samples, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(EVERY / 2)
        samples.append(resident(process))
        await asyncio.to_thread(read, lake, "worker_activity")  # raises on a torn file
    return [sample for sample in samples if sample is not None]


async def soak(seconds):
    """Poll, kill, poll on and stop; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        async with Simulator(workers=300, limit=100, faults=FAULTS) as simulator:
            for part in range(3):
                process = await start(simulator, lake)
                samples = await watch(process, seconds / 3, lake)
                process.send_signal(signal.SIGTERM if part == 2 else signal.SIGKILL)
                code = await process.wait()
        wrong, (line, lost) = problems(lake), reported(lake)
        fifth = max(1, len(samples) // 5)
        grown = median(samples[-fifth:]) - median(samples[fifth : 2 * fifth])
        files = sum(1 for _ in lake.rglob("*.parquet"))
        print(f"{line}; {files} files; last exit code {code}; memory grew by {grown:.2f} MiB")
        print(f"{simulator.counters.requests} requests, {simulator.counters.refused} refused")
        print("\n".join(wrong[:20]) or "every stored snapshot is whole and there once")
        gone = (Path(folder) / "log").read_text("utf-8").splitlines()
        print(f"{len(gone)} lines of log, such as {gone[-3:]}")
    return int(bool(wrong) or lost != 0 or grown > BOUND or code != 75)


if __name__ == "__main__":
    sys.exit(asyncio.run(soak(float(sys.argv[1]) if sys.argv[1:] else SECONDS)))
