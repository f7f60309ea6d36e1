"""A session over real sockets, cancelled at any step, leaves no connection and no task.

The clock jumps to the next timer when no socket of this process is ready, as the pacer's waits
would take a minute.
"""

import asyncio
from itertools import count

import orjson
import pytest

from taskrouter_stats import TaskRouterSession, queries
from tests.support.cancel_at_step import SteppedVirtualLoop
from tests.support.fakes import ANSWER, CREDENTIALS, WORKSPACE, worker_queries, worker_query
from tests.support.servers import RawServer, http_bytes
from tests.support.virtual import run_virtual

PAGE = {"workers": [], "meta": {"next_page_url": None}}
ONE_REPLY = http_bytes(orjson.dumps(PAGE | ANSWER), "200 OK", "Connection: close")
"""The server answers once on each connection, so no connection may be used again."""


async def fetch(session):
    """Fetch one query."""
    await session.fetch(worker_query(1))


async def iterate(session):
    """Read a list."""
    await session.iterate(queries.workers(WORKSPACE)).collect()


async def stream(session):
    """Stream several queries."""
    async with session.stream(worker_queries(3)) as outcomes:
        async for _ in outcomes:
            pass


async def used(call, base_url):
    """Open a session, make the call and close the session."""
    async with TaskRouterSession(CREDENTIALS, base_url=base_url) as session:
        await call(session)


async def cancelled_at(step, call, base_url):
    """Cancel the session's task at a step; return False if it ended before."""
    loop, came = asyncio.get_running_loop(), []
    victim = asyncio.create_task(used(call, base_url))
    loop.plan(step, lambda: came.append(victim.cancel()))
    await asyncio.wait([victim])
    loop.forget()
    assert victim.cancelled() == (came == [True]), step
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        # the server holds a connection until the client closes it
        assert await asyncio.wait(left, timeout=20) == (left, set()), step
    assert victim.cancelled() or victim.exception() is None
    return came == [True]


async def cancelled_everywhere(call):
    """Cancel at the first step, the second and so on until the task ends before; count them."""
    async with RawServer(ONE_REPLY, hold=True).running() as base_url:
        for step in count(1):
            if not await cancelled_at(step, call, base_url):
                return step - 1
    raise AssertionError


@pytest.mark.parametrize("call", [fetch, iterate, stream])
def test_cancellation_at_every_step(call):
    """After a cancellation at any step, from opening to closing, every connection is closed."""
    assert run_virtual(cancelled_everywhere(call), SteppedVirtualLoop) > 10
