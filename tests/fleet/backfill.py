"""A backfill of simulated accounts on worker processes, one of which is killed on the way."""

import asyncio
import os
import signal
import time
from contextlib import contextmanager

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
        seconds: from the call of ``export`` to its return.
    """

    reports: list
    rows: list
    expected: dict
    asked: int
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
    import distributed  # noqa: PLC0415 (its import costs every process of pytest-xdist a second)

    cluster = distributed.LocalCluster(
        n_workers=workers, threads_per_worker=threads, dashboard_address="127.0.0.1:0"
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


async def backfill(client, simulators, output, windows, *, kill=None, **options):
    """Export the windows of all accounts.

    ``kill=(answers, commits)`` kills a worker once that many queries were answered, and a shard
    that it runs has that many commits.
    """
    began = time.monotonic()
    plans = accounts.plans_of(simulators, windows)
    options |= {"credentials": accounts.credentials, "session": accounts.session}
    running = asyncio.create_task(asyncio.to_thread(export, client, plans, str(output), **options))
    if kill is not None:
        await _kill_one(client, simulators, output, *kill)
    reports = await running
    seconds = time.monotonic() - began
    return Backfill(
        reports,
        accounts.stored(output),
        accounts.truth(simulators, windows),
        _answered(simulators),
        seconds,
    )


async def _kill_one(client, simulators, output, answers, commits):
    processes = await asyncio.to_thread(client.run, os.getpid)
    async with asyncio.timeout(300):
        while True:
            await asyncio.sleep(0.01)
            if _answered(simulators) < answers:
                continue
            for worker, keys in (await asyncio.to_thread(client.processing)).items():
                if any(_commits(output, key) >= commits for key in keys):
                    os.kill(processes[worker], signal.SIGKILL)
                    return


def _commits(output, key):
    """Return the number of the newest commit of the shard that a task's key names."""
    shard = key.removeprefix("export-").rpartition("-")[0]
    names = [path.stem for path in (output / shard / "_state").glob("commit-*.json")]
    return max((int(name.removeprefix("commit-")) for name in names), default=0)


def _answered(simulators):
    """Return the number of requests for Workers' statistics that were not refused."""
    found = [
        counts
        for one in simulators
        for name, counts in one.counters.by_key.items()
        if name.startswith("WorkerStatistics")
    ]
    return sum(counts.requests - counts.refused for counts in found)
