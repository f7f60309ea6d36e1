"""How far a run is: true at every moment."""

import asyncio

import pytest

from taskrouter_stats import queries
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
    worker_sid,
)
from tests.support.simple_throttle import SimpleThrottle
from tests.support.virtual import virtual


@virtual
async def test_before_it_is_entered():
    """An unentered stream has done nothing and knows the total of what has a length."""
    async with session_over(FakeTransport()) as session:
        progress = session.stream(worker_queries(7)).progress
        assert (progress.done, progress.total, progress.elapsed, progress.eta) == (0, 7, 0, None)
        assert session.stream(iter(worker_queries(7))).progress.total is None


@virtual
async def test_rate_and_eta(simple_throttle):
    """Rate is outcomes per second so far, eta what is left at that rate."""
    transport = FakeTransport(lambda r: statistics(r, **limits(10, 10)), latency=0)
    async with (
        session_over(transport) as session,
        session.stream(worker_queries(101)) as outcomes,
    ):
        assert outcomes.progress.eta is None
        await asyncio.sleep(4.95)
        progress = outcomes.progress
        assert progress.elapsed == pytest.approx(4.95)
        assert progress.rate == pytest.approx(progress.done / 4.95)
        assert progress.eta == pytest.approx((101 - progress.done) / progress.rate)
        found = [outcome async for outcome in outcomes]
        assert len(found) == 101
        assert outcomes.progress.eta == 0


@virtual
async def test_the_clock_stops_at_the_end(simple_throttle):
    """Elapsed seconds and rate are those of the run and not of the time after it."""
    async with session_over(FakeTransport(latency=2)) as session:
        async with session.stream(worker_queries(3)) as outcomes:
            assert [number_of(outcome) async for outcome in outcomes] == [0, 1, 2]
            await asyncio.sleep(100)
        assert outcomes.progress.elapsed == pytest.approx(4)
        assert (outcomes.progress.done, outcomes.progress.total) == (3, 3)


@virtual
async def test_the_total_is_known_at_the_source_s_end():
    """A generator's total is unknown until its end was reached, and then it is exact."""
    async with (
        session_over(FakeTransport(), max_in_flight=2) as session,
        session.stream(iter(worker_queries(9))) as outcomes,
    ):
        totals = []
        async for _ in outcomes:
            totals.append(outcomes.progress.total)
            await asyncio.sleep(1)
    assert totals[0] is None
    assert totals[-1] == 9
    assert set(totals) == {None, 9}


@virtual
async def test_the_total_of_a_listing():
    """A workspace's total is known as soon as its last page is here."""
    sids = [worker_sid(number) for number in range(30)]
    listed = pages(sids, 10)
    transport = FakeTransport(lambda r: statistics(r) if "WK" in r.target else listed(r))
    listing = queries.workers(WORKSPACE, page_size=10)
    async with (
        session_over(transport, max_in_flight=3) as session,
        session.stream_worker_statistics(WORKSPACE, workers=listing) as outcomes,
    ):
        totals = []
        async for _ in outcomes:
            await asyncio.sleep(1)
            totals.append(outcomes.progress.total)
    assert totals[0] is None
    assert totals[-9:] == [30] * 9
    assert set(totals) == {None, 30}


@virtual
async def test_a_stream_left_early_does_not_look_complete():
    """After leaving early, what was done is below a total, or the total is unknown."""
    sids = [worker_sid(number) for number in range(30)]
    listed = pages(sids, 10)
    transport = FakeTransport(lambda r: statistics(r) if "WK" in r.target else listed(r))
    listing = queries.workers(WORKSPACE, page_size=10)
    async with session_over(transport, max_in_flight=3) as session:
        async with session.stream_worker_statistics(WORKSPACE, workers=listing) as outcomes:
            await anext(outcomes)
        assert outcomes.progress.total is None
        async with session.stream(worker_queries(30)) as outcomes:
            await anext(outcomes)
        assert outcomes.progress.done < outcomes.progress.total == 30


@virtual
async def test_what_went_wrong_is_counted():
    """Failures, repeated sends and refusals are counted apart, while the run goes on."""
    script = Script(
        trouble(503), trouble(404), trouble(429, retry_after=1), trouble(404), then=statistics
    )
    async with (
        session_over(FakeTransport(script), max_in_flight=1) as session,
        session.stream(worker_queries(5)) as outcomes,
    ):
        async for _ in outcomes:
            assert outcomes.progress.failed <= outcomes.progress.done <= 5
        progress = outcomes.progress
    assert (progress.done, progress.failed, progress.retried, progress.refused) == (5, 2, 1, 1)


@virtual
async def test_the_throttle_hears_how_many_are_still_to_come(simple_throttle, monkeypatch):
    """A list's length reaches the throttle with each bulk request, down to the last one."""
    seen = []
    check = SimpleThrottle.check

    def spy(self, now, *, interactive=False, waiting=0):
        seen.append(waiting)
        return check(self, now, interactive=interactive, waiting=waiting)

    monkeypatch.setattr(SimpleThrottle, "check", spy)
    async with session_over(FakeTransport(latency=1), max_in_flight=2) as session:
        await session.collect(worker_queries(50))
        assert max(seen) >= 48
        assert seen[-1] <= 1
    async with session_over(FakeTransport(latency=1), max_in_flight=2) as session:
        seen.clear()
        await session.stream(query for query in worker_queries(50)).collect()
        assert max(seen) <= 2
