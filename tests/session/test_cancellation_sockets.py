"""Cancelled at every step over a real connection, a session leaves no connection and no task."""

import asyncio
import gc
from itertools import count

import orjson
import pytest

from taskrouter_stats import TaskRouterSession, queries
from tests.support.fakes import ANSWER, CREDENTIALS, WORKSPACE, worker_queries, worker_query
from tests.support.servers import RawServer, http_bytes
from tests.support.stepping import SteppedLoop

PAGE = {"workers": [], "meta": {"next_page_url": None}}
ONE_REPLY = http_bytes(orjson.dumps(PAGE | ANSWER), "200 OK", "Connection: close")
"""The server answers once on each connection, so no connection may be used again."""


async def fetch(session):
    """One answer."""
    await session.fetch(worker_query(1))


async def iterate(session):
    """A list."""
    await session.iterate(queries.workers(WORKSPACE)).collect()


async def stream(session):
    """Several at once."""
    async with session.stream(worker_queries(3)) as outcomes:
        async for _ in outcomes:
            pass


async def used(call, base_url):
    """A session's whole life."""
    async with TaskRouterSession(CREDENTIALS, base_url=base_url) as session:
        await call(session)


async def cancelled_at(step, call, base_url):
    """Cancel it at that step; False when it had ended before."""
    loop, came = asyncio.get_running_loop(), []
    victim = asyncio.create_task(used(call, base_url))
    loop.plan(step, lambda: came.append(victim.cancel()))
    await asyncio.wait([victim])
    loop.forget()
    assert victim.cancelled() == (came == [True]), step
    async with asyncio.timeout(20):  # the server holds a line until the client's end is closed
        while asyncio.all_tasks() - {asyncio.current_task()}:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert victim.cancelled() or victim.exception() is None
    return came == [True]


async def cancelled_everywhere(call):
    """Cancel at the first step, at the second, until it ends before; count the times."""
    async with RawServer(ONE_REPLY, hold=True).running() as base_url:
        for step in count(1):
            if not await cancelled_at(step, call, base_url):
                return step - 1
    raise AssertionError


@pytest.mark.parametrize("call", [fetch, iterate, stream])
def test_at_every_step(call):
    """Wherever the cancellation falls, from opening to closing, every connection is closed."""
    troubles = []
    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(lambda _, context: troubles.append(context))
        assert runner.run(cancelled_everywhere(call)) > 10
        gc.collect()
    assert troubles == []
