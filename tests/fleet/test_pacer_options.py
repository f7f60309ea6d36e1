"""Processes with different options on one budget, and some that do not share it."""

import asyncio

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.fleet.store import MemoryStore
from taskrouter_stats.session.budget_throttle import PacingOptions
from taskrouter_stats.session.pacer import Pacer
from tests.lab.fleet import KEY, Crew, live

NONE = PacingOptions(None, 0.0, 0.0)


def rates(*options, processes=3):
    """Return how many requests a second each process sent, and the share that was refused."""
    sent = []

    async def story(world):
        for second in (2.0, 7.0):
            await world.until(second)
            sent.append([each.sent for each in world.processes])
        for each in world.processes:
            each.left = 0

    figures = live(Crew(processes, 1000, options=options, story=story))
    return [(after - before) / 5.0 for before, after in zip(*sent, strict=True)], figures.refused


@pytest.mark.parametrize("pace_limit", [0.5, 5.0])
def test_a_slow_process_leaves_the_rest_to_the_others(pace_limit):
    """``pace_limit`` bounds one process, and the others use what it does not."""
    (slow, *others), refused = rates(PacingOptions(pace_limit, 0.0, 0.0))
    assert slow <= 1.3 * pace_limit
    assert all(rate >= 0.43 * (50.0 - pace_limit) for rate in others)
    assert refused == 0.0


@pytest.mark.parametrize(("headroom", "reserve"), [(0.4, 0.0), (0.0, 0.4)])
def test_what_one_process_leaves_all_leave(headroom, reserve):
    """The largest ``headroom`` or ``reserve`` holds for the bulk of all, in equal parts."""
    found, refused = rates(PacingOptions(None, headroom, reserve))
    assert 24.0 <= sum(found) <= 31.0
    assert max(found) <= 1.1 * min(found)
    assert refused == 0.0


def test_a_process_without_the_store_is_one_more_client():
    """Who does not share the budget gets a part of it, and few requests are refused."""
    found, refused = rates(None)
    assert min(found) >= 5.0
    assert sum(found) <= 52.0
    assert refused <= 0.01


def test_threads_share_a_store_in_memory():
    """Sessions in several threads, each with a loop of its own, spend one budget."""
    store = MemoryStore()

    async def fetch(count):
        fleet = SharedPacer(store).open(NONE)
        pacer = Pacer(max_in_flight=10, shared=fleet)
        for _ in range(count):
            permit = await pacer.acquire(KEY, interactive=True)
            permit.mark_sent()
            permit.observe(RateLimit(limit=1000.0, remaining=900.0), refused=False)
        pacer.close()
        await fleet.aclose()

    async def all_of_them():
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, fetch(5)) for _ in range(4)))

    asyncio.run(all_of_them())
    (held,) = store._held.values()
    assert b'"sent":20,' in held.blob
