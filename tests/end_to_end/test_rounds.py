"""Sessions that open and close many times leave nothing behind."""

import gc
import sys
from collections import Counter
from pathlib import Path

import pytest

from taskrouter_stats import TaskRouterSession, queries
from taskrouter_stats.simulator import Simulator
from tests.support.virtual import settle

ROUNDS, WARMING_UP = 1_000, 100
DESCRIPTORS = Path("/dev/fd")
OURS = ("taskrouter_stats", "aiohttp", "asyncio", "_asyncio")


async def rounds(simulator, count):
    """Open this many sessions, each for one fetch."""
    query = queries.workspace(simulator.workspace_sid)
    for _ in range(count):
        async with TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session:
            await session.fetch(query)
    await settle()


def held():
    """Return this process's descriptors, blocks of memory, and objects by type."""
    gc.collect()
    types = Counter(type(item) for item in gc.get_objects())
    ours = {kind: n for kind, n in types.items() if str(kind.__module__).startswith(OURS)}
    return len(list(DESCRIPTORS.iterdir())), sys.getallocatedblocks(), Counter(ours)


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="this system does not list descriptors")
async def test_a_thousand_rounds_leave_nothing():
    """No descriptor and no object of the package or aiohttp stays, nor memory for each session."""
    async with Simulator(workers=1, limit=1_000_000, window="none", latency=0) as simulator:
        await rounds(simulator, WARMING_UP)
        descriptors, blocks, ours = held()
        await rounds(simulator, ROUNDS)
        descriptors_after, blocks_after, ours_after = held()
        assert simulator.counters.succeeded == WARMING_UP + ROUNDS
    assert descriptors_after == descriptors
    assert ours_after - ours == {}
    assert blocks_after - blocks < ROUNDS  # the interpreter's own caches still grow a little
