"""(d) How late another task of the loop is while a stream runs.

A task sleeps for a millisecond again and again; its lag is by how much each sleep was too long.
nginx answers at once, so the loop is never idle: aiohttp at its best stands beside it. The server
that takes 50 ms leaves the loop most of its time, as a distant one does. A loop in which nothing
runs shows what this machine does to everybody.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from tests.benchmarks.contenders import Ask, Contender, bare, stream
from tests.benchmarks.nginx import nginx
from tests.benchmarks.slow import slow
from tests.benchmarks.table import Ratio, Table

__all__ = ["table"]

ROUNDS, QUICK_ROUNDS = 3, 1
NAP, AWAY = 0.001, 0.05
AT_ONCE, FROM_AFAR = 10_000, 4_000
"""How many are asked for in a round of a server that answers at once, and of one that is slow."""


@asynccontextmanager
async def nothing(base_url: str) -> AsyncIterator[Ask]:
    """Nobody asks, for about as long."""
    del base_url
    yield lambda count: asyncio.sleep(count / FROM_AFAR)


NEAR: dict[str, Contender] = {
    "aiohttp, bare, 50 in flight": bare,
    "stream, 50 in flight": stream,
    "stream, 500 in flight": partial(stream, in_flight=500),
}
FAR: dict[str, Contender] = {
    "nothing": nothing,
    "aiohttp, bare, 50 in flight": bare,
    "stream, 50 in flight": stream,
    "stream, 500 in flight": partial(stream, in_flight=500),
}


async def measure(base_url: str, contender: Contender, count: int) -> tuple[float, float, float]:
    """The median, the 99th percentile and the most, in ms, while it asks."""
    lags: list[float] = []

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(NAP)
            lags.append(1e3 * (time.perf_counter() - begun - NAP))

    async with contender(base_url) as ask:
        await ask(count // 10)
        watcher = asyncio.create_task(watch())
        await ask(count)
        watcher.cancel()
    cuts = statistics.quantiles(lags, n=100, method="inclusive")  # the other invents values
    return cuts[49], cuts[98], max(lags)


def table(*, quick: bool) -> Table:
    """Near and far, all in turns."""
    with nginx() as near, slow(AWAY) as far:
        runs: dict[tuple[str, str], Callable[[], tuple[float, float, float]]] = {}
        for where, url, count, contenders in (
            ("at once", near, AT_ONCE, NEAR),
            ("after 50 ms", far, FROM_AFAR, FAR),
        ):
            for name, contender in contenders.items():
                runs[where, name] = partial(_run, url, contender, count)
        rounds = [
            [one() for one in runs.values()] for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    lines = [
        (*names, *(f"{Ratio.of(figures)} ms" for figures in zip(*one, strict=True)))
        for names, one in zip(runs, zip(*rounds, strict=True), strict=True)
    ]
    return Table(("answers", "in the loop", "lag p50", "p99", "max"), lines)


def _run(base_url: str, contender: Contender, count: int) -> tuple[float, float, float]:
    return asyncio.run(measure(base_url, contender, count))
