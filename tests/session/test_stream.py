"""Streams: one outcome for each query, pulled lazily, with bounds."""

import asyncio
from datetime import timedelta
from itertools import count

import pytest

from taskrouter_stats import Failure, Success, Window, errors, queries
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    Script,
    limits,
    number_of,
    pages,
    session_over,
    statistics,
    trouble,
    worker_queries,
    worker_query,
    worker_sid,
)
from tests.support.virtual import now, settle, virtual


def endless(pulled):
    """Yield queries without end; the list records how many were pulled."""
    for number in count():
        pulled.append(number)
        yield worker_query(number)


async def later(values, seconds=0.0):
    """Yield the values as an async generator, with a pause before each."""
    for value in values:
        await asyncio.sleep(seconds)
        yield value


async def _read(outcomes, found):
    """Append outcomes to a list, which keeps them after an error."""
    async for outcome in outcomes:
        found.append(outcome)


async def _count(outcomes):
    return len([outcome async for outcome in outcomes])


class TestDelivery:
    """Each query's outcome, exactly once."""

    @pytest.mark.parametrize("ordered", [False, True])
    @pytest.mark.parametrize("kind", [list, iter, later])
    @virtual
    async def test_each_query_exactly_once(self, kind, ordered):
        """A list, an iterator or an async generator of queries gives one outcome for each."""
        async with (
            session_over(FakeTransport()) as session,
            session.stream(kind(worker_queries(300)), ordered=ordered) as outcomes,
        ):
            found = [number_of(outcome) async for outcome in outcomes]
        assert sorted(found) == list(range(300))

    @virtual
    async def test_as_they_finish(self):
        """The outcome of a slow query comes after those of later, quicker queries."""
        transport = FakeTransport(latency=lambda r: 9 if number_of(r) == 3 else 0.1)
        async with session_over(transport) as session:
            outcomes = await session.stream(worker_queries(6)).collect()
        assert [number_of(outcome) for outcome in outcomes] == [0, 1, 2, 4, 5, 3]

    @virtual
    async def test_in_order(self):
        """An ordered stream gives outcomes in the order of the queries."""
        transport = FakeTransport(latency=lambda r: 1 / (1 + number_of(r) % 7))
        async with session_over(transport, max_in_flight=8) as session:
            outcomes = await session.stream(worker_queries(60), ordered=True).collect()
        assert [number_of(outcome) for outcome in outcomes] == list(range(60))

    @virtual
    async def test_collect_keeps_the_order(self):
        """``session.collect`` returns outcomes in the order of the queries."""
        transport = FakeTransport(latency=lambda r: 1 / (1 + number_of(r) % 7))
        async with session_over(transport, max_in_flight=4) as session:
            outcomes = await session.collect(later(worker_queries(60)))
        assert [number_of(outcome) for outcome in outcomes] == list(range(60))

    @virtual
    async def test_equal_queries_have_one_outcome_each(self):
        """A query that appears twice is run twice."""
        async with session_over(FakeTransport()) as session:
            outcomes = await session.collect([worker_query(1)] * 3)
        assert len(outcomes) == 3

    @virtual
    async def test_no_queries_no_outcomes(self):
        """An empty source ends at once, without a request."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            assert await session.collect([]) == []
            assert await session.stream(later([])).collect() == []
        assert transport.sent == []

    @virtual
    async def test_one_missing_worker_is_a_failure(self):
        """A 404 is the Failure of its query; the other queries go on."""
        transport = FakeTransport(lambda r: trouble(404) if number_of(r) == 2 else statistics(r))
        async with session_over(transport) as session:
            outcomes = await session.collect(worker_queries(5))
        assert [isinstance(outcome, Failure) for outcome in outcomes] == [0, 0, 1, 0, 0]
        with pytest.raises(errors.NotFound):
            outcomes[2].unwrap()
        assert outcomes[2].error.__traceback__ is not None


class TestBounds:
    """Bounds that hold for any number of queries."""

    @pytest.mark.parametrize("ordered", [False, True])
    @pytest.mark.parametrize("most", [1, 2, 7])
    @virtual
    async def test_never_far_ahead(self, most, ordered):
        """At most twice max_in_flight queries are pulled and not yet delivered."""
        pulled, delivered = [], 0
        async with (
            session_over(FakeTransport(), max_in_flight=most) as session,
            session.stream(endless(pulled), ordered=ordered) as outcomes,
        ):
            async for _ in outcomes:
                delivered += 1
                await asyncio.sleep(0.3)
                assert len(pulled) - delivered <= 2 * most
                if delivered == 30:
                    break

    @virtual
    async def test_a_slow_consumer_slows_the_pulling(self):
        """While the consumer is busy, pulling stops; then it continues."""
        pulled = []
        async with (
            session_over(FakeTransport(), max_in_flight=5) as session,
            session.stream(endless(pulled)) as outcomes,
        ):
            await asyncio.sleep(1000)
            assert len(pulled) == 10
            await anext(outcomes)
            await asyncio.sleep(1000)
            assert len(pulled) == 11

    @virtual
    async def test_a_slow_first_query_stops_an_ordered_stream(self):
        """While the oldest query runs, an ordered stream pulls 2 x max_in_flight."""
        pulled = []
        transport = FakeTransport(latency=lambda r: 500 if number_of(r) == 1 else 0.01)
        async with (
            session_over(transport, max_in_flight=4) as session,
            session.stream(endless(pulled), ordered=True) as outcomes,
        ):
            assert number_of(await anext(outcomes)) == 0
            await asyncio.sleep(100)
            assert len(pulled) == 1 + 8
            assert number_of(await anext(outcomes)) == 1
            assert now() > 500

    @virtual
    async def test_bounded_in_flight(self):
        """Bulk requests leave one of max_in_flight slots free and use all others."""
        transport = FakeTransport()
        async with session_over(transport, max_in_flight=6) as session:
            await session.collect(worker_queries(100))
        assert transport.most_in_flight == 5

    @virtual
    async def test_two_streams_share_the_slots(self):
        """Concurrent streams share the slots, and both make progress."""
        transport = FakeTransport()
        elsewhere = [worker_query(n, workspace="WS" + "e" * 32) for n in range(50)]
        async with (
            session_over(transport, max_in_flight=4) as session,
            session.stream(worker_queries(500)) as first,
        ):
            reader = asyncio.create_task(_count(first))
            assert len(await session.collect(elsewhere)) == 50
            assert first.progress.done < 200
            assert await reader == 500
        assert transport.most_in_flight == 3

    @virtual
    async def test_a_fetch_inside_the_loop(self):
        """With one slot and a full buffer, a fetch inside the loop completes each time."""
        transport = FakeTransport()
        async with (
            session_over(transport, max_in_flight=1) as session,
            session.stream(worker_queries(20)) as outcomes,
        ):
            seen = 0
            async for outcome in outcomes:
                await asyncio.sleep(1)
                await session.fetch(worker_query(number_of(outcome) + 1000))
                seen += 1
        assert seen == 20
        assert len(transport.sent) == 40
        assert transport.most_in_flight == 1

    @virtual
    async def test_a_stream_inside_the_loop(self):
        """A stream inside another stream's loop completes, with a single slot."""
        async with (
            session_over(FakeTransport(), max_in_flight=1) as session,
            session.stream(worker_queries(5)) as outcomes,
        ):
            async for _ in outcomes:
                assert len(await session.collect(worker_queries(5))) == 5

    @virtual
    async def test_a_fetch_inside_the_source(self):
        """A source may fetch with the same session to make its queries."""

        async def source(session):
            for number in range(6):
                found = await session.fetch(worker_query(number))
                yield worker_query(number + 100, workspace=found.workspace_sid)

        async with session_over(FakeTransport(), max_in_flight=1) as session:
            assert len(await session.collect(source(session))) == 6

    @virtual
    async def test_no_more_tasks_than_needed(self):
        """Few queries make few tasks; many make one task for each slot of bulk requests."""
        async with session_over(FakeTransport(latency=5), max_in_flight=50) as session:
            async with session.stream(worker_queries(3)):
                await settle()
                assert len(asyncio.all_tasks()) <= 1 + 4
            async with session.stream(worker_queries(500)):
                await settle(500)
                assert len(asyncio.all_tasks()) == 1 + 49

    @virtual
    async def test_a_slow_source_is_pulled_once_at_a_time(self):
        """An async source is never pulled for two queries at once."""
        async with session_over(FakeTransport(), max_in_flight=50) as session:
            found = await session.collect(later(worker_queries(10), seconds=1))
        assert len(found) == 10
        assert now() == pytest.approx(10, abs=0.1)


class TestWindows:
    """Windows of a run."""

    @virtual
    async def test_a_relative_window_becomes_one_absolute_window(self):
        """Equal relative windows of a run are sent as the same two times."""
        transport = FakeTransport(latency=40)
        async with session_over(transport, max_in_flight=3) as session:
            outcomes = await session.collect(worker_queries(20))
        requested = {request.target.partition("?")[2] for request in transport.sent}
        assert len(requested) == 1
        assert "Minutes" not in requested.pop()
        [window] = {outcome.query.window for outcome in outcomes}
        assert window.end - window.start == timedelta(hours=1)

    @virtual
    async def test_different_windows_have_the_same_end(self):
        """Relative windows of a run differ only by their lengths."""
        requested = [worker_query(n, Window.last(minutes=n)) for n in (5, 60, 600)]
        async with session_over(FakeTransport(latency=90)) as session:
            outcomes = await session.collect(later(requested, seconds=100))
        assert len({outcome.query.window.end for outcome in outcomes}) == 1
        assert len({outcome.query.window.start for outcome in outcomes}) == 3

    @virtual
    async def test_only_a_fetch_sends_minutes(self):
        """A fetch sends a relative window as ``Minutes``."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            await session.fetch(worker_query(1))
        assert transport.sent[0].target.endswith("?Minutes=60")


class TestWorkerStatistics:
    """The statistics of all workers of a workspace."""

    @virtual
    async def test_every_worker_once(self):
        """Every listed worker is queried once, while the list is read, and is the context."""
        sids = [worker_sid(number) for number in range(250)]
        listed = pages(sids, 100)
        transport = FakeTransport(
            lambda r: statistics(r, **limits(500, 400)) if "WK" in r.target else listed(r)
        )
        listing = queries.workers(WORKSPACE, page_size=100)
        async with session_over(transport, max_in_flight=10) as session:
            stream = session.stream_worker_statistics(WORKSPACE, workers=listing)
            outcomes = await stream.collect()
        assert sorted(outcome.query.context.sid for outcome in outcomes) == sids
        assert all(o.value.worker_sid == o.query.context.sid for o in outcomes)
        listed_at = [place for place, number in enumerate(transport.numbers) if number is None]
        assert len(listed_at) == 3
        assert listed_at[-1] < 250

    @virtual
    async def test_task_channel_and_window(self):
        """Every request has the channel and the same absolute window."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            stream = session.stream_worker_statistics(
                WORKSPACE,
                Window.last(days=1),
                task_channel="voice",
                workers=(worker_sid(number) for number in range(3)),
            )
            assert all(isinstance(o, Success) for o in await stream.collect())
        [requested] = {request.target.partition("?")[2] for request in transport.sent}
        assert requested.startswith("TaskChannel=voice&StartDate=")

    @virtual
    async def test_a_failed_page_never_ends_as_complete(self):
        """If a page fails, its workers' outcomes are delivered, then the error is raised."""
        sids = [worker_sid(number) for number in range(20)]
        listed = pages(sids, 10)

        def answer(request):
            if "WK" in request.target:
                return statistics(request)
            return trouble(503) if "Page=1" in request.target else listed(request)

        async with session_over(FakeTransport(answer)) as session:
            listing = queries.workers(WORKSPACE, page_size=10)
            found = []
            async with session.stream_worker_statistics(WORKSPACE, workers=listing) as outcomes:
                with pytest.raises(errors.ServerError):
                    await _read(outcomes, found)
                assert outcomes.progress.total is None
        assert sorted(outcome.query.sid for outcome in found) == sids[:10]

    @virtual
    async def test_the_first_page_refused(self):
        """If the list itself gets a 403, the stream raises that and has no outcome."""
        transport = FakeTransport(Script(then=lambda _: trouble(403)))
        async with session_over(transport) as session:
            with pytest.raises(errors.Forbidden):
                await session.stream_worker_statistics(WORKSPACE).collect()
