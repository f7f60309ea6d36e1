"""The start of a run over a whole workspace."""

import asyncio

from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    number_of,
    pages,
    session_over,
    statistics,
    worker_sid,
)
from tests.support.virtual import virtual

LATENCY = 1.0
LISTED = [worker_sid(number) for number in range(40)]


def server(page_size):
    """Return a server with pages of workers, and statistics."""
    page = pages(LISTED, page_size)
    return lambda request: page(request) if number_of(request) is None else statistics(request)


@virtual
async def test_the_first_outcome_comes_after_two_round_trips():
    """The first outcome waits only for a page of workers and one worker's statistics."""
    transport, loop = FakeTransport(server(10), latency=LATENCY), asyncio.get_running_loop()
    async with session_over(transport) as session:
        began = loop.time()
        async with session.stream_worker_statistics(WORKSPACE) as outcomes:
            await anext(aiter(outcomes))
            assert loop.time() - began == 2 * LATENCY


@virtual
async def test_statistics_are_fetched_while_the_list_is_read():
    """The first page's workers are queried before the last page comes."""
    transport = FakeTransport(server(10), latency=LATENCY)
    async with (
        session_over(transport) as session,
        session.stream_worker_statistics(WORKSPACE) as outcomes,
    ):
        assert len([outcome async for outcome in outcomes]) == len(LISTED)
    requested = transport.numbers
    last_page = max(place for place, number in enumerate(requested) if number is None)
    assert any(number is not None for number in requested[:last_page])
