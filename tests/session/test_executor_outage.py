"""A server that does not answer: the circuit breaker limits the requests sent to it."""

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
    """Make every random number 0.5, so that all runs are equal."""
    monkeypatch.setattr(executor.random, "random", lambda: 0.5)


class Outage:
    """A server that is down from the first request until a time of the test's clock."""

    def __init__(self, until=float("inf"), after=0.0, error=LOST):
        self._until, self._after, self._error = until, after, error

    async def __call__(self, request):
        """Answer, or fail as configured after a delay."""
        if now() >= self._until:
            return statistics(request)
        await asyncio.sleep(self._after)
        return self._error


@virtual
async def test_few_queries_meet_the_timeout_of_a_dead_server(simple_throttle):
    """Of 2,000 queries to a server that hangs, only the first wave meets the timeout."""
    transport = FakeTransport(latency=0)
    async with session_over(transport, max_in_flight=20) as session:
        assert await session.fetch(worker_query(0))
        transport.answer = Outage(after=30)
        outcomes = await session.collect(worker_queries(QUERIES))
        took, sent = now(), len(transport.sent)
        fetches = (session.fetch(query) for query in worker_queries(9))
        failures = await asyncio.gather(*fetches, return_exceptions=True)
    assert len(outcomes) == QUERIES
    assert took <= 3 * 30 + 1, "the first wave, what replaced it, the last probe"
    assert sent <= 1 + 2 * 20 + 2 * (10 + 1), "two waves, and two probes a second of patience"
    assert len(transport.sent) == sent + 1
    [down] = {type(error) for error in failures[1:]}
    assert down is errors.ServerDown
    assert failures[1].down_for >= 10
    assert 0 < failures[1].retry_after <= 0.5
    assert failures[1].cause == "reset"


@virtual
async def test_three_timeouts_open_the_circuit_at_the_start():
    """If the first requests, sent one by one, hang, three timeouts open the circuit."""
    transport = FakeTransport(Outage(after=30, error=errors.TimedOut(30)), latency=0)
    async with session_over(transport) as session:
        outcomes = await session.collect(worker_queries(QUERIES))
    assert {type(outcome.error) for outcome in outcomes} <= {errors.ServerDown, errors.TimedOut}
    assert now() <= 3 * 30 + 2 * 30 + 1, "three timeouts, and two probes, which go one by one too"
    assert len(transport.sent) <= 5


@virtual
async def test_max_wait_holds_while_a_probe_waits_for_a_permit(simple_throttle):
    """If a 429 delays the probe, a fetch with max_wait=0 ends with PaceError on time."""
    transport = FakeTransport(latency=0)
    async with session_over(transport) as session:
        assert await session.fetch(worker_query(0))
        [budget] = session._lifecycle.opened.executor.pacer._budgets.values()
        budget.throttle._paused_until = asyncio.get_running_loop().time() + 40
        for _ in range(10):
            session._lifecycle.opened.executor.breaker.record_failure(
                asyncio.get_running_loop().time()
            )
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
    """A stream loses nothing and continues within a second of recovery, though old probes hang."""
    transport = FakeTransport(latency=0.1)
    async with session_over(transport, retry=RetryPolicy(cap=60)) as session:
        assert await session.fetch(worker_query(0))
        transport.answer = Outage(until, after)
        outcomes = await session.collect(worker_queries(200))
    assert [outcome for outcome in outcomes if not outcome.unwrap()] == []
    sent = [at - START - until for at in transport.times]
    assert len([at for at in sent if 0 < at <= 1]) > 100


@virtual
async def test_a_fetch_survives_a_restart(simple_throttle):
    """If all connections drop at once, fetches wait for the next probe and then succeed."""
    transport = FakeTransport(Outage(until=0.3), latency=0.01)
    async with session_over(transport) as session:
        fetched = await asyncio.gather(*(session.fetch(q) for q in worker_queries(30)))
    assert len(fetched) == 30
    assert now() < 1.5


@pytest.mark.parametrize("failure", [LOST, trouble(503)], ids=["no reply", "503"])
@virtual
async def test_no_storm_when_everything_fails(simple_throttle, failure):
    """If every reply is an error, 2,000 queries cost at most 1.2 sends each."""
    transport = FakeTransport(lambda r: failure, latency=0.01)
    queries = worker_queries(QUERIES)
    async with session_over(transport) as session:
        failed = [await raised(session, query) for query in queries]
    assert len(failed) == QUERIES
    assert len(transport.sent) <= 1.2 * QUERIES


async def raised(session, query):
    """Return the error of a fetch."""
    with pytest.raises(errors.TaskRouterStatsError) as caught:
        await session.fetch(query)
    return caught.value


@virtual
async def test_a_failing_worker_does_not_open_the_circuit(simple_throttle):
    """A worker whose every reply is a 500 does not affect other workers."""
    transport = FakeTransport(lambda r: statistics(r) if number_of(r) else trouble(500))
    async with session_over(transport) as session:
        for _ in range(30):
            assert isinstance(await raised(session, worker_query(0)), errors.ServerError)
        assert await session.fetch(worker_query(1))


@virtual
async def test_bodies_that_are_too_large_are_replies(simple_throttle):
    """Bodies that are too large are PayloadErrors, not retried, and do not open the circuit."""
    transport = FakeTransport(lambda r: reply(200, bytes(MAX_BODY_BYTES + 1)))
    async with session_over(transport) as session:
        for _ in range(12):
            assert isinstance(await raised(session, worker_query(0)), errors.PayloadError)
    assert len(transport.sent) == 12


@virtual
async def test_a_probe_that_is_cancelled(simple_throttle):
    """A cancelled probe neither closes the circuit nor delays the next probe."""
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
