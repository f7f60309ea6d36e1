"""A server that does not answer: found out once, looked after, and not hammered."""

import asyncio

import pytest

from taskrouter_stats import RetryPolicy, errors
from taskrouter_stats.core.reply import MAX_BODY_BYTES
from taskrouter_stats.session import executor
from tests.support.fakes import (
    FakeTransport,
    number_of,
    reply,
    session_over,
    statistics,
    trouble,
    worker_queries,
    worker_query,
)
from tests.support.virtual import START, now, settle, virtual

QUERIES = 2_000
LOST = errors.ConnectionFailed("reset")


@pytest.fixture(autouse=True)
def middling_jitter(monkeypatch):
    """Every random number is in the middle, so that each run is the same."""
    monkeypatch.setattr(executor.random, "random", lambda: 0.5)


class Outage:
    """A server that is away from the first request on, until a moment of the test's clock."""

    def __init__(self, until=float("inf"), after=0.0, error=LOST):
        self._until, self._after, self._error = until, after, error

    async def __call__(self, request):
        """Answer, or fail after a while as told."""
        if now() >= self._until:
            return statistics(request)
        await asyncio.sleep(self._after)
        return self._error


@virtual
async def test_a_dead_server_is_found_out_once(simple_throttle):
    """Of 2,000 queries to a server that hangs, one wave meets the timeout, the others none."""
    transport = FakeTransport(latency=0)
    async with session_over(transport, max_in_flight=20) as session:
        assert await session.fetch(worker_query(0))
        transport.answer = Outage(after=30)
        outcomes = await session.collect(worker_queries(QUERIES))
        took, asked = now(), len(transport.sent)
        fetches = (session.fetch(query) for query in worker_queries(9))
        told = await asyncio.gather(*fetches, return_exceptions=True)
    assert len(outcomes) == QUERIES
    assert took <= 3 * 30 + 1, "the first wave, what replaced it, the last probe"
    assert asked <= 1 + 2 * 20 + 2 * (10 + 1), "two waves, and two probes a second of patience"
    assert len(transport.sent) == asked + 1
    [down] = {type(error) for error in told[1:]}
    assert down is errors.ServerDown
    assert told[1].down_for >= 10
    assert 0 < told[1].retry_after <= 0.5
    assert told[1].cause == "reset"


@virtual
async def test_a_server_that_never_answers_is_found_out_at_first():
    """When already the first requests hang, which go one by one, three timeouts are enough."""
    transport = FakeTransport(Outage(after=30, error=errors.TimedOut(30)), latency=0)
    async with session_over(transport) as session:
        outcomes = await session.collect(worker_queries(QUERIES))
    assert {type(outcome.error) for outcome in outcomes} <= {errors.ServerDown, errors.TimedOut}
    assert now() <= 3 * 30 + 2 * 30 + 1, "three timeouts, and two probes, which go one by one too"
    assert len(transport.sent) <= 5


@virtual
async def test_max_wait_holds_while_a_probe_waits_for_leave(simple_throttle):
    """When a 429 keeps the probe back, a fetch that may not wait ends with PaceError in time."""
    transport = FakeTransport(latency=0)
    async with session_over(transport) as session:
        assert await session.fetch(worker_query(0))
        [budget] = session._life.live.courier.pacer._budgets.values()
        budget.throttle._paused_until = asyncio.get_running_loop().time() + 40
        for _ in range(10):
            session._life.live.courier.breaker.record_failure(asyncio.get_running_loop().time())
        await asyncio.sleep(1)
        probe = asyncio.create_task(session.fetch(worker_query(1)))
        await settle()
        for max_wait in (0.1, 3.0):
            began = now()
            with pytest.raises(errors.PaceError):
                await session.fetch(worker_query(2), max_wait=max_wait)
            assert now() - began <= max_wait
        probe.cancel()
        await asyncio.wait([probe])
        await asyncio.sleep(60)
        assert await session.fetch(worker_query(3))


@pytest.mark.parametrize(("until", "after"), [(5, 0), (40, 30)], ids=["refuses", "hangs"])
@virtual
async def test_recovery_within_a_second_of_the_server_s(simple_throttle, until, after):
    """A stream loses nothing and goes on within a second, though old probes hang."""
    transport = FakeTransport(latency=0.1)
    async with session_over(transport, retry=RetryPolicy(cap=60)) as session:
        assert await session.fetch(worker_query(0))
        transport.answer = Outage(until, after)
        outcomes = await session.collect(worker_queries(200))
    assert [outcome for outcome in outcomes if not outcome.unwrap()] == []
    sent = [at - START - until for at in transport.times]
    assert len([at for at in sent if 0 < at <= 1]) > 100


@virtual
async def test_a_fetch_sits_a_restart_out(simple_throttle):
    """When all connections drop at once, fetches wait for the next look and then succeed."""
    transport = FakeTransport(Outage(until=0.3), latency=0.01)
    async with session_over(transport) as session:
        fetched = await asyncio.gather(*(session.fetch(q) for q in worker_queries(30)))
    assert len(fetched) == 30
    assert now() < 1.5


@pytest.mark.parametrize("failure", [LOST, trouble(503)], ids=["no reply", "503"])
@virtual
async def test_no_storm_when_everything_fails(simple_throttle, failure):
    """With every answer a failure, 2,000 queries cost at most 1.2 sends each."""
    transport = FakeTransport(lambda r: failure, latency=0.01)
    queries = worker_queries(QUERIES)
    async with session_over(transport) as session:
        failed = [await raised(session, query) for query in queries]
    assert len(failed) == QUERIES
    assert len(transport.sent) <= 1.2 * QUERIES


async def raised(session, query):
    """The error of a fetch."""
    with pytest.raises(errors.TaskRouterStatsError) as caught:
        await session.fetch(query)
    return caught.value


@virtual
async def test_a_bad_worker_opens_nothing(simple_throttle):
    """One worker whose every answer is a 500 leaves the others alone, however often asked."""
    transport = FakeTransport(lambda r: statistics(r) if number_of(r) else trouble(500))
    async with session_over(transport) as session:
        for _ in range(30):
            assert isinstance(await raised(session, worker_query(0)), errors.ServerError)
        assert await session.fetch(worker_query(1))


@virtual
async def test_bodies_that_are_too_large_are_replies(simple_throttle):
    """A server whose bodies are too large lives: each is a PayloadError, and none is repeated."""
    transport = FakeTransport(lambda r: reply(200, bytes(MAX_BODY_BYTES + 1)))
    async with session_over(transport) as session:
        for _ in range(12):
            assert isinstance(await raised(session, worker_query(0)), errors.PayloadError)
    assert len(transport.sent) == 12


@virtual
async def test_a_probe_that_is_cancelled(simple_throttle):
    """A cancelled probe neither closes the breaker nor keeps the next probe away."""
    transport = FakeTransport()
    async with session_over(transport) as session:
        assert await session.fetch(worker_query(0))
        transport.answer = Outage(until=3)
        await asyncio.gather(
            *(session.fetch(query) for query in worker_queries(10)), return_exceptions=True
        )
        assert now() < 2
        probe = asyncio.create_task(session.fetch(worker_query(1)))
        await settle()
        probe.cancel()
        assert isinstance(await raised(session, worker_query(1)), errors.ServerDown)
        await asyncio.sleep(2)
        assert await session.fetch(worker_query(1))
