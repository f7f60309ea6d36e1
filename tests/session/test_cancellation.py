"""A call that is cancelled at any step of the loop leaves nothing behind and loses nothing."""

import asyncio
import random

import pytest

from taskrouter_stats import RetryPolicy, Success, errors, queries
from tests.support.cancel_at_step import SteppedVirtualLoop, positions, waiting_at
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    limits,
    pages,
    session_over,
    statistics,
    trouble,
    worker_query,
    worker_sid,
)
from tests.support.virtual import run_virtual, settle

QUICK = RetryPolicy(attempts=3, base=0.1, refusals=5)
LISTED = pages([worker_sid(number) for number in range(5)], 2)
LISTING = queries.workers(WORKSPACE, page_size=2)
KINDS = ["ok", "ok", "ok", "ok", "low", "lost", "odd", 404, 429, 503]


class SeededServer:
    """A server whose answers and latencies depend on a seed; pages fail sometimes."""

    def __init__(self, chance):
        self._chance = chance

    def latency(self, _):
        """Return the next latency; equal latencies make several replies come at once."""
        return self._chance.choice((0, 0.01, 0.01, 0.3))

    def __call__(self, request):
        """Return the next answer."""
        kind = self._chance.choice(KINDS)
        if kind == "lost":
            return errors.ConnectionFailed("lost")
        if isinstance(kind, int):
            return trouble(kind, **({"retry_after": 1} if kind == 429 else {}))
        if "PageSize" in request.target:
            return LISTED(request)
        headers = limits(50, 1 if kind == "low" else 49)
        return statistics(request, **({} if kind == "odd" else headers))


async def fetch(session, _):
    """Fetch one query."""
    await session.fetch(worker_query(1))


async def fetch_shared(session, chance):
    """Fetch one query that other callers may share."""
    others = [session.fetch(worker_query(1), cache_ttl=1) for _ in range(chance.randrange(2))]
    others = [asyncio.create_task(other) for other in others]
    try:
        await session.fetch(worker_query(1), cache_ttl=1)
    finally:
        for other in others:
            other.cancel()


async def iterate(session, _):
    """Read a list slowly."""
    async with session.iterate(LISTING) as items:
        async for _worker in items:
            await asyncio.sleep(0.02)


async def collect_list(session, _):
    """Collect a list."""
    await session.iterate(LISTING).collect()


async def stream(session, chance):
    """Stream queries from a source that waits at each pull and at its end; sometimes stop early."""
    begun, closed = [], []

    async def source():
        begun.append(True)
        try:
            for number in range(5):
                await asyncio.sleep(0.01)
                yield worker_query(number)
        finally:
            closed.append(True)
            await asyncio.sleep(0.05)

    try:
        async with session.stream(source(), ordered=chance.random() < 0.5) as outcomes:
            async for _ in outcomes:
                await asyncio.sleep(0.02)
                if chance.random() < 0.2:
                    return
    finally:
        assert begun == closed


async def stream_listed(session, _):
    """Stream the statistics of workers while their list is being read."""
    await session.stream_worker_statistics(WORKSPACE, workers=LISTING).collect()


OUR_ERROR_OR_NONE = (errors.TaskRouterStatsError, type(None))
ATTEMPT = {"RequestExecutor._attempt", "Pacer._queue", "Pacer.sleep", "FakeTransport.send"}
PAGE = ATTEMPT | {"Items._next_page", "Items.aclose"}
RUN = ATTEMPT | {"OutcomeStream._pull", "OutcomeStream.__anext__"}
WAITS = {
    fetch: ATTEMPT,
    fetch_shared: ATTEMPT | {"QueryCache._wait"},
    iterate: PAGE,
    collect_list: PAGE - {"Items.aclose"},
    stream: RUN | {"OutcomeStream.aclose"},
    stream_listed: RUN,
}
"""Where some task must have been waiting when a cancellation fell."""
SEEDS = 15


async def cancelled_after(step, call, seed, again, seen, explored):
    """Cancel a call at the next step where it is not explored, and again later if asked.

    Return that step, or None if the call ended before.
    """
    loop, chance = asyncio.get_running_loop(), random.Random(seed)
    fate = SeededServer(chance)
    transport = FakeTransport(fate, fate.latency, connecting=chance.choice((0, 0.02)))
    async with session_over(transport, max_in_flight=chance.choice((1, 2, 3)), retry=QUICK) as ours:
        others = [ours.fetch(worker_query(number)) for number in range(chance.randrange(3))]
        others = [asyncio.create_task(other) for other in others]
        victim, came = asyncio.create_task(call(ours, chance)), []
        first = loop.steps

        def cancel_once():
            if came or victim.done() or loop.steps <= first + step:
                return
            where = positions()
            if where not in explored:
                explored.add(where)
                seen.update(*map(waiting_at, asyncio.all_tasks()))
                came.append((loop.steps - first, victim.cancel()))
                if again:
                    loop.plan(again, victim.cancel)

        loop.plan_each(cancel_once)
        await asyncio.wait([victim])
        loop.forget()
        assert victim.cancelled() == any(accepted for _, accepted in came)
        assert victim.cancelled() or isinstance(victim.exception(), OUR_ERROR_OR_NONE)
        await others_end_normally(others)
        await nothing_is_left(ours, transport)
    return came[0][0] if came else None


async def others_end_normally(others):
    """Check that no other call was cancelled: each ended with a value or a plain error."""
    ended = await asyncio.gather(*others, return_exceptions=True)
    assert not any(isinstance(end, asyncio.CancelledError) for end in ended)


async def nothing_is_left(session, transport):
    """Check that no task, request or permit is left, and that the next fetch works."""
    await settle(2)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert transport.in_flight == session._lifecycle.opened.executor.pacer._in_flight == 0
    assert sum(budget.waiting for budget in session.budgets()) == 0
    budgets = session._lifecycle.opened.executor.pacer._budgets.values()
    assert {budget.throttle.estimator.unsent for budget in budgets} <= {0}
    transport.answer = statistics
    async with asyncio.timeout(60):
        assert isinstance(await session.fetch_with_meta(worker_query(9)), Success)
    assert sum(budget.sent for budget in session.budgets()) == len(transport.sent)


async def cancelled_everywhere(call, again, seen):
    """Cancel once wherever the tasks of the seeds' runs wait together; count these moments."""
    explored = set()
    for seed in range(SEEDS):
        step = 0
        try:
            while step is not None:
                before, step = step, await cancelled_after(step, call, seed, again, seen, explored)
        except BaseException as error:
            error.add_note(f"with seed {seed}, cancelled after step {before}")
            raise
    return len(explored)


@pytest.mark.parametrize("again", [0, 1, 4])
@pytest.mark.parametrize("call", WAITS)
def test_cancellation_at_every_step(call, again):
    """After one or two cancellations at any step the call ends cancelled and leaves nothing."""
    seen = set()
    times = run_virtual(cancelled_everywhere(call, again, seen), SteppedVirtualLoop)
    assert times >= (40 if call is fetch else 60)
    assert WAITS[call] - seen == set()
