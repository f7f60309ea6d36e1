"""Peak memory of a stream of 1,000 and of 10,000 queries.

`python tests/benchmarks/stream_memory.py`: each size runs in a process of its own against one
simulator without a limit; the figure is the process's peak resident memory.
"""

import asyncio
import os
import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from taskrouter_stats import Query, Success, TaskRouterSession, Window, models, queries
from taskrouter_stats.simulator import Simulator

SIZES = (1_000, 10_000)


def all_queries(workspace_sid: str, count: int) -> Iterator[Query[models.WorkerStatistics]]:
    """One after the other, a window of its own for each, from a generator."""
    end = datetime.now(UTC) - timedelta(days=1)
    for number in range(count):
        window = Window.between(end - timedelta(minutes=15 + number % 600), end)
        worker_sid = os.environ["WORKERS"].split(",")[number % 100]
        yield queries.worker_statistics(workspace_sid, worker_sid, window)


async def child(base_url: str, workspace_sid: str, count: int) -> None:
    """Stream so many queries and print the peak."""
    succeeded = 0
    credentials = models.Credentials.from_env()
    async with (
        TaskRouterSession(credentials, base_url=base_url) as session,
        session.stream(all_queries(workspace_sid, count)) as outcomes,
    ):
        async for outcome in outcomes:
            succeeded += isinstance(outcome, Success)
    assert succeeded == count
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


async def main() -> None:
    """Run every size against one simulator and print the table."""
    async with Simulator(workers=100, window="none", latency=0) as simulator:
        account, token = simulator.auth
        workers = ",".join(worker.sid for worker in simulator.world.workers)
        env = os.environ | {
            "TWILIO_ACCOUNT_SID": account,
            "TWILIO_AUTH_TOKEN": token,
            "WORKERS": workers,
        }
        peaks = []
        for size in SIZES:
            arguments = (__file__, simulator.base_url, simulator.workspace_sid, str(size))
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, env=env, stdout=asyncio.subprocess.PIPE
            )
            printed, _ = await process.communicate()
            peaks.append(float(printed))
            more = peaks[-1] - peaks[0]
            print(f"{size:>8,} queries: peak {peaks[-1]:6.1f} MiB ({more:+.1f} MiB)")


if __name__ == "__main__":
    asyncio.run(child(sys.argv[1], sys.argv[2], int(sys.argv[3])) if sys.argv[1:] else main())
