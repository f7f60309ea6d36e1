"""(d) How late another task of the loop is while a stream runs.

A task sleeps for a millisecond again and again; its lag is by how much each sleep was too long.
nginx answers at once, so the loop is never idle: aiohttp at its best stands beside it. The server
that takes 50 ms leaves the loop most of its time, as a distant one does. A loop in which nothing
runs shows what this machine does to everybody. `own` is no more of a lag than this process spent
of CPU meanwhile: what would be left of it on an idle machine, at most.
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


Lags = tuple[float, ...]
"""In ms: the median, the 99th percentile and the most; of own work the last two."""


async def measure(base_url: str, contender: Contender, count: int) -> Lags:
    """Watch the loop while it asks."""
    lags: list[float] = []
    own: list[float] = []

    async def watch() -> None:
        while True:
            begun, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(NAP)
            lags.append(1e3 * (time.perf_counter() - begun - NAP))
            own.append(min(lags[-1], 1e3 * (time.process_time() - cpu)))

    async with contender(base_url) as ask:
        await ask(count // 10)
        watcher = asyncio.create_task(watch())
        await ask(count)
        watcher.cancel()
    return statistics.median(lags), _p99(lags), max(lags), _p99(own), max(own)


def _p99(lags: list[float]) -> float:
    return statistics.quantiles(lags, n=100, method="inclusive")[98]  # the other invents values


def table(*, quick: bool) -> Table:
    """Near and far, all in turns."""
    with nginx() as near, slow(AWAY) as far:
        runs: dict[tuple[str, str], Callable[[], Lags]] = {}
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
        (*names, *(str(Ratio.of(figures)) for figures in zip(*one, strict=True)))
        for names, one in zip(runs, zip(*rounds, strict=True), strict=True)
    ]
    return Table(
        ("answers", "runs meanwhile", "lag p50, ms", "p99", "max", "own p99", "own max"), lines
    )


def _run(base_url: str, contender: Contender, count: int) -> Lags:
    return asyncio.run(measure(base_url, contender, count))
