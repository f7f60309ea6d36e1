"""The memory limit of an export: how many queries may be in flight."""

import asyncio

import pytest

from taskrouter_stats.etl.output.memory_limit import MAX_PENDING_BYTES, MemoryLimit


async def started(limit, most, *, exclusive=False):
    """Return how many more queries could start at once, up to a maximum."""
    for number in range(most):
        try:
            async with asyncio.timeout(0):
                await limit.wait(exclusive=exclusive)
        except TimeoutError:
            return number
        limit.start()
    return most


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (0, 50),
        (10_000, 50),
        (MAX_PENDING_BYTES // 8, 8),
        (MAX_PENDING_BYTES, 1),
        (9 * MAX_PENDING_BYTES, 1),
    ],
)
async def test_large_answers_lower_the_number_of_queries_in_flight(size, count):
    """The size of the last answer limits the queries in flight, but never below one."""
    limit = MemoryLimit()
    assert await started(limit, 50) == 4
    for _ in range(4):
        limit.finish(size)
    assert await started(limit, 50) == count


async def test_an_exclusive_query_waits_for_all_others():
    """An exclusive query starts once no other query is in flight."""
    limit = MemoryLimit()
    limit.start()
    waiting = asyncio.ensure_future(limit.wait(exclusive=True))
    await asyncio.sleep(0)
    assert not waiting.done()
    limit.finish(0)
    await waiting
    assert limit.in_flight == 0
