"""The cache: equal queries share one request, and for a while its value."""

import asyncio

import pytest

from taskrouter_stats import TaskRouterSession, errors
from tests.support.fakes import (
    CREDENTIALS,
    FakeTransport,
    Script,
    session_over,
    trouble,
    worker_query,
)
from tests.support.virtual import now, settle, virtual

QUERY = worker_query(1)


def starts(session, count, **arguments):
    """Start tasks that fetch the same query."""
    return [asyncio.create_task(session.fetch(QUERY, **arguments)) for _ in range(count)]


async def ends(*tasks):
    """Return the result or error of each task."""
    return await asyncio.gather(*tasks, return_exceptions=True)


class TestSharing:
    """Equal queries in flight."""

    @virtual
    async def test_equal_queries_in_flight_share_one_request(self):
        """A hundred equal fetches at once cost one request and get one value."""
        transport = FakeTransport()
        async with session_over(transport, cache_ttl=0) as session:
            values = await asyncio.gather(*starts(session, 100))
        assert len(transport.sent) == 1
        assert all(value is values[0] for value in values)

    @virtual
    async def test_without_a_ttl_nothing_is_shared(self):
        """By default each fetch asks the server; so does a call with None."""
        plain, cached = FakeTransport(), FakeTransport()
        async with session_over(plain) as session:
            await asyncio.gather(*starts(session, 3))
        async with session_over(cached, cache_ttl=9) as session:
            await asyncio.gather(*starts(session, 3, cache_ttl=None))
        assert len(plain.sent) == len(cached.sent) == 3

    @virtual
    async def test_a_call_may_set_the_ttl(self):
        """A ttl of the call works in a session without one."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            await session.fetch(QUERY, cache_ttl=5)
            await session.fetch(QUERY, cache_ttl=5)
            assert len(transport.sent) == 1
            await session.fetch(QUERY)
            assert len(transport.sent) == 2

    @virtual
    async def test_each_caller_gets_its_own_query(self):
        """An outcome's query is the caller's, since its context is no part of equality."""
        async with session_over(FakeTransport(), cache_ttl=5) as session:
            first, second = worker_query(1), worker_query(1)
            found = await asyncio.gather(*map(session.fetch_with_meta, (first, second)))
            again = await session.fetch_with_meta(second)
        assert found[0].query is first
        assert found[1].query is again.query is second

    @virtual
    async def test_a_cancelled_first_caller_cancels_nobody(self):
        """The caller that started the request is cancelled, and the others get the value."""
        transport = FakeTransport()
        async with session_over(transport, cache_ttl=0) as session:
            first, *others = starts(session, 3)
            await settle()
            first.cancel()
            results = await ends(first, *others)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1].worker_sid == results[2].worker_sid == QUERY.sid
        assert len(transport.sent) == 1

    @virtual
    async def test_the_last_cancelled_caller_cancels_the_request(self):
        """When every caller is cancelled, so is the request, at once."""
        transport = FakeTransport(latency=60)
        async with session_over(transport, cache_ttl=0) as session:
            tasks = starts(session, 3)
            await settle()
            assert transport.in_flight == 1
            for task in tasks:
                task.cancel()
            await ends(*tasks)
            await settle()
            assert transport.in_flight == now() == 0

    @virtual
    async def test_a_caller_after_the_last_one_starts_anew(self):
        """A caller in the same step as the last cancellation does not join a dying request."""
        transport = FakeTransport()
        async with session_over(transport, cache_ttl=0) as session:
            [task] = starts(session, 1)
            await settle()
            task.cancel()
            [after] = starts(session, 1)
            cancelled, value = await ends(task, after)
        assert isinstance(cancelled, asyncio.CancelledError)
        assert value.worker_sid == QUERY.sid
        assert len(transport.sent) == 2

    @virtual
    async def test_a_deadline_is_its_callers(self):
        """A caller's timeout ends its own wait."""
        transport = FakeTransport(latency=2)
        async with session_over(transport, cache_ttl=0) as session:
            [patient] = starts(session, 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await session.fetch(QUERY)
            assert now() == 1
            await patient
        assert len(transport.sent) == 1

    @virtual
    async def test_closing_the_session_ends_every_caller(self):
        """Callers of a shared request get SessionClosed when the session closes."""
        async with session_over(FakeTransport(latency=60), cache_ttl=0) as session:
            tasks = starts(session, 3)
            await settle()
            await session.aclose()
            results = await ends(*tasks)
        assert {type(result) for result in results} == {errors.SessionClosed}
        assert len({id(result) for result in results}) == 3

    @virtual
    async def test_a_closed_session_answers_nothing(self):
        """A closed session raises even if it has a fresh value."""
        async with session_over(FakeTransport(), cache_ttl=60) as session:
            await session.fetch(QUERY)
            await session.aclose()
            with pytest.raises(errors.SessionClosed):
                await session.fetch(QUERY)


class TestErrors:
    """Requests that fail."""

    @virtual
    async def test_each_caller_gets_its_own_copy(self):
        """The callers' errors are equal in all they say, and no two are one object."""
        async with session_over(FakeTransport(Script(trouble(404, 20404))), cache_ttl=5) as session:
            results = await ends(*starts(session, 3))
        assert {type(result) for result in results} == {errors.NotFound}
        assert len({id(result) for result in results}) == 3
        assert len({id(result.headers) for result in results}) == 3
        assert len({(str(result), result.hint, result.code) for result in results}) == 1

    @virtual
    async def test_errors_are_not_cached(self):
        """The next fetch after an error asks the server."""
        transport = FakeTransport(Script(trouble(404, 20404)))
        async with session_over(transport, cache_ttl=60) as session:
            with pytest.raises(errors.NotFound):
                await session.fetch(QUERY)
            assert (await session.fetch(QUERY)).worker_sid == QUERY.sid
        assert len(transport.sent) == 2

    @virtual
    async def test_an_error_that_nobody_reads_is_not_reported(self):
        """A caller that is cancelled in the step of the error leaves no unretrieved error."""
        transport = FakeTransport(Script(trouble(404, 20404)), latency=1)
        async with session_over(transport, cache_ttl=0) as session:
            tasks = starts(session, 2)
            shared = await waiting_request(session)
            shared.add_done_callback(lambda _: [task.cancel() for task in tasks])
            results = await ends(*tasks)
        assert {type(result) for result in results} == {asyncio.CancelledError}

    @virtual
    async def test_a_foreign_error_without_copies_is_shared(self):
        """An unexpected exception that can't be copied reaches every caller as it is."""

        class OddError(Exception):
            def __reduce__(self):
                raise TypeError

        odd = OddError()
        async with session_over(FakeTransport(Script(odd)), cache_ttl=0) as session:
            assert await ends(*starts(session, 2)) == [odd, odd]


async def waiting_request(session):
    """Return the task of the one shared request."""
    await settle()
    [request] = session._cache._requests.values()
    return request.task


@pytest.mark.parametrize("ttl", [-1, "5", True, float("nan"), float("inf"), object()])
def test_an_invalid_ttl_of_the_session_is_refused(ttl):
    """A ttl is a number of seconds or a policy."""
    with pytest.raises(errors.InvalidParameter, match="cache_ttl"):
        TaskRouterSession(CREDENTIALS, cache_ttl=ttl)


@virtual
async def test_an_invalid_ttl_of_a_call_is_refused():
    """A call's ttl is checked as the session's is, before anything is sent."""
    transport = FakeTransport()
    async with session_over(transport) as session:
        with pytest.raises(errors.InvalidParameter, match="cache_ttl"):
            await session.fetch(QUERY, cache_ttl=-1)
    assert transport.sent == []
