"""(c) CPU and memory of a stream as it grows: a new process for each size, in turns.

The server is the one of ``nginx.py``, and each query has its own worker. Short streams are repeated
so that the time can be measured. Peak is the process's resident memory after the first stream.
"""

import asyncio
import json
import math
import statistics
import sys
import time

from tests.benchmarks.child import figures_of
from tests.benchmarks.contenders import stream
from tests.benchmarks.memory import peak
from tests.benchmarks.nginx import nginx
from tests.benchmarks.table import Ratio, Table

__all__ = ["table"]

SIZES, ROUNDS = (1_000, 10_000, 100_000), 3
QUICK_SIZES, QUICK_ROUNDS = (1_000, 10_000), 1
ENOUGH, WARM_UP = 30_000, 500
"""The minimum of timed queries, and the queries that warm up."""


async def run(base_url: str, count: int) -> None:
    """Stream queries; print CPU and wall time, microseconds per outcome, and the peak, MiB."""
    times = math.ceil(ENOUGH / count)
    async with stream(base_url) as ask:
        await ask(WARM_UP)
        cpu, wall = time.process_time(), time.perf_counter()
        await ask(count)
        most = peak()
        for _ in range(times - 1):
            await ask(count)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps([1e6 * cpu / (times * count), 1e6 * wall / (times * count), most]))


def table(*, quick: bool) -> Table:
    """Return the table of each size, with ratios to the smallest."""
    sizes = QUICK_SIZES if quick else SIZES
    with nginx() as base_url:
        rounds = [
            [figures_of("scale", base_url, size) for size in sizes]
            for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    lines = []
    for place, size in enumerate(sizes):
        cpu, wall, most = zip(*(figures[place] for figures in rounds), strict=True)
        base_cpu, base_wall, base_most = zip(*(figures[0] for figures in rounds), strict=True)
        more = [a - b for a, b in zip(most, base_most, strict=True)]
        lines.append(
            (
                f"{size:,}",
                f"{statistics.median(cpu):.0f} µs",
                str(Ratio.between(cpu, base_cpu)),
                f"{1e6 / statistics.median(wall):,.0f}/s",
                str(Ratio.between(base_wall, wall)),
                f"{statistics.median(most):.1f} MiB",
                f"{statistics.median(more):+.1f} ({min(more):+.1f} to {max(more):+.1f}) MiB",
            )
        )
    to = f"to {sizes[0]:,}"
    return Table(("queries", "CPU each", to, "outcomes", to, "peak", to), lines)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
