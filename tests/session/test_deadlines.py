"""A caller's deadline ends any call at that moment, whatever the call waits for."""

import asyncio

import pytest

from taskrouter_stats import RetryPolicy, errors, queries
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    session_over,
    statistics,
    trouble,
    worker_queries,
    worker_query,
)
from tests.support.virtual import now, virtual

PATIENT = RetryPolicy(attempts=50, base=60, cap=60, max_elapsed=10_000)
WAITS = {
    "reply": FakeTransport,
    "pause": lambda **_: FakeTransport(lambda _: trouble(429, retry_after=300)),
    "backoff": lambda **_: FakeTransport(lambda _: trouble(503)),
}
"""What a call can wait for, as servers that make it wait."""
CALLS = {
    "fetch": lambda session: session.fetch(worker_query(1)),
    "collect": lambda session: session.collect(worker_queries(5)),
    "stream": lambda session: session.stream(worker_queries(5)).collect(),
    "iterate": lambda session: session.iterate(queries.workers(WORKSPACE)).collect(),
    "main job": lambda session: session.stream_worker_statistics(WORKSPACE).collect(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wait", WAITS)
@virtual
async def test_it_ends_at_the_deadline(call, wait, monkeypatch):
    """With a reply, a pause or a backoff still to wait for, it ends at the very deadline."""
    monkeypatch.setattr("taskrouter_stats.session.executor.random.random", lambda: 1.0)
    async with session_over(WAITS[wait](latency=600), retry=PATIENT) as session:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(7.5):
                await CALLS[call](session)
        assert not isinstance(caught.value, errors.TaskRouterStatsError)
        assert now() == 7.5


@virtual
async def test_closing_under_a_deadline():
    """Closing with requests under way takes no time of its own."""
    async with session_over(FakeTransport(latency=600), max_in_flight=3) as session:
        stream = session.stream(worker_queries(50))
        reading = asyncio.create_task(stream.collect())
        await asyncio.sleep(1)
        async with asyncio.timeout(1):
            await session.aclose()
        with pytest.raises(errors.SessionClosed):
            await reading
        assert now() == 1


@virtual
async def test_max_wait_fails_before_sending():
    """When leave would come too late, nothing is sent, and the error comes at once."""
    refusal = trouble(429, retry_after=300)
    transport = FakeTransport(lambda r: refusal if len(transport.sent) == 1 else statistics(r), 0)
    async with session_over(transport) as session:
        for _ in range(2):
            with pytest.raises(errors.PaceError):
                await session.fetch(worker_query(1), max_wait=10)
        assert len(transport.sent) == 1
        assert now() == 0
