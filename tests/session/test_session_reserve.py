"""A session that reserves a share of each budget for interactive requests."""

import asyncio

import pytest

from taskrouter_stats.core.throttle import Throttle
from tests.support.fakes import (
    FakeTransport,
    limits,
    number_of,
    session_over,
    statistics,
    trouble,
    worker_queries,
    worker_query,
)
from tests.support.permit_queue import KEY, PermitQueue
from tests.support.virtual import now, settle, virtual

FETCHED = 10_000
"""Number of the first worker that a test fetches beside its stream."""


class TenSecondWindow:
    """A server that admits ``limit`` requests per second on the average of a ten-second window."""

    def __init__(self, limit):
        self.limit = limit
        self.used = {}
        self.refused = 0

    def __call__(self, request):
        """Admit or refuse a request, and state what remains of its window."""
        window = int(now() // 10)
        used = self.used.setdefault(window, [])
        is_admitted = len(used) < 10 * self.limit
        if is_admitted:
            used.append(number_of(request))
        else:
            self.refused += 1
        stated = limits(self.limit, self.limit - len(used) / 10)
        return statistics(request, **stated) if is_admitted else trouble(429, 20429, **stated)

    @property
    def bulk(self):
        """The number of stream's requests in each window."""
        return [sum(number < FETCHED for number in used) for used in self.used.values()]


async def run(reserve):
    """Return a server after a stream with fetches, and the seconds that each fetch waited."""
    server = TenSecondWindow(10)
    transport, waits = FakeTransport(server, latency=0.05), []

    async def fetch_again_and_again(session):
        for number in range(FETCHED, FETCHED + 20):
            await asyncio.sleep(1.7)
            began = asyncio.get_running_loop().time()
            await session.fetch(worker_query(number))
            sent = transport.times[transport.numbers.index(number)]
            waits.append(sent - began)

    async with session_over(transport, reserve=reserve) as session:
        fetches = asyncio.create_task(fetch_again_and_again(session))
        for outcome in await session.collect(worker_queries(500)):
            outcome.unwrap()
        await fetches
    return server, waits


@virtual
async def test_fetches_in_a_saturating_stream_do_not_wait():
    """Each fetch goes at once, the stream keeps to its part, and the server refuses nothing."""
    server, waits = await run(reserve=0.2)
    assert max(waits) <= 0.1
    assert max(server.bulk) <= 80
    assert server.refused == 0


@virtual
async def test_without_a_reserve_fetches_wait_for_the_window():
    """The same stream without a reserve uses a whole window, and fetches wait for the next one."""
    server, waits = await run(reserve=0.0)
    assert max(waits) > 1
    assert max(server.bulk) > 80


@virtual
async def test_a_promoted_request_is_charged_as_interactive():
    """A bulk request that an interactive caller joins uses the reserve, not the bulk part."""
    queue = PermitQueue(reserve=0.5)
    await queue.probe(limit=2, remaining=1)
    await queue.acquire("bulk")
    places = []
    joined = asyncio.create_task(
        queue.pacer.acquire(KEY, interactive=False, on_queued=places.append)
    )
    await settle()
    assert (queue.granted, joined.done()) == ([], False)
    [place] = places
    debt = place.budget.throttle.bulk.pace.debt
    place.promote()
    place.recheck()
    permit = await joined
    assert place.budget.throttle.bulk.pace.debt == pytest.approx(debt)
    permit.abandon()
    await queue.end()


def test_the_throttle_reserves_nothing_by_default():
    """A throttle without a reserve gives bulk requests the whole budget."""
    assert Throttle(0.0).bulk.part == 1.0
