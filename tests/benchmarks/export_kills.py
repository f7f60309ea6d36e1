"""Fifty kills -9 of exports of all tables, at random moments, in every format.

``python -m tests.benchmarks.export_kills [kills]``: after each few kills the export is finished,
and every key of every table must be there once.
"""

import asyncio
import random
import sys
import tempfile
from pathlib import Path

from taskrouter_stats.simulator import Simulator
from tests.end_to_end.test_export_crashes import READ, kill_all_tables

IN_ONE_OUTPUT = 5
"""Kills before an export is finished and checked."""


async def main(wanted):
    """Kill exports until there were enough kills, and print the counts."""
    killed, outputs, seed = 0, 0, 0
    async with Simulator(workers=60, limit=200, window="bucket", latency=0.01) as simulator:
        while killed < wanted:
            kind = list(READ)[seed % len(READ)]
            with tempfile.TemporaryDirectory() as folder:
                moments = random.Random(seed)
                killed += await kill_all_tables(
                    simulator, Path(folder), kind, moments, IN_ONE_OUTPUT
                )
            outputs, seed = outputs + 1, seed + 1
            print(f"{killed} kills in {outputs} outputs: every key once", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
