"""Several processes and a real server: one budget, and what a death costs the others."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from taskrouter_stats.simulator import Simulator
from tests.support.fleet_client import Job
from tests.support.fleet_processes import fleet
from tests.support.redis_servers import GENERATIONS, find_server, redis_server


@asynccontextmanager
async def serving(**options):
    """Run a simulator in this process; yield it with what makes a job for its Workers."""
    async with Simulator(latency=0.01, **options) as simulator:
        workers = [worker.sid for worker in simulator.world.workers]

        def job(url, part, **more):
            place = (simulator.base_url, simulator.auth, simulator.workspace_sid)
            return Job(*place, workers[part], url, **more)

        yield simulator, job


async def test_two_processes_share_a_budget(valkey):
    """Two processes fetch every Worker once, hardly any request is refused, and both end."""
    async with serving(workers=60, limit=30) as (simulator, job), fleet() as running:
        both = await running.prepare(job(valkey.url, slice(0, 30)), job(valkey.url, slice(30, 60)))
        running.begin(both)
        reports = await running.reports()
    assert [(report.done, report.errors) for report in reports] == [(30, []), (30, [])]
    assert simulator.counters.refused <= 2
    assert all(0 < report.steps <= report.calls for report in reports)


async def until(simulator, requests):
    """Wait until the simulator has got so many requests."""
    while simulator.counters.requests < requests:  # noqa: ASYNC110 (the simulator has no event)
        await asyncio.sleep(0.01)


async def test_deaths_cost_no_query(tmp_path):
    """After ``kill -9`` of a process, then of the server, the other fetches every Worker."""
    if find_server("valkey") is None:
        pytest.skip(GENERATIONS["valkey"])
    async with serving(workers=60, limit=30) as (simulator, job), fleet() as running:
        with redis_server("valkey", tmp_path) as store:
            victim, heir = await running.prepare(
                job(store.url, slice(0, 30), is_endless=True), job(store.url, slice(30, 60))
            )
            running.begin([victim, heir])
            await until(simulator, 20)
            await running.kill(victim)
            await until(simulator, 30)
            store.stop()
            [report] = await running.reports()
    assert (report.done, report.errors) == (30, [])
    assert simulator.counters.refused <= 3
