"""How late another task of the loop is while a stream runs: `python -m tests.benchmarks.lag`.

A task sleeps for a millisecond again and again; its lag is by how much each sleep was too long. The
server answers at once, so the loop is never idle: aiohttp at its best stands beside it.
"""

import asyncio
import statistics
import time
from functools import partial

from tests.benchmarks.contenders import Contender, bare, stream
from tests.benchmarks.nginx import nginx

QUERIES, NAP = 20_000, 0.001


async def run(base_url: str, name: str, contender: Contender) -> None:
    """Measure while it asks, and print percentiles."""
    lags: list[float] = []

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(NAP)
            lags.append(1e3 * (time.perf_counter() - begun - NAP))

    async with contender(base_url) as ask:
        await ask(QUERIES // 10)
        watcher = asyncio.create_task(watch())
        await ask(QUERIES)
        watcher.cancel()
    cuts = statistics.quantiles(lags, n=100, method="inclusive")  # the other invents values
    told = f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, max {max(lags):.1f} ms"
    print(f"{name:<12} {told}, {len(lags)} naps", flush=True)


if __name__ == "__main__":
    with nginx() as base_url:
        asyncio.run(run(base_url, "bare, 50", bare))
        asyncio.run(run(base_url, "stream, 50", stream))
        asyncio.run(run(base_url, "stream, 500", partial(stream, in_flight=500)))
