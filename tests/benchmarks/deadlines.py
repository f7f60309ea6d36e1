"""The delay after a caller's deadline: ``python -m tests.benchmarks.deadlines``.

Each call, under ``asyncio.timeout``, sends a request to a local server that never replies. The
script prints the time from the deadline to the end of the call.
"""

import asyncio

from taskrouter_stats import TaskRouterSession, queries
from tests.support.fakes import CREDENTIALS, WORKSPACE, worker_queries, worker_query
from tests.support.servers import RawServer

TIMES, DEADLINE = 100, 0.05
CALLS = {
    "fetch": lambda session: session.fetch(worker_query(1)),
    "iterate": lambda session: session.iterate(queries.workers(WORKSPACE)).collect(),
    "stream of 500": lambda session: session.stream(worker_queries(500)).collect(),
    "main job": lambda session: session.stream_worker_statistics(WORKSPACE).collect(),
}


async def lateness(session, call):
    """Return the seconds from the deadline to the end of the call."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE
    try:
        async with asyncio.timeout_at(deadline):
            await call(session)
    except TimeoutError:
        return loop.time() - deadline
    raise AssertionError("the server replied, but it must not")


async def main():
    """Print the median and maximum of each call."""
    async with RawServer(b"", hold=True).running() as base_url:
        for name, call in CALLS.items():
            async with TaskRouterSession(CREDENTIALS, base_url=base_url) as session:
                late = sorted([await lateness(session, call) for _ in range(TIMES)])
            median, worst = (1000 * seconds for seconds in (late[TIMES // 2], late[-1]))
            print(f"{name:14} median {median:5.1f} ms, maximum {worst:5.1f} ms of {TIMES}")


if __name__ == "__main__":
    asyncio.run(main())
