"""Ending a stream some time after it was told to stop."""

import asyncio

import pytest

from taskrouter_stats.etl.grace import end_after_grace
from tests.support.fakes import FakeTransport, session_over, worker_queries
from tests.support.virtual import virtual


async def read(stop, latency, count=3):
    """How many outcomes came before the block ended, and how long that took."""
    loop, found = asyncio.get_running_loop(), 0
    async with (
        session_over(FakeTransport(latency=latency), timeout=1e4) as session,
        session.stream(worker_queries(count)) as outcomes,
    ):
        async with end_after_grace(outcomes, stop):
            async for _ in outcomes:
                found += 1
        return found, loop.time()


@virtual
async def test_requests_under_way_get_ten_seconds():
    """Ten seconds after the word to stop, requests that still wait are ended, without an error."""
    stop, began = asyncio.Event(), asyncio.get_running_loop().time()
    asyncio.get_running_loop().call_later(5.0, stop.set)
    found, ended = await read(stop, latency=1000.0)
    assert (found, ended - began) == (0, 15.0)


@virtual
async def test_a_stream_that_ends_by_itself_is_not_waited_for():
    """When the stream comes to its end, so does the block, told to stop or not."""
    stop, began = asyncio.Event(), asyncio.get_running_loop().time()
    stop.set()
    found, ended = await read(stop, latency=1.0)
    assert found == 3
    assert ended - began < 3.0


@virtual
async def test_without_an_event_nothing_is_watched():
    """A run that can't be stopped reads its stream to the end."""
    found, _ = await read(None, latency=1.0)
    assert found == 3


@virtual
async def test_other_errors_pass():
    """What the block raises is the caller's, and nothing is left behind."""

    async def fail():
        async with (
            session_over(FakeTransport()) as session,
            session.stream([]) as outcomes,
            end_after_grace(outcomes, asyncio.Event()),
        ):
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await fail()
