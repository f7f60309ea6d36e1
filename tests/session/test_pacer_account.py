"""The account's limit of requests in flight, with the real throttle."""

import asyncio

from taskrouter_stats.core.rate_limit import RateLimit
from tests.support.permit_queue import PermitQueue
from tests.support.virtual import virtual


@virtual
async def test_the_limit_binds_after_replies():
    """After a crowd of 20 with one refused, at most 19 are in flight, however many ended since."""
    queue, left = PermitQueue(max_in_flight=100), RateLimit(limit=1000, remaining=1000)
    for _ in range(10):
        await queue.probe(limit=1000, remaining=1000)
    crowd = [f"crowd {number}" for number in range(20)]
    await queue.acquire_all(*crowd)
    await queue.reply(crowd[-1], left, refused=True)
    for name in crowd[:-1]:
        await queue.reply(name, left)
    await asyncio.sleep(5)
    await queue.acquire_all(*(f"later {number}" for number in range(30)))
    await asyncio.sleep(1)
    assert 10 <= queue.state().in_flight <= 19
    await queue.end()
