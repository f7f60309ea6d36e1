"""Replies that are here at once go on a few in each turn of the loop."""

import asyncio
from collections import Counter

import pytest

from taskrouter_stats.session import executor
from taskrouter_stats.session.loop_fairness import REPLIES_PER_ITERATION, LoopFairness
from tests.support.fakes import FakeTransport, session_over, worker_queries, worker_query
from tests.support.virtual import settle, virtual


def turn():
    """The number of the loop's present turn."""
    return asyncio.get_running_loop().turns


async def one(turns, went, name, *, interactive=False):
    """Go through, and say so."""
    if not turns.try_enter():
        await turns.enter(interactive=interactive)
    went.append(name)


@virtual
async def test_so_many_a_turn_and_in_order():
    """Whatever the number that is here, each turn lets some go, first come, first served."""
    turns, went = LoopFairness(), []

    async def noted(name):
        await one(turns, went, name)
        went[-1] = (name, turn())

    await asyncio.gather(*(noted(name) for name in range(5 * REPLIES_PER_ITERATION)))
    assert [name for name, _ in went] == list(range(5 * REPLIES_PER_ITERATION))
    assert Counter(Counter(number for _, number in went).values()) == {REPLIES_PER_ITERATION: 5}


@virtual
async def test_whoever_is_waited_for_goes_first():
    """An interactive request's reply overtakes the line of those in bulk."""
    turns, went = LoopFairness(), []
    bulk = [one(turns, went, "bulk") for _ in range(4 * REPLIES_PER_ITERATION)]
    await asyncio.gather(*bulk, one(turns, went, "fetch", interactive=True))
    assert went.index("fetch") == REPLIES_PER_ITERATION


@virtual
async def test_bulk_goes_on_though_interactive_ones_keep_coming():
    """However many interactive replies stand in line, one of four places is for bulk."""
    turns, went = LoopFairness(), []
    fetches = [
        one(turns, went, "fetch", interactive=True) for _ in range(10 * REPLIES_PER_ITERATION)
    ]
    bulk = [one(turns, went, "bulk") for _ in range(3)]
    await asyncio.gather(*fetches, *bulk)
    assert [at for at, name in enumerate(went) if name == "bulk"] == [7, 11, 15]


@virtual
async def test_more_go_on_where_turns_are_long_anyway(monkeypatch):
    """When others hold the loop for 20 ms a turn, about forty replies go on in each."""
    turns, went, loop = LoopFairness(), [], asyncio.get_running_loop()

    async def noted(name):
        await one(turns, went, name)
        went[-1] = loop.turns
        loop._clock += 0.02 if name % 40 == 4 else 0.0

    await asyncio.gather(*(noted(name) for name in range(85)))
    assert len(went) == 85
    assert 30 < max(Counter(went).values()) <= 40


@virtual
async def test_one_by_one_nobody_waits():
    """Replies that come in turns of their own are never asked to stand in line."""
    turns = LoopFairness()
    for _ in range(3 * REPLIES_PER_ITERATION):
        assert turns.try_enter()
        await settle()


@virtual
async def test_a_cancelled_place_takes_no_turn():
    """Who leaves the line holds nobody up, and no later place is lost."""
    turns, went = LoopFairness(), []
    tasks = [
        asyncio.create_task(one(turns, went, name)) for name in range(3 * REPLIES_PER_ITERATION)
    ]
    await asyncio.sleep(0)
    for task in tasks[REPLIES_PER_ITERATION : 2 * REPLIES_PER_ITERATION]:
        task.cancel()
    await asyncio.wait(tasks)
    assert went == [
        *range(REPLIES_PER_ITERATION),
        *range(2 * REPLIES_PER_ITERATION, 3 * REPLIES_PER_ITERATION),
    ]
    await settle()
    assert turns.try_enter()


@pytest.mark.parametrize("bulk", [True, False])
@virtual
async def test_a_crowd_of_replies_leaves_the_loop_to_others(bulk, monkeypatch, simple_throttle):
    """When a server answers a hundred requests at once, no turn of the loop works on them all."""
    worked = Counter()

    def count(*given):
        worked[turn()] += 1
        return read(*given)

    read = executor.decode_reply
    monkeypatch.setattr(executor, "decode_reply", count)
    async with session_over(FakeTransport(latency=1.0), max_in_flight=101) as session:
        await session.fetch(worker_query(0))
        worked.clear()
        if bulk:
            await session.collect(worker_queries(100))
        else:
            await asyncio.gather(*(session.fetch(query) for query in worker_queries(100)))
    assert worked.total() == 100
    assert max(worked.values()) <= REPLIES_PER_ITERATION
