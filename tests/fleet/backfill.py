"""A backfill of simulated accounts on worker processes, one of which is killed on the way."""

import asyncio
import os
import signal
import time
from contextlib import contextmanager

import distributed
from attrs import frozen

from taskrouter_stats.fleet.dask import export
from tests.fleet import accounts

__all__ = ["Backfill", "backfill", "worker_processes"]


@frozen
class Backfill:
    """What came of a backfill.

    Attributes:
        reports: the report of each account.
        rows: key and counts of each stored row.
        expected: the counts of every key, as the accounts' worlds have them.
        asked: requests for statistics that the servers answered.
        killed: workers killed.
        seconds: from the call of ``export`` to its return.
    """

    reports: list
    rows: list
    expected: dict
    asked: int
    killed: int
    seconds: float

    @property
    def is_exact(self):
        """Whether each key is stored once, with the server's counts, and is counted once."""
        planned = sum(report.planned for report in self.reports)
        done = sum(report.written + report.already_done for report in self.reports)
        return (
            all(report.complete for report in self.reports)
            and planned == done == len(self.rows) == len(self.expected)
            and dict(self.rows) == self.expected
        )


@contextmanager
def worker_processes(workers, threads):
    """Run a cluster of processes, and yield a client of it; call it after ``VARIABLE`` is set."""
    cluster = distributed.LocalCluster(
        n_workers=workers, threads_per_worker=threads, dashboard_address="127.0.0.1:0"
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


async def backfill(client, simulators, output, windows, *, kill_after=None, **options):
    """Export the windows of all accounts; kill a worker once so many answers were given."""
    began, killed = time.monotonic(), 0
    plans = accounts.plans_of(simulators, windows)
    options |= {"credentials": accounts.credentials, "session": accounts.session}
    running = asyncio.create_task(asyncio.to_thread(export, client, plans, str(output), **options))
    if kill_after is not None:
        while _answered(simulators) < kill_after:  # noqa: ASYNC110 (other processes change it)
            await asyncio.sleep(0.01)
        workers = await asyncio.to_thread(client.run, os.getpid)
        os.kill(min(workers.values()), signal.SIGKILL)
        killed = 1
    reports = await running
    seconds = time.monotonic() - began
    return Backfill(
        reports,
        accounts.stored(output),
        accounts.truth(simulators, windows),
        _answered(simulators),
        killed,
        seconds,
    )


def _answered(simulators):
    """Return the number of requests for Workers' statistics that were not refused."""
    found = [
        counts
        for one in simulators
        for name, counts in one.counters.by_key.items()
        if name.startswith("WorkerStatistics")
    ]
    return sum(counts.requests - counts.refused for counts in found)
