"""The grace period of a stream after its stop signal."""

import asyncio

import pytest

from taskrouter_stats.etl.grace import end_after_grace
from tests.support.fakes import FakeTransport, session_over, worker_queries
from tests.support.virtual import virtual


async def read(stop, latency, count=3):
    """Return the number of outcomes before the block ended, and how long that took."""
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
async def test_requests_in_flight_get_ten_seconds():
    """Requests that still wait ten seconds after the stop signal end without an error."""
    stop, began = asyncio.Event(), asyncio.get_running_loop().time()
    asyncio.get_running_loop().call_later(5.0, stop.set)
    found, ended = await read(stop, latency=1000.0)
    assert (found, ended - began) == (0, 15.0)


@virtual
async def test_the_block_ends_with_its_stream():
    """The block ends when the stream ends, with or without a stop signal."""
    stop, began = asyncio.Event(), asyncio.get_running_loop().time()
    stop.set()
    found, ended = await read(stop, latency=1.0)
    assert found == 3
    assert ended - began < 3.0


@virtual
async def test_without_an_event_the_stream_is_read_to_its_end():
    """A run without a stop event reads its stream to the end."""
    found, _ = await read(None, latency=1.0)
    assert found == 3


@virtual
async def test_other_errors_pass():
    """An error of the block reaches the caller, and no task remains."""

    async def fail():
        async with (
            session_over(FakeTransport()) as session,
            session.stream([]) as outcomes,
            end_after_grace(outcomes, asyncio.Event()),
        ):
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await fail()
