"""A stream in a loop with an eager task factory."""

import asyncio
import sys

import pytest

from tests.support.fakes import FakeTransport, session_over, worker_queries
from tests.support.virtual import virtual


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@virtual
async def test_eager_tasks():
    """With an eager task factory, workers do not start each other without end."""
    factory = getattr(asyncio, "eager_task_factory", None)
    asyncio.get_running_loop().set_task_factory(factory)
    async with session_over(FakeTransport(), max_in_flight=100) as session:
        outcomes = await session.collect(worker_queries(1000))
    assert len(outcomes) == 1000
