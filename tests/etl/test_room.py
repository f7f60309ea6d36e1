"""How much may wait in memory."""

import asyncio

import pytest

from taskrouter_stats.etl.room import LARGEST_WAIT, Room


async def entered(room, most, *, alone=False):
    """How many queries are let in before one has to wait."""
    for number in range(most):
        try:
            async with asyncio.timeout(0):
                await room.wait(alone=alone)
        except TimeoutError:
            return number
        room.enter()
    return most


@pytest.mark.parametrize(
    ("weight", "count"),
    [(0, 50), (10_000, 50), (LARGEST_WAIT // 8, 8), (LARGEST_WAIT, 1), (9 * LARGEST_WAIT, 1)],
)
async def test_heavy_answers_leave_room_for_fewer_queries(weight, count):
    """What the last answer weighed bounds how many queries are under way, but never below one."""
    room = Room()
    assert await entered(room, 50) == 4
    for _ in range(4):
        room.leave(weight)
    assert await entered(room, 50) == count


async def test_alone_waits_for_all_others():
    """A query that may find out for all others starts when none is under way, and is woken."""
    room = Room()
    room.enter()
    waiting = asyncio.ensure_future(room.wait(alone=True))
    await asyncio.sleep(0)
    assert not waiting.done()
    room.leave(0)
    await waiting
    assert room.under_way == 0
