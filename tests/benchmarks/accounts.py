"""(k) Many accounts in one process: the CPU of 1,000 sessions that each send 20 requests a second.

Each account has a task, which sends a request in each slot of 50 ms; one that is late does not
wait. The requests are spread evenly over the slots. No process can send 20,000 requests a second,
so all are late, and the rate shows how many it sent. nginx allows every account all of them.

Bare aiohttp uses one aiohttp session for all accounts, or one for each, with URLs and headers made
beforehand. This package needs a session for each account, and may lend them all one aiohttp
session. Every figure is of a new process, and the contenders take turns. The accounts are API keys,
since the server's answer names one account.

Python's garbage collector looks at all objects of the process again and again, so what it takes
grows with the sessions that are open; its time is shown by itself.
"""

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from taskrouter_stats import Credentials, TaskRouterSession, queries
from tests.benchmarks.child import figures_of
from tests.benchmarks.contenders import PARAMETERS, WINDOW, WORKERS, Ask, Contender
from tests.benchmarks.memory import peak
from tests.benchmarks.nginx import TOKEN, WORKSPACE, nginx
from tests.benchmarks.table import Ratio, Table

__all__ = ["ACCOUNTS", "table"]

ACCOUNTS, EACH_SECOND = 1_000, 20
ROUNDS, QUICK_ROUNDS = 5, 1
WARM_UP, REQUESTS = 2_000, 20_000


def _key(account: int) -> str:
    return f"SK{account:032x}"


async def _paced(count: int, one: Callable[[int, str], Awaitable[object]]) -> None:
    """Call ``one`` with each account in its slots until all sent ``count`` requests together."""
    begun = asyncio.get_running_loop().time()

    async def work(account: int) -> None:
        for number in range(count // ACCOUNTS):
            slot = begun + (number + account / ACCOUNTS) / EACH_SECOND
            await asyncio.sleep(max(0.0, slot - asyncio.get_running_loop().time()))
            await one(account, WORKERS[(account + number) % len(WORKERS)])

    async with asyncio.TaskGroup() as group:
        for account in range(ACCOUNTS):
            group.create_task(work(account))


def _http() -> aiohttp.ClientSession:
    connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=connector, cookie_jar=jar)


@asynccontextmanager
async def bare(base_url: str, sessions: int = 1) -> AsyncIterator[Ask]:
    """Use a number of aiohttp sessions in their fastest way."""
    place, parameters = f"{base_url}/v1/Workspaces/{WORKSPACE}/Workers", urlencode(PARAMETERS)
    urls = {sid: URL(f"{place}/{sid}/Statistics?{parameters}", encoded=True) for sid in WORKERS}
    headers = [
        {"Authorization": aiohttp.encode_basic_auth(_key(account), TOKEN)}
        for account in range(ACCOUNTS)
    ]
    async with AsyncExitStack() as stack:
        https = [await stack.enter_async_context(_http()) for _ in range(sessions)]

        async def one(account: int, sid: str) -> None:
            http = https[account % sessions]
            request = http.get(urls[sid], headers=headers[account], allow_redirects=False)
            async with request as response:
                await response.read()

        yield lambda count: _paced(count, one)


@asynccontextmanager
async def fetch(base_url: str, http: aiohttp.ClientSession | None = None) -> AsyncIterator[Ask]:
    """Use a session of this package for each account."""
    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(
                TaskRouterSession(
                    Credentials.api_key(_key(account), TOKEN), base_url=base_url, http=http
                )
            )
            for account in range(ACCOUNTS)
        ]

        async def one(account: int, sid: str) -> None:
            await sessions[account].fetch(queries.worker_statistics(WORKSPACE, sid, WINDOW))

        yield lambda count: _paced(count, one)


@asynccontextmanager
async def lent(base_url: str) -> AsyncIterator[Ask]:
    """Use a session of this package for each account, all with one aiohttp session."""
    async with _http() as http, fetch(base_url, http) as ask:
        yield ask


CONTENDERS: dict[str, Contender] = {
    "aiohttp, bare": bare,
    "aiohttp, bare, a session for each": partial(bare, sessions=ACCOUNTS),
    "this package, `fetch`": fetch,
    "this package, `fetch`, one aiohttp session lent to all": lent,
}


class _CollectorTime:
    """CPU time of the garbage collector since it was made, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        gc.callbacks.append(self._count)

    def _count(self, phase: str, _: dict[str, int]) -> None:
        now = time.process_time()
        self.seconds += -now if phase == "start" else now


async def _run(base_url: str, name: str, requests: int) -> None:
    """Print CPU time, the garbage collector's part of it, and wall time, and the peak, MiB.

    The times are microseconds per request.
    """
    async with CONTENDERS[name](base_url) as ask:
        bytearray(1 << 20)  # as in (a)
        await ask(WARM_UP)
        cpu, wall, collector = time.process_time(), time.perf_counter(), _CollectorTime()
        await ask(requests)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    times = (1e6 * seconds / requests for seconds in (cpu, collector.seconds, wall))
    print(json.dumps([*times, peak()]))


def table(*, quick: bool) -> Table:
    """Return the CPU of a request of each contender, with and without the garbage collector."""
    requests = WARM_UP if quick else REQUESTS
    with nginx() as base_url:
        rounds = [
            {name: figures_of("accounts", base_url, name, requests) for name in CONTENDERS}
            for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    lines = [_line(name, rounds) for name in CONTENDERS]
    heads = ("CPU each", "to bare", "collector", "the rest to bare", "requests", "peak")
    return Table(("1,000 accounts", *heads), lines)


def _line(name: str, rounds: list[dict[str, list[float]]]) -> tuple[str, ...]:
    cpu, collector, wall, most = zip(*(figures[name] for figures in rounds), strict=True)
    bare_cpu, bare_collector, *_ = zip(
        *(figures["aiohttp, bare"] for figures in rounds), strict=True
    )
    rest, bare_rest = (
        [whole - part for whole, part in zip(*pair, strict=True)]
        for pair in ((cpu, collector), (bare_cpu, bare_collector))
    )
    return (
        name,
        f"{statistics.median(cpu):.0f} µs",
        str(Ratio.between(cpu, bare_cpu)),
        f"{statistics.median(collector):.0f} µs",
        str(Ratio.between(rest, bare_rest)),
        f"{1e6 / statistics.median(wall):,.0f}/s",
        f"{statistics.median(most):.0f} MiB",
    )


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
