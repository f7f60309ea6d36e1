"""(f) The time to the first outcome of a workspace run, in round trips.

The client must list the workers first. The simulator has 200 of them, replies after 50 ms (each
reply varies by up to 10%) and runs in another process. Each run has a new client, so the time of
connecting is included. Bare aiohttp reads the list in one page and then the first worker's
statistics, which is the minimum for this server. The vendor's library lists with its default of 50
a page, or with 1,000 a page.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp

from taskrouter_stats import TaskRouterSession
from tests.benchmarks.simulating import Served, simulated
from tests.benchmarks.table import Ratio, Table
from tests.benchmarks.vendor import Client, vendors_workspace

__all__ = ["table"]

WORKERS, LATENCY = 200, 0.05
ROUNDS, QUICK_ROUNDS = 15, 3

First = Callable[[Served], Awaitable[object]]
"""Returns when the first worker's statistics have arrived."""


async def ours(served: Served) -> None:
    """Wait for the first outcome of ``stream_worker_statistics``."""
    async with (
        TaskRouterSession(served.credentials, base_url=served.base_url) as session,
        session.stream_worker_statistics(served.workspace) as outcomes,
    ):
        (await anext(aiter(outcomes))).unwrap()


async def bare(served: Served) -> None:
    """Send only the two requests, one directly after the other."""
    place = f"{served.base_url}/v1/Workspaces/{served.workspace}/Workers"
    headers = {"Authorization": aiohttp.encode_basic_auth(*served.auth)}
    async with aiohttp.ClientSession(headers=headers) as session:
        for url in (f"{place}?PageSize=1000", f"{place}/{served.workers[0]}/Statistics?Minutes=15"):
            async with session.get(url) as response:
                await response.read()


async def twilio(served: Served, page_size: int | None) -> None:
    """List with the vendor's library, then fetch the first worker's statistics."""
    async with vendors_workspace(served.base_url, served.auth, served.workspace) as workspace:
        workers = await workspace.workers.list_async(page_size=page_size)
        await workspace.workers(workers[0].sid).statistics().fetch_async(minutes=15)


CLIENTS: dict[str, First] = {
    "aiohttp, bare": bare,
    "this package, `stream_worker_statistics`": ours,
}
if Client is not None:
    CLIENTS["twilio-python, `list_async()` first"] = partial(twilio, page_size=None)
    CLIENTS["twilio-python, `list_async(page_size=1000)` first"] = partial(twilio, page_size=1000)


async def measure(rounds: int) -> dict[str, list[float]]:
    """Return the seconds by client; all take turns, and the first round warms up."""
    spent: dict[str, list[float]] = {name: [] for name in CLIENTS}
    async with simulated(workers=WORKERS, latency=LATENCY) as served:
        for _ in range(1 + rounds):
            for name, first in CLIENTS.items():
                begun = time.perf_counter()
                await first(served)
                spent[name].append(time.perf_counter() - begun)
    return {name: each[1:] for name, each in spent.items()}


def table(*, quick: bool) -> Table:
    """Return the table of milliseconds and round trips."""
    spent = asyncio.run(measure(QUICK_ROUNDS if quick else ROUNDS))
    lines = [
        (
            name,
            f"{1e3 * statistics.median(each):.0f} ms",
            str(Ratio.of([seconds / LATENCY for seconds in each])),
            str(Ratio.between(each, spent["aiohttp, bare"])),
        )
        for name, each in spent.items()
    ]
    return Table(("first outcome", "time", "round trips", "to bare"), lines)
