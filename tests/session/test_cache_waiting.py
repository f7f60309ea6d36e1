"""Callers of a shared request that waits for a permit: priority and ``max_wait``."""

import asyncio

import pytest

from taskrouter_stats import RetryPolicy, errors
from tests.support.fakes import FakeTransport, Script, session_over, statistics, trouble
from tests.support.fakes import worker_query as query
from tests.support.virtual import now, settle, virtual

pytestmark = pytest.mark.usefixtures("simple_throttle")


async def start(session, number, **arguments):
    """Start a task that fetches a worker, and let it run as far as it can."""
    task = asyncio.create_task(session.fetch(query(number), **arguments))
    await settle()
    return task


async def start_bulk(session, *numbers):
    """Start bulk fetches, one after the other."""
    return [await start(session, number, priority="bulk") for number in numbers]


class TestPromotion:
    """An interactive caller that joins a bulk request."""

    @virtual
    async def test_a_waiting_bulk_request_is_promoted(self):
        """The shared request goes before the bulk requests that came earlier."""
        transport = FakeTransport(latency=1)
        async with session_over(transport, max_in_flight=1, cache_ttl=0) as session:
            tasks = await start_bulk(session, 1, 2, 3, 4)
            tasks.append(await start(session, 4))
            await asyncio.gather(*tasks)
        assert transport.numbers == [1, 4, 2, 3]

    @virtual
    async def test_promoted_requests_keep_the_order_of_their_promotion(self):
        """A promoted request goes behind the interactive requests that came before."""
        transport = FakeTransport(latency=1)
        async with session_over(transport, max_in_flight=1, cache_ttl=0) as session:
            tasks = await start_bulk(session, 1, 2, 3, 4)
            for number in (9, 4, 3):
                tasks.append(await start(session, number))
            await asyncio.gather(*tasks)
        assert transport.numbers == [1, 9, 4, 3, 2]

    @virtual
    async def test_a_promoted_request_may_use_the_reserved_slot(self):
        """The slot that is kept for interactive requests takes the promoted one at once."""
        transport = FakeTransport(Script(statistics), latency=lambda r: 5)
        async with session_over(transport, max_in_flight=2, cache_ttl=0) as session:
            await session.fetch(query(0))
            tasks = await start_bulk(session, 1, 2, 3)
            assert transport.numbers == [0, 1]
            tasks.append(await start(session, 3))
            assert transport.numbers == [0, 1, 3]
            await asyncio.gather(*tasks)

    @virtual
    async def test_a_bulk_caller_promotes_nothing(self):
        """A bulk caller that joins a bulk request leaves it where it is."""
        transport = FakeTransport(latency=1)
        async with session_over(transport, max_in_flight=1, cache_ttl=0) as session:
            tasks = await start_bulk(session, 1, 2, 3, 3)
            await asyncio.gather(*tasks)
        assert transport.numbers == [1, 2, 3]

    @virtual
    async def test_a_retry_of_a_promoted_request_stays_interactive(self):
        """A request promoted while it was on the wire waits as interactive after a 429."""
        transport = FakeTransport(Script(trouble(429, retry_after=5)), latency=1)
        async with session_over(transport, max_in_flight=1, cache_ttl=0) as session:
            tasks = await start_bulk(session, 1, 2)
            tasks += [await start(session, number) for number in (1, 9)]
            await asyncio.gather(*tasks)
        assert transport.numbers == [1, 1, 9, 2]

    @virtual
    async def test_a_cancelled_promoted_request_leaves_its_queue(self):
        """When the callers of a promoted request are cancelled, the bulk requests go on."""
        transport = FakeTransport(latency=1)
        async with session_over(transport, max_in_flight=1, cache_ttl=0) as session:
            tasks = await start_bulk(session, 1, 2, 3)
            again = await start(session, 3)
            again.cancel()
            tasks.pop().cancel()
            await settle()
            assert [budget.waiting for budget in session.budgets()] == [1]
            await asyncio.gather(*tasks)
        assert transport.numbers == [1, 2]


class TestMaxWait:
    """The ``max_wait`` of one caller among several."""

    @virtual
    async def test_a_wait_that_is_certain_fails_its_caller_at_once(self):
        """A pause that is too long for one caller fails it when it joins, and nobody else."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)), latency=0)
        async with session_over(transport, cache_ttl=0) as session:
            patient = await start(session, 1)
            with pytest.raises(errors.PaceError) as caught:
                await session.fetch(query(1), max_wait=2)
            assert now() == 0
            assert (caught.value.max_wait, caught.value.retry_after) == (2, 30)
            await patient
            assert now() == 30
        assert len(transport.sent) == 2

    @virtual
    async def test_a_pause_fails_the_callers_that_it_is_too_long_for(self):
        """A 429 fails at once each caller whose ``max_wait`` ends before the pause."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)), latency=1)
        async with session_over(transport, cache_ttl=0) as session:
            tasks = [await start(session, 1, max_wait=wait) for wait in (2, 60, None, 29)]
            done, pending = await asyncio.wait(tasks, timeout=1.5)
            assert done == {tasks[0], tasks[3]}
            assert [task.exception().max_wait for task in (tasks[0], tasks[3])] == [2, 29]
            await asyncio.gather(*pending)
        assert len(transport.sent) == 2

    @virtual
    async def test_an_uncertain_wait_ends_at_the_callers_deadline(self):
        """While a reply may end the wait, each caller waits for as long as it allows."""
        transport = FakeTransport(latency=10)
        async with session_over(transport, cache_ttl=0) as session:
            probe = await start(session, 0)
            tasks = [await start(session, 1, max_wait=wait) for wait in (4, 2, 30)]
            await asyncio.sleep(1)
            tasks.append(await start(session, 1, max_wait=2))
            ended = {}
            for index, task in enumerate(tasks):
                task.add_done_callback(lambda _, index=index: ended.setdefault(index, now()))
            await asyncio.wait(tasks)
            assert ended == {1: 2, 3: 3, 0: 4, 2: 20}
            assert tasks[2].result().worker_sid == query(1).sid
            assert [tasks[i].exception().max_wait for i in (0, 1, 3)] == [4, 2, 2]
            await probe

    @virtual
    async def test_waits_of_all_attempts_count(self):
        """The wait of an attempt before the caller joined does not count, and later ones add up."""
        refusals = [trouble(429, retry_after=4)] * 4
        transport = FakeTransport(Script(*refusals), latency=1)
        async with session_over(transport, cache_ttl=0) as session:
            tasks = [await start(session, 1, max_wait=wait) for wait in (9, 100)]
            await asyncio.sleep(9.9)
            tasks += [await start(session, 1, max_wait=wait) for wait in (8, 9)]
            ended = {}
            for index, task in enumerate(tasks):
                task.add_done_callback(lambda _, index=index: ended.setdefault(index, now()))
            await asyncio.wait(tasks)
        # Pauses of 4 s begin at 1, 6, 11 and 16; 8.1 s of them come after 9.9.
        assert ended == {0: 11, 2: 16, 1: 21, 3: 21}
        assert [tasks[i].exception().max_wait for i in (0, 2)] == [9, 8]

    @virtual
    async def test_a_wait_on_the_wire_does_not_count(self):
        """``max_wait`` bounds waits for permits, and no time on the wire."""
        async with session_over(FakeTransport(latency=10), cache_ttl=0) as session:
            tasks = [await start(session, 1, max_wait=1) for _ in range(2)]
            await asyncio.gather(*tasks)
        assert now() == 10

    @virtual
    async def test_the_last_caller_without_patience_ends_the_request(self):
        """When the wait is too long for every caller, the request leaves its queue."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)), latency=0)
        async with session_over(transport, cache_ttl=0) as session:
            tasks = [await start(session, 1, max_wait=wait) for wait in (2, 3)]
            await asyncio.wait(tasks)
            await settle()
            assert [budget.waiting for budget in session.budgets()] == [0]
        assert [task.exception().max_wait for task in tasks] == [2, 3]
        assert len(transport.sent) == 1

    @virtual
    async def test_a_server_that_is_down_counts_as_for_one_caller(self):
        """Before the first probe of a server that is down, the pause counts towards max_wait."""
        lost = [errors.TimedOut(1)] * 3
        transport = FakeTransport(Script(*lost), latency=0)
        policy = RetryPolicy(attempts=1)
        async with session_over(transport, cache_ttl=0, retry=policy) as session:
            for number in range(3):
                with pytest.raises(errors.TimedOut):
                    await session.fetch(query(number))
            tasks = [await start(session, 9, max_wait=wait) for wait in (0.1, 5)]
            assert isinstance(tasks[0].exception(), errors.PaceError)
            await tasks[1]
