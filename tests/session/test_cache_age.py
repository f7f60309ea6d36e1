"""The cache: how long a value answers, and how it is replaced."""

import asyncio

import pytest

from taskrouter_stats import CachePolicy, Window, queries
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    Script,
    reply,
    session_over,
    statistics,
    trouble,
    worker_query,
    worker_sid,
)
from tests.support.virtual import now, settle, virtual

QUERY = worker_query(1)


class TestAge:
    """Values that answer later queries."""

    @virtual
    async def test_a_value_is_fresh_for_its_ttl(self):
        """A value answers until its age reaches the ttl, counted from its reply."""
        transport = FakeTransport(latency=2)
        async with session_over(transport, cache_ttl=5) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(4.999)
            assert (await session.fetch_with_meta(QUERY)).meta.age == pytest.approx(4.999)
            assert len(transport.sent) == 1
            await asyncio.sleep(0.001)
            assert (await session.fetch_with_meta(QUERY)).meta.age == 0
        assert len(transport.sent) == 2

    @virtual
    async def test_the_readers_ttl_counts(self):
        """A reader that asks for a younger value than the cache has gets a new one."""
        transport = FakeTransport()
        async with session_over(transport, cache_ttl=60) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(5)
            await session.fetch(QUERY, cache_ttl=6)
            assert len(transport.sent) == 1
            await session.fetch(QUERY, cache_ttl=4)
        assert len(transport.sent) == 2

    @virtual
    async def test_each_kind_has_its_ttl(self):
        """Statistics of now are older sooner than sums over a window."""
        transport = FakeTransport(Script(then=everything))
        kinds = [
            queries.worker_statistics(WORKSPACE, worker_sid(1)),
            queries.workspace_cumulative_statistics(WORKSPACE),
            queries.workspace_real_time_statistics(WORKSPACE),
            queries.workspace_statistics(WORKSPACE),
            queries.workspace(WORKSPACE),
        ]
        async with session_over(transport, cache_ttl=CachePolicy(5, 30)) as session:
            for after, requests in ((0, 5), (4, 0), (2, 3), (23, 3), (2, 2)):
                await asyncio.sleep(after)
                transport.sent.clear()
                for query in kinds:
                    await session.fetch(query)
                assert len(transport.sent) == requests

    @virtual
    async def test_windows_relative_to_now_are_equal_by_their_length(self):
        """The last 15 minutes are one question, and fixed times another."""
        transport = FakeTransport()
        async with session_over(transport, cache_ttl=60) as session:
            await session.fetch(worker_query(1, Window.last(minutes=15)))
            await asyncio.sleep(30)
            await session.fetch(worker_query(1, Window.last(minutes=15)))
            assert len(transport.sent) == 1
            await session.fetch(worker_query(1, Window.last(minutes=16)))
        assert len(transport.sent) == 2

    @virtual
    async def test_entries_are_bounded(self):
        """Beyond max_entries the oldest value goes first."""
        transport = FakeTransport()
        policy = CachePolicy(cumulative=60, max_entries=3)
        async with session_over(transport, cache_ttl=policy) as session:
            for number in (1, 2, 3, 4):
                await session.fetch(worker_query(number))
            await session.fetch(worker_query(2))
            assert len(transport.sent) == 4
            await session.fetch(worker_query(1))
        assert transport.numbers == [1, 2, 3, 4, 1]

    @virtual
    async def test_values_that_are_too_old_are_dropped(self):
        """A new value drops the values that nobody will want any more."""
        async with session_over(FakeTransport(), cache_ttl=5) as session:
            for number in range(20):
                await session.fetch(worker_query(number))
                await asyncio.sleep(1)
            assert len(session._cache._entries) <= 5

    @virtual
    async def test_a_value_is_kept_for_the_callers_with_the_longest_ttl(self):
        """A value of a shared request lives as long as the most patient of its callers wants."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            await asyncio.gather(*(session.fetch(QUERY, cache_ttl=ttl) for ttl in (60, 1)))
            await asyncio.sleep(30)
            await session.fetch(worker_query(2), cache_ttl=1)
            await session.fetch(QUERY, cache_ttl=60)
        assert transport.numbers == [1, 2]

    @virtual
    async def test_a_stream_asks_the_server(self):
        """A stream reads no cached value and stores none."""
        transport = FakeTransport()
        async with session_over(transport, cache_ttl=60) as session:
            await session.collect([QUERY])
            await session.fetch(QUERY)
            await session.collect([QUERY])
        assert len(transport.sent) == 3


def everything(request):
    """Answer any of the operations that the test of kinds uses."""
    if "Worker" in request.target:
        return statistics(request)
    part = {"workspace_sid": WORKSPACE, "reservations_created": 1, "total_tasks": 1}
    both = {"realtime": part, "cumulative": part}
    return reply(200, {**part, **both, "sid": WORKSPACE})


class TestStale:
    """Values that are returned while a request replaces them."""

    @virtual
    async def test_a_stale_value_comes_at_once_and_is_replaced(self):
        """Within ``stale`` callers wait for nothing, and one request replaces the value."""
        transport = FakeTransport(latency=1)
        policy = CachePolicy(cumulative=5, stale=10)
        async with session_over(transport, cache_ttl=policy) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(8)
            began = now()
            found = [await session.fetch_with_meta(QUERY) for _ in range(3)]
            assert now() == began
            assert [success.meta.age for success in found] == [8, 8, 8]
            await asyncio.sleep(2)
            assert (await session.fetch_with_meta(QUERY)).meta.age == 1
        assert len(transport.sent) == 2

    @virtual
    async def test_a_value_beyond_stale_is_not_returned(self):
        """After ttl and stale a caller waits for a new value."""
        transport = FakeTransport()
        policy = CachePolicy(cumulative=5, stale=10)
        async with session_over(transport, cache_ttl=policy) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(15)
            assert (await session.fetch_with_meta(QUERY)).meta.age == 0

    @virtual
    async def test_a_failed_replacement_leaves_the_stale_value(self):
        """The background's error reaches nobody, and the next caller starts another request."""
        transport = FakeTransport(Script(statistics, trouble(404, 20404)))
        policy = CachePolicy(cumulative=5, stale=10)
        async with session_over(transport, cache_ttl=policy) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(6)
            for ages in (6, 7):
                assert (await session.fetch_with_meta(QUERY)).meta.age == pytest.approx(ages)
                await asyncio.sleep(1)
            assert (await session.fetch_with_meta(QUERY)).meta.age < 1
        assert len(transport.sent) == 3

    @virtual
    async def test_a_replacement_in_the_background_needs_no_caller(self):
        """A caller that joins a replacement and is cancelled does not cancel it."""
        transport = FakeTransport(latency=3)
        policy = CachePolicy(cumulative=5, stale=10)
        async with session_over(transport, cache_ttl=policy) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(6)
            await session.fetch(QUERY)
            impatient = asyncio.create_task(session.fetch(QUERY, cache_ttl=1))
            await settle()
            impatient.cancel()
            await asyncio.wait([impatient])
            await asyncio.sleep(4)
            assert (await session.fetch_with_meta(QUERY)).meta.age == pytest.approx(1)

    @virtual
    async def test_closing_the_session_ends_a_replacement(self):
        """A request in the background does not outlive its session."""
        policy = CachePolicy(cumulative=5, stale=10)
        transport = FakeTransport(latency=1)
        async with session_over(transport, cache_ttl=policy) as session:
            await session.fetch(QUERY)
            await asyncio.sleep(6)
            await session.fetch(QUERY)
            await settle()
            assert transport.in_flight == 1
        assert transport.in_flight == 0
