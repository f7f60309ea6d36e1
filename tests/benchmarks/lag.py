"""(d) The delay of another task in the loop while a stream runs.

A task repeatedly sleeps for 1 ms; the lag is the time by which a sleep was too long. nginx replies
at once, so the loop is never idle; bare aiohttp is the comparison. A server that takes 50 ms leaves
the loop idle most of the time, as a distant server does. A loop without other tasks shows the
machine's own lag. ``own`` bounds each lag by this process's CPU time meanwhile, which is the most
that would remain on an idle machine.
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
"""Requests of a round to the fast server, and to the slow one."""


@asynccontextmanager
async def nothing(base_url: str) -> AsyncIterator[Ask]:
    """Send nothing, for about as long as the others take."""
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
"""Milliseconds: median, 99th percentile and maximum of the lag; the last two of own work."""


async def measure(base_url: str, contender: Contender, count: int) -> Lags:
    """Return the lags of the loop while a contender sends requests."""
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
    return statistics.quantiles(lags, n=100, method="inclusive")[98]  # "exclusive" extrapolates


def table(*, quick: bool) -> Table:
    """Return the table of both servers; all contenders take turns."""
    with nginx() as near, slow(AWAY) as far:
        runs: dict[tuple[str, str], Callable[[], Lags]] = {}
        for where, url, count, contenders in (
            ("at once", near, AT_ONCE, NEAR),
            ("after 50 ms", far, FROM_AFAR, FAR),
        ):
            for name, contender in contenders.items():
                runs[where, name] = partial(_run, url, contender, count)
        rounds = [
            [run() for run in runs.values()] for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    lines = [
        (*names, *(str(Ratio.of(figures)) for figures in zip(*lags, strict=True)))
        for names, lags in zip(runs, zip(*rounds, strict=True), strict=True)
    ]
    return Table(("replies", "contender", "lag p50, ms", "p99", "max", "own p99", "own max"), lines)


def _run(base_url: str, contender: Contender, count: int) -> Lags:
    return asyncio.run(measure(base_url, contender, count))
