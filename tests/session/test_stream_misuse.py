"""Wrong uses of a stream and their errors."""

import asyncio

import pytest

from taskrouter_stats import errors, queries
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    number_of,
    session_over,
    worker_queries,
    worker_query,
)
from tests.support.virtual import settle, virtual


@virtual
async def test_unentered():
    """Reading a stream that was not entered raises an error that says how to enter it."""
    async with session_over(FakeTransport()) as session:
        stream = session.stream(worker_queries(1))
        with pytest.raises(errors.SessionMisuse, match="async with"):
            aiter(stream)
        with pytest.raises(errors.SessionMisuse, match="async with"):
            await anext(stream)


@virtual
async def test_used_twice():
    """A second entry and a second reading loop raise SessionMisuse."""
    async with session_over(FakeTransport()) as session:
        stream = session.stream(worker_queries(1))
        async with stream:
            aiter(stream)
            with pytest.raises(errors.SessionMisuse, match="already being read"):
                aiter(stream)
        with pytest.raises(errors.SessionMisuse, match="already entered"):
            await stream.collect()


@virtual
async def test_two_readers_at_once():
    """A second task that waits for an outcome raises SessionMisuse; the first gets its outcome."""
    async with (
        session_over(FakeTransport(latency=5)) as session,
        session.stream([worker_query(1)]) as outcomes,
    ):
        first = asyncio.create_task(anext(outcomes))
        await settle()
        with pytest.raises(errors.SessionMisuse, match="another task"):
            await anext(outcomes)
        assert number_of(await first) == 1


@virtual
async def test_a_source_that_closes_its_stream():
    """A source that closes its own stream ends it with an error that says what to do."""

    async def source():
        yield worker_query(1)
        await stream.aclose()

    transport = FakeTransport()
    async with session_over(transport) as session:
        stream = session.stream(source())
        with pytest.raises(errors.SessionMisuse, match="end the source instead"):
            await stream.collect()
    assert transport.numbers == [1]


@virtual
async def test_a_source_of_the_wrong_kind():
    """A query, a listing or a number in place of queries raises UsageError at once."""
    async with session_over(FakeTransport()) as session:
        for wrong in (worker_query(1), queries.workers(WORKSPACE), 7, None):
            with pytest.raises(errors.UsageError, match=r"session\.fetch\(\)"):
                session.stream(wrong)
            with pytest.raises(errors.UsageError, match=r"session\.fetch\(\)"):
                await session.collect(wrong)
