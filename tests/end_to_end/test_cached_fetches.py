"""Many clients of one session with a cache, over real sockets, beside a bulk run."""

import asyncio
import random

from taskrouter_stats import TaskRouterSession, queries
from taskrouter_stats.simulator import Simulator

WORKERS = 50
CLIENTS = 200


async def test_many_clients_cost_one_request_for_each_worker():
    """Two hundred clients cost one request per worker, and get each worker's own statistics."""
    async with (
        Simulator(workers=WORKERS, limit=500, latency=0.01) as simulator,
        TaskRouterSession(
            simulator.credentials, base_url=simulator.base_url, cache_ttl=60
        ) as session,
    ):
        workspace = simulator.workspace_sid
        sids = [worker.sid for worker in simulator.world.workers]

        async def client(number):
            for sid in random.Random(number).sample(sids, 20):
                statistics = await session.fetch(queries.worker_statistics(workspace, sid))
                assert statistics.worker_sid == sid

        async with asyncio.TaskGroup() as group:
            bulk = group.create_task(session.stream_worker_statistics(workspace).collect())
            for number in range(CLIENTS):
                group.create_task(client(number))
    counts = simulator.counters.by_key["WorkerStatistics-Fetch"]
    assert {type(outcome).__name__ for outcome in bulk.result()} == {"Success"}
    assert counts.succeeded == 2 * WORKERS
