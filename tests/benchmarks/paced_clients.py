"""The clients of paced runs: each requests every worker's statistics once from a simulator.

* ours: ``session.stream(…)`` over given SIDs, with the defaults of ``TaskRouterSession``;
* twilio: the vendor's library with its asynchronous client, 50 at once by a semaphore;
* aiolimiter: aiohttp with an ``AsyncLimiter`` that is configured with the true rate.

The last two retry a 429 with tenacity until success: a random share of 100 ms · 2ⁿ, n from 1, at
most 3 s, as the vendor's library for Node does. The twilio client waits within the semaphore.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential

from taskrouter_stats import Success, TaskRouterSession, queries
from tests.benchmarks.simulating import Served
from tests.benchmarks.vendor import Client, vendors_workspace

try:
    from aiolimiter import AsyncLimiter
except ImportError:
    AsyncLimiter = None

__all__ = ["CLIENTS", "LIMIT", "AskAll"]

LIMIT = 50
"""Requests per second: the limit of each simulator, and the configured true rate."""

AT_ONCE = 50
FIRST_DELAY, LONGEST_DELAY = 0.2, 3.0
REFUSED = 429

AskAll = Callable[[Served], Awaitable[int]]
"""Requests every worker's statistics and returns the number of successes."""


async def ours(served: Served) -> int:
    """Stream every worker's statistics with this package."""
    asked = (queries.worker_statistics(served.workspace, worker) for worker in served.workers)
    async with (
        TaskRouterSession(served.credentials, base_url=served.base_url) as session,
        session.stream(asked) as outcomes,
    ):
        return sum([isinstance(outcome, Success) async for outcome in outcomes])


async def with_backoff(ask: Callable[[], Awaitable[object]]) -> None:
    """Repeat a request until its reply is not a 429, with increasing waits."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: getattr(error, "status", None) == REFUSED),
        wait=wait_random_exponential(multiplier=FIRST_DELAY, max=LONGEST_DELAY),
    )
    await retrying(ask)


async def for_each(workers: list[str], ask: Callable[[str], Awaitable[None]]) -> int:
    """Request each worker's statistics from its own task."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(worker)) for worker in workers]
    return len(tasks)


async def twilio(served: Served) -> int:
    """Use the vendor's library."""
    semaphore = asyncio.Semaphore(AT_ONCE)
    async with vendors_workspace(served.base_url, served.auth, served.workspace) as workspace:

        async def one(worker: str) -> None:
            async with semaphore:
                statistics = workspace.workers(worker).statistics()
                await with_backoff(partial(statistics.fetch_async, minutes=15))

        return await for_each(served.workers, one)


async def aiolimiter(served: Served) -> int:
    """Use aiohttp at the true rate."""
    limiter = AsyncLimiter(LIMIT, 1.0)
    place = f"{served.base_url}/v1/Workspaces/{served.workspace}/Workers"
    headers = {"Authorization": aiohttp.encode_basic_auth(*served.auth)}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:

        async def send(worker: str) -> None:
            url = f"{place}/{worker}/Statistics"
            async with limiter, session.get(url, params={"Minutes": "15"}) as response:
                await response.json()

        return await for_each(served.workers, lambda worker: with_backoff(partial(send, worker)))


CLIENTS: dict[str, AskAll] = {"ours": ours}
if Client is not None:
    CLIENTS["twilio"] = twilio
if AsyncLimiter is not None:
    CLIENTS["aiolimiter"] = aiolimiter
