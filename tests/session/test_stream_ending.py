"""How a stream ends: end of the source, a repeated error, leaving, cancellation."""

import asyncio
import gc

import pytest

from taskrouter_stats import Failure, errors
from tests.support.fakes import (
    FakeTransport,
    Script,
    number_of,
    session_over,
    statistics,
    trouble,
    worker_queries,
    worker_query,
)
from tests.support.virtual import now, settle, virtual


async def read(outcomes):
    """Return the workers whose outcomes came, and the error that ended the stream, or None."""
    found = []
    try:
        async for outcome in outcomes:
            found.append(number_of(outcome))  # noqa: PERF401 (what came before an error counts)
    except Exception as error:  # noqa: BLE001
        return found, error
    return found, None


class Source:
    """A source, sync or async, that ends with an error or never, and records its closing."""

    def __init__(self, many, error=None):
        self._many, self._error = many, error
        self.closed = 0

    def sync(self):
        """Yield the queries as a generator."""
        try:
            yield from map(worker_query, range(self._many))
            if self._error is not None:
                raise self._error
        finally:
            self.closed += 1

    async def later(self):
        """Yield the queries as an async generator."""
        try:
            for query in map(worker_query, range(self._many)):
                await asyncio.sleep(0.001)
                yield query
            if self._error is not None:
                raise self._error
        finally:
            await asyncio.sleep(0.5)
            self.closed += 1


class TestSourceFails:
    """Sources that fail."""

    @pytest.mark.parametrize("ordered", [False, True])
    @pytest.mark.parametrize("kind", ["sync", "later"])
    @virtual
    async def test_delivered_then_raised(self, kind, ordered):
        """All queries before the error have outcomes; then the source's own error is raised."""
        error = ZeroDivisionError("mine")
        source = Source(25, error)
        async with (
            session_over(FakeTransport(latency=1), max_in_flight=4) as session,
            session.stream(getattr(source, kind)(), ordered=ordered) as outcomes,
        ):
            found, raised = await read(outcomes)
            assert outcomes.progress.total is None
        assert sorted(found) == list(range(25))
        assert raised is error
        assert source.closed == 1

    @virtual
    async def test_collect_raises(self):
        """``collect`` raises the source's error."""
        async with session_over(FakeTransport()) as session:
            with pytest.raises(ZeroDivisionError):
                await session.collect(Source(5, ZeroDivisionError()).sync())

    @virtual
    async def test_a_cancelled_source_is_not_an_end(self):
        """After a cancellation in the source the stream does not end as if complete."""
        async with session_over(FakeTransport()) as session:
            found, raised = [], None
            async with session.stream(Source(5, asyncio.CancelledError()).later()) as outcomes:
                found, raised = await read(outcomes)
        assert found == [] or max(found) < 5
        assert isinstance(raised, errors.SessionMisuse)

    @virtual
    async def test_a_cancelled_worker_is_not_an_end(self):
        """If other code cancels a stream's tasks, the stream does not end as if complete."""
        async with (
            session_over(FakeTransport(latency=5)) as session,
            session.stream(worker_queries(5)) as outcomes,
        ):
            await settle()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            found, raised = await read(outcomes)
        assert found == []
        assert isinstance(raised, errors.SessionMisuse)

    @pytest.mark.parametrize("wrong", [None, "WK1", 7, ("a", "b")])
    @virtual
    async def test_an_item_that_is_not_a_query(self, wrong):
        """An item that is not a query ends the stream with an error that names the right call."""
        async with (
            session_over(FakeTransport()) as session,
            session.stream([*worker_queries(3), wrong]) as outcomes,
        ):
            found, raised = await read(outcomes)
        assert sorted(found) == [0, 1, 2]
        assert isinstance(raised, errors.UsageError)
        assert "queries" in str(raised)


class TestErrorsThatRepeat:
    """Errors that every query would repeat."""

    @virtual
    async def test_401(self):
        """A 401 ends the run with that error, even after successes."""
        transport = FakeTransport(lambda r: trouble(401) if number_of(r) == 7 else statistics(r))
        async with (
            session_over(transport, max_in_flight=2) as session,
            session.stream(worker_queries(500)) as outcomes,
        ):
            found, raised = await read(outcomes)
        assert sorted(found) == list(range(7))
        assert isinstance(raised, errors.Unauthorized)
        assert len(transport.sent) < 20

    @virtual
    async def test_403_before_any_success(self):
        """A 403 before any success ends the run with that error."""
        transport = FakeTransport(lambda _: trouble(403))
        async with session_over(transport) as session:
            with pytest.raises(errors.Forbidden):
                await session.collect(worker_queries(500))
        assert len(transport.sent) == 1

    @virtual
    async def test_403_after_a_success(self):
        """A 403 for one worker after a success is that worker's Failure."""
        transport = FakeTransport(
            lambda r: trouble(403) if number_of(r) % 9 == 5 else statistics(r)
        )
        async with session_over(transport, max_in_flight=2) as session:
            outcomes = await session.collect(worker_queries(50))
        failed = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Failure)]
        assert failed == [5, 14, 23, 32, 41]

    @virtual
    async def test_twenty_alike(self):
        """If the first 20 workers all fail with the same error, the run ends with it."""
        transport = FakeTransport(lambda _: trouble(400, 20001))
        async with (
            session_over(transport, max_in_flight=5) as session,
            session.stream(worker_queries(500)) as outcomes,
        ):
            found, raised = await read(outcomes)
        assert (len(found), len(set(found))) == (19, 19)
        assert isinstance(raised, errors.BadRequest)
        assert len(transport.sent) < 40

    @virtual
    async def test_one_success_among_them(self):
        """If one of the first workers succeeds, the others' failures do not end the run."""
        transport = FakeTransport(lambda r: statistics(r) if number_of(r) == 3 else trouble(404))
        async with session_over(transport) as session:
            outcomes = await session.collect(worker_queries(100))
        assert sum(isinstance(outcome, Failure) for outcome in outcomes) == 99

    @pytest.mark.parametrize("ordered", [False, True])
    @virtual
    async def test_requests_in_flight_are_cancelled(self, ordered):
        """An error that ends the run cancels the requests in flight."""
        script = Script(statistics, then=lambda r: trouble(401) if number_of(r) == 3 else None)
        transport = FakeTransport(script, latency=lambda r: 1 if number_of(r) in (0, 3) else 900)
        async with (
            session_over(transport) as session,
            session.stream(worker_queries(50), ordered=ordered) as outcomes,
        ):
            found, raised = await read(outcomes)
            assert (found, type(raised)) == ([0], errors.Unauthorized)
            assert now() < 10


class TestLeaving:
    """Streams that are left leave nothing behind."""

    @pytest.mark.parametrize("kind", ["sync", "later"])
    @pytest.mark.parametrize("after", [0, 1, 17])
    @virtual
    async def test_leaving_early(self, kind, after):
        """Leaving the loop early ends every task and request and closes the source."""
        source, transport = Source(10_000), FakeTransport(latency=3)
        async with session_over(transport, max_in_flight=6) as session:
            async with session.stream(getattr(source, kind)()) as outcomes:
                for _ in range(after):
                    await anext(outcomes)
                await settle(after)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert transport.in_flight == 0
            assert [b.in_flight + b.waiting for b in session.budgets()] in ([], [0])
            assert source.closed == (1 if after else 0)
            with pytest.raises(errors.SessionMisuse):
                await anext(outcomes)

    @pytest.mark.parametrize("seconds", [0, 0.0005, 0.5, 1, 1.5, 40])
    @virtual
    async def test_cancelling_the_consumer(self, seconds):
        """Cancelling the reading task at any moment ends every task of the stream."""
        source, transport = Source(10_000), FakeTransport(latency=1)

        async def consume(session):
            async with session.stream(source.later(), ordered=True) as outcomes:
                async for _ in outcomes:
                    await asyncio.sleep(0.2)

        async with session_over(transport, max_in_flight=3) as session:
            task = asyncio.create_task(consume(session))
            await asyncio.sleep(seconds)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert transport.in_flight == 0
            assert source.closed == 1

    @virtual
    async def test_cancelled_while_it_leaves(self):
        """A second cancellation, while the stream closes, leaves no task either."""
        transport = FakeTransport(_stubborn)

        async def consume(session):
            async with session.stream(worker_queries(50)) as outcomes:
                await anext(outcomes)
                await asyncio.sleep(0.9)

        async with session_over(transport, max_in_flight=3) as session:
            task = asyncio.create_task(consume(session))
            await asyncio.sleep(1)
            for _ in range(3):
                task.cancel()
                await settle()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}

    @virtual
    async def test_an_error_in_the_loop_is_the_callers(self):
        """An error raised inside the block comes out unchanged: no group, no wrapper."""
        async with session_over(FakeTransport(latency=3)) as session:
            mine = ZeroDivisionError()

            async def consume():
                async with session.stream(worker_queries(50)) as outcomes:
                    await anext(outcomes)
                    raise mine

            with pytest.raises(ZeroDivisionError) as caught:
                await consume()
            assert caught.value is mine
            assert mine.__cause__ is None

    @virtual
    async def test_a_read_that_timed_out_loses_nothing(self):
        """The next read returns the outcome of a read that timed out."""
        async with (
            session_over(FakeTransport(latency=1), max_in_flight=1) as session,
            session.stream(worker_queries(10)) as outcomes,
        ):
            found, misses = [], 0
            while len(found) < 10:
                try:
                    found.append(number_of(await asyncio.wait_for(anext(outcomes), 0.3)))
                except TimeoutError:
                    misses += 1
        assert found == list(range(10))
        assert misses > 10

    @virtual
    async def test_unread_errors_are_not_logged(self):
        """A stream left with an unread error or failures causes no log record."""
        async with session_over(FakeTransport(lambda _: trouble(401))) as session:
            async with session.stream(worker_queries(5)):
                await asyncio.sleep(1)
            async with session.stream(Source(0, ZeroDivisionError()).sync()):
                await asyncio.sleep(1)
            gc.collect()


async def _stubborn(request):
    """Take a while to end after a cancellation."""
    if number_of(request) < 2:
        return statistics(request)
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(5)
        raise
