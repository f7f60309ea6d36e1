"""The contenders: this package and the clients that it is compared with.

Each contender keeps its connections open over all rounds and sends from 50 tasks. ``bare`` is the
fastest use of aiohttp: URLs and header made beforehand, no cookies, no connection limit, the body
read and not decoded. ``common`` is aiohttp as commonly written: URL and parameters as text,
``BasicAuth``, ``response.json()``. ``twilio`` is the vendor's library with its asynchronous client.
This package's queries are made for each request, as a caller does.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from taskrouter_stats import Credentials, TaskRouterSession, Window, models, queries
from tests.benchmarks.nginx import ACCOUNT, END, START, TOKEN, WORKSPACE, worker_sid
from tests.benchmarks.vendor import Client, vendors_workspace

__all__ = [
    "CONTENDERS",
    "IN_FLIGHT",
    "WINDOW",
    "WORKERS",
    "Ask",
    "Contender",
    "bare",
    "fetch",
    "from_tasks",
    "session",
    "stream",
]

IN_FLIGHT = 50
WORKERS = [worker_sid(number) for number in range(100)]
TIMES = datetime.fromisoformat(START), datetime.fromisoformat(END)
WINDOW = Window.between(*TIMES)
PARAMETERS = {"StartDate": START, "EndDate": END}

Ask = Callable[[int], Awaitable[None]]
"""Sends a number of requests, and returns when all replies have arrived."""
Contender = Callable[[str], AbstractAsyncContextManager[Ask]]


async def from_tasks(count: int, one: Callable[[str], Awaitable[object]]) -> None:
    """Call ``one`` for a number of workers from 50 tasks, each with the same share."""

    async def work(first: int) -> None:
        for number in range(first, count, IN_FLIGHT):
            await one(WORKERS[number % len(WORKERS)])

    async with asyncio.TaskGroup() as group:
        for first in range(IN_FLIGHT):
            group.create_task(work(first))


@asynccontextmanager
async def bare(base_url: str) -> AsyncIterator[Ask]:
    """Use aiohttp in its fastest way."""
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
    place = f"{base_url}/v1/Workspaces/{WORKSPACE}/Workers"
    asked = urlencode(PARAMETERS)
    urls = {sid: URL(f"{place}/{sid}/Statistics?{asked}", encoded=True) for sid in WORKERS}
    connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:

        async def one(sid: str) -> None:
            async with session.get(urls[sid], headers=headers, allow_redirects=False) as response:
                await response.read()

        yield lambda count: from_tasks(count, one)


@asynccontextmanager
async def common(base_url: str) -> AsyncIterator[Ask]:
    """Use aiohttp as commonly written."""
    warnings.simplefilter("ignore", DeprecationWarning)  # aiohttp 4 removes auth=
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth(ACCOUNT, TOKEN)) as session:

        async def one(sid: str) -> None:
            url = f"{base_url}/v1/Workspaces/{WORKSPACE}/Workers/{sid}/Statistics"
            async with session.get(url, params=PARAMETERS) as response:
                response.raise_for_status()
                await response.json()

        yield lambda count: from_tasks(count, one)


@asynccontextmanager
async def twilio(base_url: str) -> AsyncIterator[Ask]:
    """Use the vendor's library."""
    async with vendors_workspace(base_url, (ACCOUNT, TOKEN), WORKSPACE) as workspace:

        async def one(sid: str) -> None:
            statistics = workspace.workers(sid).statistics()
            await statistics.fetch_async(start_date=TIMES[0], end_date=TIMES[1])

        yield lambda count: from_tasks(count, one)


def session(base_url: str, in_flight: int = IN_FLIGHT) -> TaskRouterSession:
    """Return a default session with one more slot, because one is reserved for ``fetch``."""
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    return TaskRouterSession(credentials, base_url=base_url, max_in_flight=in_flight + 1)


@asynccontextmanager
async def fetch(base_url: str) -> AsyncIterator[Ask]:
    """Use ``fetch`` for each worker."""
    async with session(base_url) as asked:

        async def one(sid: str) -> models.WorkerStatistics:
            return await asked.fetch(queries.worker_statistics(WORKSPACE, sid, WINDOW))

        yield lambda count: from_tasks(count, one)


@asynccontextmanager
async def stream(base_url: str, in_flight: int = IN_FLIGHT) -> AsyncIterator[Ask]:
    """Use ``stream``."""
    async with session(base_url, in_flight) as opened:

        async def ask(count: int) -> None:
            asked = (
                queries.worker_statistics(WORKSPACE, worker_sid(number), WINDOW)
                for number in range(count)
            )
            async with opened.stream(asked) as outcomes:
                async for outcome in outcomes:
                    outcome.unwrap()

        yield ask


CONTENDERS: dict[str, Contender] = {"bare": bare, "common": common}
if Client is not None:
    CONTENDERS["twilio"] = twilio
CONTENDERS |= {"fetch": fetch, "stream": stream}
