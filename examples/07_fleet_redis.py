"""Several processes share one rate limit: ``python examples/07_fleet_redis.py [redis://…]``.

The server counts requests by account and method, so processes that do not know of each other fight
for one allowance. A ``SharedPacer`` joins them by a Redis or Valkey server: what one process learns
of the limit all know, and single requests of any process go before the bulk of all.

The script starts three processes that fetch a third of the Workers each, and meanwhile fetches
single answers itself. In your programs, each process gives its session a ``SharedPacer`` of the
same URL. Put the URL into ``TASKROUTER_STATS_SHARED``: other users of a machine can see arguments.
"""

import asyncio
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from account import account_for_processes

from taskrouter_stats import Success, TaskRouterSession, queries
from taskrouter_stats.fleet import SharedPacer

PROCESSES = 3


def open_session() -> TaskRouterSession:
    """Return a session of the environment's account, whose rate limits all processes share."""
    return TaskRouterSession.from_env(pacer=SharedPacer(os.environ["TASKROUTER_STATS_SHARED"]))


async def fetch_part(workspace_sid: str, worker_sids: list[str]) -> tuple[int, int]:
    """Fetch some Workers in bulk; return how many were answered, and how many 429s came."""
    asked = (queries.worker_statistics(workspace_sid, sid) for sid in worker_sids)
    async with open_session() as session, session.stream(asked) as outcomes:
        done = sum([isinstance(outcome, Success) async for outcome in outcomes])
        return done, outcomes.progress.refused


def run_part(workspace_sid: str, worker_sids: list[str]) -> tuple[int, int]:
    """Run ``fetch_part`` in another process."""
    return asyncio.run(fetch_part(workspace_sid, worker_sids))


async def fetch_single_answers(
    session: TaskRouterSession, workspace_sid: str, worker_sid: str, until: asyncio.Future
) -> list[float]:
    """Fetch one Worker again and again until the others have ended; return each one's seconds."""
    took = []
    while not until.done():
        asked_at = time.monotonic()
        await session.fetch(queries.worker_statistics(workspace_sid, worker_sid))
        took.append(time.monotonic() - asked_at)
        await asyncio.sleep(0.1)
    return took


async def main() -> None:
    """Share the Workers out among the processes."""
    begun, loop = time.monotonic(), asyncio.get_running_loop()
    async with (
        account_for_processes(workers=150, limit=50) as workspace_sid,
        open_session() as session,
    ):
        workers = await session.iterate(queries.workers(workspace_sid)).collect()
        sids = [worker.sid for worker in workers]
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            jobs = [
                loop.run_in_executor(pool, run_part, workspace_sid, sids[start::PROCESSES])
                for start in range(PROCESSES)
            ]
            parts = asyncio.gather(*jobs)
            took = await fetch_single_answers(session, workspace_sid, sids[0], parts)
        done, refused = map(sum, zip(*parts.result(), strict=True))
    print(f"{PROCESSES} processes: {done} of {len(sids)} in {time.monotonic() - begun:.1f} s")
    print(f"{refused} requests refused")
    print(f"{len(took)} single answers meanwhile, the slowest after {max(took) * 1000:.0f} ms")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ["TASKROUTER_STATS_SHARED"] = sys.argv[1]
    if not os.environ.get("TASKROUTER_STATS_SHARED"):
        sys.exit("Start a Redis or Valkey server, and give its URL, such as redis://localhost:6379")
    asyncio.run(main())
