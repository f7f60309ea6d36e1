"""(h) The CPU of a fetch by layer: each row adds one layer, and all take turns within a round.

The last rows are this package's own work without network, from one task: its data is then in the
processor's caches. Between two replies of aiohttp it is not, and the same work costs more.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from unittest import mock

from taskrouter_stats import TaskRouterSession, queries
from taskrouter_stats.core.reply import Reply
from taskrouter_stats.core.request import Request, build_request
from tests.benchmarks.contenders import (
    WINDOW,
    WORKERS,
    Ask,
    Contender,
    bare,
    fetch,
    from_tasks,
    session,
)
from tests.benchmarks.cost import Spent, measure
from tests.benchmarks.nginx import ACCOUNT, BODY, WORKSPACE, nginx, worker_sid
from tests.benchmarks.table import Ratio, Table

__all__ = ["table"]

ROUNDS, QUICK_ROUNDS = 60, 3
HEADERS = {
    "content-type": "application/json",
    "x-rate-limit-limit": "100000",
    "x-rate-limit-remaining": "99999",
    "twilio-concurrent-requests": "1",
    "twilio-request-id": "RQ" + "0" * 32,
}


def _ignore() -> None:
    """Ignore that a request was sent."""


@asynccontextmanager
async def transport(base_url: str) -> AsyncIterator[Ask]:
    """Use the transport alone."""
    async with session(base_url) as asked:
        opened = asked._lifecycle.require_open()

        async def one(sid: str) -> Reply:
            query = queries.worker_statistics(WORKSPACE, sid, WINDOW)
            return await opened.executor.transport.send(build_request(query, ACCOUNT), _ignore)

        yield lambda count: from_tasks(count, one)


def unconverted(contender: Contender) -> Contender:
    """Return a contender that does not convert JSON to records."""

    @asynccontextmanager
    async def changed(base_url: str) -> AsyncIterator[Ask]:
        async with contender(base_url) as ask:

            async def sent(count: int) -> None:
                place = "taskrouter_stats.session.query_runner.structure"
                with mock.patch(place, lambda payload, _: payload):
                    await ask(count)

            yield sent

    return changed


BODIES = {sid: BODY.replace(worker_sid(0).encode(), sid.encode()) for sid in WORKERS}


async def answered(request: Request, on_sent: Callable[[], None]) -> Reply:
    """Return a reply without network."""
    on_sent()
    body = BODIES[request.query.sid if request.query else WORKERS[0]]
    return Reply(200, HEADERS, body)


async def _from_one_task(opened: TaskRouterSession, count: int) -> None:
    for number in range(count):
        sid = WORKERS[number % len(WORKERS)]
        await opened.fetch(queries.worker_statistics(WORKSPACE, sid, WINDOW))


@asynccontextmanager
async def alone(base_url: str) -> AsyncIterator[Ask]:
    """Use ``fetch`` without network."""
    async with session(base_url) as ours:
        transport = ours._lifecycle.require_open().executor.transport
        mock.patch.object(transport, "send", answered).start()
        yield lambda count: _from_one_task(ours, count)


LAYERS: dict[str, Contender] = {
    "aiohttp, bare": bare,
    "this package's transport: whole body, search for secrets": transport,
    "and permit, throttle, headers, retry, JSON": unconverted(fetch),
    "and the record: `fetch`": fetch,
    "`fetch` without network and record": unconverted(alone),
    "`fetch` without network": alone,
}


def table(*, quick: bool) -> Table:
    """Return the CPU of each layer, and its ratio to bare aiohttp."""
    with nginx() as base_url:
        spent = asyncio.run(measure(base_url, QUICK_ROUNDS if quick else ROUNDS, LAYERS))
    return Table(("a request", "CPU", "to bare"), [_line(name, spent) for name in spent])


def _line(name: str, spent: Spent) -> tuple[str, ...]:
    cpu, bare_cpu = spent[name][0], spent["aiohttp, bare"][0]
    return name, f"{statistics.median(cpu):.0f} µs", str(Ratio.between(cpu, bare_cpu))
