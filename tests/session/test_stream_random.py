"""Streams under random latencies, failures, sizes and orders."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Failure, RetryPolicy, errors
from tests.support.fakes import (
    FakeTransport,
    limits,
    number_of,
    session_over,
    statistics,
    trouble,
    worker_query,
)
from tests.support.virtual import run_virtual

QUICK = RetryPolicy(attempts=3, base=0.1, refusals=5)
MOST = 60

latencies = st.lists(st.floats(0, 3), min_size=1, max_size=20)
answers = st.lists(
    st.sampled_from(["ok", "ok", "ok", "ok", "low", 404, 429, 500, 503, "lost", "slow", "odd"]),
    min_size=1,
    max_size=40,
)


class ScriptedServer:
    """A server whose answers and latencies repeat given lists; it checks the bounds."""

    def __init__(self, kinds, seconds):
        self._kinds, self._seconds = kinds, seconds
        self.requested = 0

    def latency(self, _):
        """Return the next latency."""
        return self._seconds[self.requested % len(self._seconds)]

    def __call__(self, request):
        """Return the next answer."""
        kind = self._kinds[self.requested % len(self._kinds)]
        self.requested += 1
        if isinstance(kind, int):
            return trouble(kind, retry_after=1) if kind == 429 else trouble(kind)
        if kind == "lost":
            return errors.ConnectionFailed("lost")
        if kind == "slow":
            return errors.TimedOut(30)
        if kind == "odd":
            return statistics(request, x_rate_limit_limit="string", x_rate_limit_remaining="-1")
        return statistics(request, **limits(50, 1 if kind == "low" else 49))


def check_progress(before, after, pulled):
    """Check that progress only grows and stays within its bounds."""
    assert before.done <= after.done
    assert before.failed <= after.failed <= after.done
    assert before.retried <= after.retried
    assert before.refused <= after.refused
    assert before.elapsed <= after.elapsed
    assert after.done <= pulled
    if after.total is not None:
        assert after.done <= after.total
        assert after.eta is None or after.eta >= 0


@given(
    st.integers(0, MOST),
    st.integers(1, 8),
    st.booleans(),
    st.booleans(),
    answers,
    latencies,
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_each_query_exactly_once(many, most, ordered, sized, kinds, seconds, thinking):
    """Each query has one outcome, within all bounds, in order if requested."""
    run_virtual(_each_once(many, most, ordered, sized, ScriptedServer(kinds, seconds), thinking))


async def _each_once(many, most, ordered, sized, fate, thinking):
    transport, pulled = FakeTransport(fate, fate.latency), []

    def source():
        for number in range(many):
            pulled.append(number)
            yield worker_query(number)

    # one success first: the same error from the first 20 workers would end the run
    given_queries = [worker_query(number) for number in range(many)] if sized else source()
    found = []
    async with (
        session_over(transport, max_in_flight=most, retry=QUICK) as session,
        session.stream(given_queries, ordered=ordered) as outcomes,
    ):
        outcomes._fatal_errors._varied = True
        before = outcomes.progress
        async for outcome in outcomes:
            found.append(outcome)
            await asyncio.sleep(thinking[len(found) % len(thinking)])
            after = outcomes.progress
            check_progress(before, after, many if sized else len(pulled))
            assert sized or len(pulled) - len(found) <= 2 * most
            before = after
        last = outcomes.progress
    numbers = [number_of(outcome) for outcome in found]
    assert sorted(numbers) == list(range(many))
    assert not ordered or numbers == sorted(numbers)
    assert transport.most_in_flight <= max(1, most - 1)
    assert (last.done, last.total) == (many, many)
    assert last.failed == sum(isinstance(outcome, Failure) for outcome in found)
    assert last.refused == sum(outcome.meta.refused for outcome in found)
    assert len(transport.sent) == sum(o.meta.attempts + o.meta.refused for o in found)


@given(
    st.integers(1, 6),
    st.booleans(),
    answers,
    latencies,
    st.floats(0, 12),
    st.integers(0, 3),
    st.sampled_from(["cancel", "leave", "aclose"]),
)
def test_ended_at_any_moment(most, ordered, kinds, seconds, moment, fetches, way):
    """A stream cancelled, left or closed at any moment leaves no task, permit or request."""
    run_virtual(_ended(most, ordered, ScriptedServer(kinds, seconds), moment, fetches, way))


async def _ended(most, ordered, fate, moment, fetches, way):
    transport, closed = FakeTransport(fate, fate.latency), []

    async def source():
        try:
            for number in range(10**6):
                await asyncio.sleep(0.01)
                yield worker_query(number)
        finally:
            closed.append(True)

    async def consume(session):
        async with session.stream(source(), ordered=ordered) as outcomes:
            outcomes._fatal_errors._varied = True
            async for _ in outcomes:
                if way == "leave" and asyncio.get_running_loop().time() > 1000 + moment:
                    return
                await asyncio.sleep(0.05)

    async with session_over(transport, max_in_flight=most, retry=QUICK) as session:
        readers = [asyncio.create_task(consume(session)) for _ in range(2)]
        others = [asyncio.create_task(session.fetch(worker_query(n))) for n in range(fetches)]
        await asyncio.sleep(moment)
        if way == "aclose":
            await session.aclose()
        for task in readers if way == "cancel" else []:
            task.cancel()
        ended = await asyncio.gather(*readers, return_exceptions=True)
        kinds = {"leave": {type(None)}, "aclose": {errors.SessionClosed}}
        assert {type(end) for end in ended} <= kinds.get(way, {asyncio.CancelledError})
        transport.latency = 0
        await asyncio.gather(*others, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert transport.in_flight == 0
        assert len(closed) == 2 or moment == 0
