"""The contenders: this package and the clients that it is compared with.

Each contender keeps its connections open over all rounds and sends from 50 tasks. ``bare`` is the
fastest use of aiohttp: URLs and header made beforehand, no cookies, no connection limit, the body
read and not decoded. ``common`` is aiohttp as commonly written: URL and parameters as text,
``BasicAuth``, ``response.json()``. ``twilio`` is the vendor's library with its asynchronous client.
This package's queries are made for each request, as a caller does.

``twilio_job``, ``aiohttp_job`` and ``aiohttp_cattrs`` are what a user would write for the job of a
``fetch``: at most 50 requests in flight, a rate (here without effect), five attempts for refusals,
server errors, timeouts and lost connections, and a typed record. They do without a rate learned
from the server, a pause that all requests share, a limit of retries, a circuit breaker, a
comparison of the answer with the question, redaction, a bound on the body, unknown keys, and turns
in the event loop.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from urllib.parse import urlencode

import aiohttp
import cattrs.preconf.orjson
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential
from yarl import URL

from taskrouter_stats import Credentials, TaskRouterSession, Window, models, queries
from tests.benchmarks.nginx import ACCOUNT, END, START, TOKEN, WORKSPACE, worker_sid
from tests.benchmarks.pydantic_models import pydantic, statistics_model
from tests.benchmarks.vendor import Client, vendors_workspace

try:
    from aiolimiter import AsyncLimiter
except ImportError:
    AsyncLimiter = None

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
    parameters = urlencode(PARAMETERS)
    urls = {sid: URL(f"{place}/{sid}/Statistics?{parameters}", encoded=True) for sid in WORKERS}
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


def _is_transient(error: BaseException) -> bool:
    """Return whether another attempt may succeed."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status in {408, 429} or status >= 500
    return isinstance(error, (aiohttp.ClientError, TimeoutError))


persistent = retry(
    retry=retry_if_exception(_is_transient),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.2, max=3),
    reraise=True,
)
RATE = 100_000
"""Requests per second of the limiters: as many as the server allows, so they never wait."""


@asynccontextmanager
async def twilio_job(base_url: str) -> AsyncIterator[Ask]:
    """Do the job of ``fetch`` with the vendor's library."""
    semaphore, limiter, model = (
        asyncio.Semaphore(IN_FLIGHT),
        AsyncLimiter(RATE, 1.0),
        statistics_model(),
    )
    async with vendors_workspace(base_url, (ACCOUNT, TOKEN), WORKSPACE) as workspace:

        @persistent
        async def one(sid: str) -> object:
            async with semaphore, limiter:
                statistics = workspace.workers(sid).statistics()
                found = await statistics.fetch_async(start_date=TIMES[0], end_date=TIMES[1])
            return model.model_validate(found)

        yield lambda count: from_tasks(count, one)


def aiohttp_job(make_reader: Callable[[], Callable[[bytes], object]]) -> Contender:
    """Return the contender that does the job of ``fetch`` with aiohttp in its fastest way."""

    @asynccontextmanager
    async def job(base_url: str) -> AsyncIterator[Ask]:
        headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
        place = f"{base_url}/v1/Workspaces/{WORKSPACE}/Workers"
        parameters = urlencode(PARAMETERS)
        connector, jar = aiohttp.TCPConnector(limit=IN_FLIGHT), aiohttp.DummyCookieJar()
        limiter, read = AsyncLimiter(RATE, 1.0), make_reader()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as http:

            @persistent
            async def one(sid: str) -> object:
                url = URL(f"{place}/{sid}/Statistics?{parameters}", encoded=True)
                request = http.get(url, headers=headers, allow_redirects=False)
                async with limiter, request as response:
                    response.raise_for_status()
                    return read(await response.read())

            yield lambda count: from_tasks(count, one)

    return job


def _read_with_pydantic() -> Callable[[bytes], object]:
    read: Callable[[bytes], object] = statistics_model().model_validate_json
    return read


def _read_with_cattrs() -> Callable[[bytes], object]:
    """Return what reads this package's classes with cattrs as it is."""
    converter = cattrs.preconf.orjson.make_converter()
    return lambda body: converter.loads(body, models.WorkerStatistics)


def session(base_url: str, in_flight: int = IN_FLIGHT) -> TaskRouterSession:
    """Return a default session with one more slot, because one is reserved for ``fetch``."""
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    return TaskRouterSession(credentials, base_url=base_url, max_in_flight=in_flight + 1)


@asynccontextmanager
async def fetch(base_url: str) -> AsyncIterator[Ask]:
    """Use ``fetch`` for each worker."""
    async with session(base_url) as opened:

        async def one(sid: str) -> models.WorkerStatistics:
            return await opened.fetch(queries.worker_statistics(WORKSPACE, sid, WINDOW))

        yield lambda count: from_tasks(count, one)


@asynccontextmanager
async def stream(base_url: str, in_flight: int = IN_FLIGHT) -> AsyncIterator[Ask]:
    """Use ``stream``."""
    async with session(base_url, in_flight) as opened:

        async def ask(count: int) -> None:
            many = (
                queries.worker_statistics(WORKSPACE, worker_sid(number), WINDOW)
                for number in range(count)
            )
            async with opened.stream(many) as outcomes:
                async for outcome in outcomes:
                    outcome.unwrap()

        yield ask


CONTENDERS: dict[str, Contender] = {"bare": bare, "common": common}
if Client is not None:
    CONTENDERS["twilio"] = twilio
if AsyncLimiter is not None:
    if Client is not None and pydantic is not None:
        CONTENDERS["twilio_job"] = twilio_job
    if pydantic is not None:
        CONTENDERS["aiohttp_job"] = aiohttp_job(_read_with_pydantic)
    CONTENDERS["aiohttp_cattrs"] = aiohttp_job(_read_with_cattrs)
CONTENDERS |= {"fetch": fetch, "stream": stream}
