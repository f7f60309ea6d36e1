"""Many accounts on a Dask cluster of two worker processes, one of which is killed on the way.

``python -m tests.benchmarks.dask_backfill [accounts windows workers]``: by default 40 accounts by
24 windows by 20 Workers, and then 1,000 accounts with two Workers and one window each. The servers
are simulators in this process. What is stored must be exactly what the simulators' worlds hold.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.fleet import accounts
from tests.fleet.backfill import backfill, worker_processes

PROCESSES, THREADS = 2, 8


async def run(client, folder, name, count, windows, workers, *, kill):
    """Export that many accounts, print what came of it, and return whether it is exact."""
    queries = count * windows * workers
    file = Path(os.environ[accounts.VARIABLE])
    async with accounts.simulated(file, count, workers=workers, limit=50) as simulators:
        done = await backfill(
            client,
            simulators,
            folder / name,
            accounts.hours(windows),
            kill=(queries // 3, 4) if kill else None,
            sink=accounts.flushed_sometimes,
        )
    already = sum(report.already_done for report in done.reports)
    print(
        f"{name}: {count} accounts by {windows} windows by {workers} Workers: "
        f"{len(done.rows):,} rows of {queries:,}, {'exact' if done.is_exact else 'NOT EXACT'}; "
        f"{kill:d} of {PROCESSES} processes killed, {already:,} queries resumed from "
        f"checkpoints, {done.asked - queries:,} asked again; {done.seconds:.1f} s",
        flush=True,
    )
    return done.is_exact


def main(count, windows, workers):
    """Run both backfills on one cluster; return whether both are exact."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ[accounts.VARIABLE] = str(folder / "accounts.json")
        with worker_processes(PROCESSES, THREADS) as client:
            sized = run(client, folder, "killed", count, windows, workers, kill=True)
            killed = asyncio.run(sized)
            many = asyncio.run(run(client, folder, "many", 25 * count, 1, 2, kill=False))
    return killed and many


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:]] or [40, 24, 20]
    sys.exit(0 if main(*sizes) else 1)
