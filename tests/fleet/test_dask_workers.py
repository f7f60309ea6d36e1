"""Tests of a worker process that is killed."""

import pytest

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
    with worker_processes(2, threads=3) as client:
        yield client


async def test_a_killed_worker_doubles_and_loses_nothing(client, place):
    """Of six accounts by four windows each query is stored once, although a worker is killed."""
    known, often = place / "accounts.json", {"sink": accounts.flushed_often}
    async with accounts.simulated(known, 6, workers=10, limit=20) as simulators:
        done = await backfill(
            client, simulators, place / "lake", accounts.hours(4), kill=(60, 4), **often
        )
    assert (done.is_exact, len(done.expected)) == (True, 240)
    assert any(0 < report.already_done < 40 for report in done.reports)
    assert done.asked >= 240
