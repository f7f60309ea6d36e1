"""Tests of worker processes that are killed."""

import asyncio

import pytest

from taskrouter_stats.fleet import dask as fleet
from tests.fleet import accounts
from tests.fleet.backfill import backfill, worker_processes


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder, and name its file of accounts to the processes to come."""
    folder = tmp_path_factory.mktemp("fleet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(accounts.VARIABLE, str(folder / "accounts.json"))
        yield folder


@pytest.fixture(scope="module")
def client(place):
    """Return a client of a cluster of two worker processes, which Dask starts again."""
    with worker_processes(2, threads=2) as client:
        yield client


async def test_a_killed_worker_doubles_and_loses_nothing(client, place):
    """Of six accounts by four windows each query is stored once, although a worker is killed."""
    windows = accounts.hours(4)
    known = place / "accounts.json"
    async with accounts.simulated(known, 6, workers=10, limit=40) as simulators:
        often = {"sink": accounts.flushed_often}
        done = await backfill(client, simulators, place / "lake", windows, kill_after=80, **often)
    assert (done.killed, done.is_exact, len(done.expected)) == (1, True, 240)
    assert any(0 < report.already_done < 40 for report in done.reports)
    assert done.asked < 240 + 80


async def test_allowed_failures_end_a_task(client, place):
    """A task whose workers die is run again as often as Dask allows, then its report says so."""
    client.cluster.scheduler.allowed_failures = 0
    async with accounts.simulated(place / "accounts.json", 1, workers=1) as simulators:
        plans = accounts.plans_of(simulators, accounts.hours(1))
        reports = await asyncio.to_thread(
            fleet.export, client, plans, str(place / "never"), credentials=accounts.killer
        )
    assert [report.error.partition(":")[0] for report in reports] == ["KilledWorker"]
    assert [report.complete for report in reports] == [False]
