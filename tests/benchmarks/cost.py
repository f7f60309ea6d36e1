"""(a) CPU and wall time of one request, as ratios to bare aiohttp.

Contenders take turns within a round, so load of the machine affects all of them. Each ratio is of
one round; many short rounds, since the speed of a shared machine changes within seconds. CPU is
that of the client's process, first with asyncio's loop, then with uvloop.

asyncio receives into a buffer of 256 KiB. Over plain http, as here, glibc would map and unmap that
memory for each reply, a sixth of bare's CPU, until a larger block was freed once. Over TLS, as
users have it, decryption frees one soon. So one is freed before anything is measured.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib.util import find_spec

from tests.benchmarks.contenders import CONTENDERS, Ask, Contender
from tests.benchmarks.nginx import nginx
from tests.benchmarks.table import Ratio, Table

__all__ = ["Spent", "measure", "table"]

ROUNDS, QUICK_ROUNDS = 60, 3
REQUESTS, WARM_UP = 500, 500
NAMES = {
    "bare": "aiohttp, bare",
    "common": "aiohttp as commonly written",
    "twilio": "twilio-python, asynchronous",
    "twilio_job": "the same job: twilio-python, semaphore, aiolimiter, tenacity, pydantic",
    "aiohttp_job": "the same job: bare aiohttp, aiolimiter, tenacity, pydantic",
    "aiohttp_cattrs": "the same job: bare aiohttp, aiolimiter, tenacity, cattrs",
    "fetch": "this package, `fetch`",
    "stream": "this package, `stream`",
}

Spent = dict[str, tuple[list[float], list[float]]]
"""By contender: CPU and wall time of each round, microseconds per request."""


def _loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop] | None]:
    if find_spec("uvloop") is None:
        return {"asyncio": None}
    import uvloop  # noqa: PLC0415 (optional)

    return {"asyncio": None, "uvloop": uvloop.new_event_loop}


async def measure(base_url: str, rounds: int, contenders: dict[str, Contender]) -> Spent:
    """Return what each contender spent; all take turns in the running loop."""
    spent: Spent = {name: ([], []) for name in contenders}
    async with AsyncExitStack() as stack:
        asks = {
            name: await stack.enter_async_context(contender(base_url))
            for name, contender in contenders.items()
        }
        bytearray(1 << 20)  # once glibc has freed so much, it maps no memory for each receive
        for ask in asks.values():
            await ask(WARM_UP)
        for number in range(rounds):
            order = list(asks)
            for name in order[number % len(order) :] + order[: number % len(order)]:
                for column, figure in zip(spent[name], await _spend(asks[name]), strict=True):
                    column.append(figure)
    return spent


async def _spend(ask: Ask) -> tuple[float, float]:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await ask(REQUESTS)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return 1e6 * cpu / REQUESTS, 1e6 * wall / REQUESTS


def table(*, quick: bool) -> Table:
    """Return the table of each contender with each loop."""
    lines = []
    with nginx() as base_url:
        for loop, factory in _loops().items():
            with asyncio.Runner(loop_factory=factory) as runner:
                spent = runner.run(measure(base_url, QUICK_ROUNDS if quick else ROUNDS, CONTENDERS))
            lines += [_line(loop, name, spent) for name in spent]
    heads = ("loop", "contender", "CPU", "to bare", "to twilio-python", "wall", "to bare")
    return Table(heads, lines)


def _line(loop: str, name: str, spent: Spent) -> tuple[str, ...]:
    (cpu, wall), (bare_cpu, bare_wall) = spent[name], spent["bare"]
    return (
        loop,
        NAMES[name],
        f"{statistics.median(cpu):.0f} µs",
        str(Ratio.between(cpu, bare_cpu)),
        str(Ratio.between(cpu, spent["twilio"][0])) if "twilio" in spent else "-",
        f"{statistics.median(wall):.0f} µs",
        str(Ratio.between(wall, bare_wall)),
    )
