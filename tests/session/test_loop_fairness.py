"""Replies that arrive at once are processed a few in each iteration of the loop."""

import asyncio
import gc
import weakref
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from taskrouter_stats.session import executor
from taskrouter_stats.session.loop_fairness import (
    REPLIES_PER_ITERATION,
    LoopFairness,
    fairness_of_loop,
)
from tests.support.fakes import FakeTransport, session_over, worker_queries, worker_query
from tests.support.virtual import settle, virtual


def iteration():
    """Return the number of the loop's current iteration."""
    return asyncio.get_running_loop().turns


@pytest.fixture
def worked(monkeypatch):
    """The number of replies that sessions processed, by iteration of the loop."""
    counted, read = Counter(), executor.decode_reply

    def count(*given):
        counted[iteration()] += 1
        return read(*given)

    monkeypatch.setattr(executor, "decode_reply", count)
    return counted


async def process(fairness, order, name, *, interactive=False):
    """Enter, and record the name."""
    if not fairness.try_enter() and await fairness.enter(interactive=interactive):
        fairness.begin()
    order.append(name)


@virtual
async def test_a_few_in_each_iteration_in_order():
    """Each iteration lets a fixed number of replies continue, in order."""
    fairness, order = LoopFairness(), []

    async def noted(name):
        await process(fairness, order, name)
        order[-1] = (name, iteration())

    await asyncio.gather(*(noted(name) for name in range(5 * REPLIES_PER_ITERATION)))
    assert [name for name, _ in order] == list(range(5 * REPLIES_PER_ITERATION))
    assert Counter(Counter(number for _, number in order).values()) == {REPLIES_PER_ITERATION: 5}


@virtual
async def test_interactive_replies_go_first():
    """An interactive reply goes before waiting bulk replies."""
    fairness, order = LoopFairness(), []
    bulk = [process(fairness, order, "bulk") for _ in range(4 * REPLIES_PER_ITERATION)]
    await asyncio.gather(*bulk, process(fairness, order, "fetch", interactive=True))
    assert order.index("fetch") == REPLIES_PER_ITERATION


@virtual
async def test_bulk_gets_one_place_of_four():
    """However many interactive replies wait, one place of four is for bulk."""
    fairness, order = LoopFairness(), []
    fetches = [
        process(fairness, order, "fetch", interactive=True)
        for _ in range(10 * REPLIES_PER_ITERATION)
    ]
    bulk = [process(fairness, order, "bulk") for _ in range(3)]
    await asyncio.gather(*fetches, *bulk)
    at_once = REPLIES_PER_ITERATION
    bulk_at = [at - at_once for at, name in enumerate(order) if name == "bulk"]
    assert bulk_at == [3, 7, 11]


async def most_in_an_iteration(*, reply_seconds, other_seconds):
    """Return how many of 200 replies continued in one iteration, at most."""
    fairness, order, loop = LoopFairness(), [], asyncio.get_running_loop()

    async def noted(name):
        await process(fairness, order, name)
        order[-1] = loop.turns
        loop._clock += reply_seconds

    async def work():
        while len(order) < 200:
            loop._clock += other_seconds
            await asyncio.sleep(0)

    await asyncio.gather(*(noted(name) for name in range(200)), work())
    assert len(order) == 200
    return max(Counter(order).values())


@virtual
async def test_more_continue_while_other_tasks_make_iterations_long():
    """If other tasks hold the loop for 20 ms, forty to fifty replies continue at once."""
    assert 30 < await most_in_an_iteration(reply_seconds=0.0001, other_seconds=0.02) <= 50


@virtual
async def test_slow_replies_do_not_let_more_continue():
    """If a slow machine makes the replies slow, no more of them continue in an iteration."""
    found = await most_in_an_iteration(reply_seconds=0.005, other_seconds=0.001)
    assert found == REPLIES_PER_ITERATION


@virtual
async def test_slow_replies_take_a_quarter_of_a_long_iteration():
    """Beside other tasks that hold the loop for 0.1 s, replies of 5 ms take about a quarter."""
    found = await most_in_an_iteration(reply_seconds=0.005, other_seconds=0.1)
    assert REPLIES_PER_ITERATION < found <= 8


@virtual
async def test_single_replies_do_not_wait():
    """Replies that arrive in separate iterations never wait."""
    fairness = LoopFairness()
    for _ in range(3 * REPLIES_PER_ITERATION):
        assert fairness.try_enter()
        await settle()


@virtual
async def test_a_cancelled_reply_takes_no_place():
    """A cancelled waiter delays no other waiter and loses no place."""
    fairness, order = LoopFairness(), []
    tasks = [
        asyncio.create_task(process(fairness, order, name))
        for name in range(3 * REPLIES_PER_ITERATION)
    ]
    await asyncio.sleep(0)
    for task in tasks[REPLIES_PER_ITERATION : 2 * REPLIES_PER_ITERATION]:
        task.cancel()
    await asyncio.wait(tasks)
    assert order == [
        *range(REPLIES_PER_ITERATION),
        *range(2 * REPLIES_PER_ITERATION, 3 * REPLIES_PER_ITERATION),
    ]
    await settle()
    assert fairness.try_enter()


async def both():
    """Return the queue of the running loop, asked for twice."""
    return fairness_of_loop(), fairness_of_loop()


def test_each_loop_has_one_queue_which_does_not_outlive_its_sessions():
    """A loop has one queue, another loop has another, and both go when nobody keeps the queue."""
    found, again = asyncio.run(both())
    assert found is again
    assert asyncio.run(both())[0] is not found
    loop, left = weakref.ref(found._loop), weakref.ref(found)
    del found, again
    gc.collect()
    assert (left(), loop()) == (None, None)


@virtual
async def test_many_sessions_do_not_block_other_tasks(worked):
    """If the servers of a hundred sessions answer at once, no iteration processes all replies."""
    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(session_over(FakeTransport(latency=1.0)))
            for _ in range(100)
        ]
        await asyncio.gather(*(session.fetch(worker_query(0)) for session in sessions))
    assert worked.total() == 100
    assert max(worked.values()) <= REPLIES_PER_ITERATION


@pytest.mark.parametrize("bulk", [True, False])
@virtual
async def test_many_replies_do_not_block_other_tasks(bulk, worked, simple_throttle):
    """If a server answers a hundred requests at once, no iteration processes them all."""
    async with session_over(FakeTransport(latency=1.0), max_in_flight=101) as session:
        await session.fetch(worker_query(0))
        worked.clear()
        if bulk:
            await session.collect(worker_queries(100))
        else:
            await asyncio.gather(*(session.fetch(query) for query in worker_queries(100)))
    assert worked.total() == 100
    assert max(worked.values()) <= REPLIES_PER_ITERATION
