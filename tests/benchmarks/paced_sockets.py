"""A workspace of 500 workers over real sockets: this package, and beside it the vendor's library.

`python tests/benchmarks/paced_sockets.py [--rows fixed1s bucket …]`. Each row is one limit of the
embedded simulator (50 requests a second, 30 ms, unless the row says otherwise), which serves from a
process of its own, a new one for each run. Both clients ask once for each worker's statistics:

* ours: `session.stream(…)` over explicit SIDs, with the defaults of `TaskRouterSession`;
* twilio: the library from PyPI, if it is installed (else the columns stay away), with its
  asynchronous client and 50 tasks. It retries no 429 in a useful way by itself, so each task does
  as the vendor's library for Node can: it waits a random share of 100 ms · 2ⁿ, at most 3 s, n
  counting from 1, here until the request succeeds.

Seconds count from opening the client to the last answer, connections included. Refusals are the
server's count of 429s, as a share of all requests. Each run starts at half a second of the clock.

The optimum is a client's that knows the limiter and needs no time itself, with N workers, L a
second and one round trip for the last answer:

* `sliding1s`, `bucket`: L go at once, the others at L a second: (N - L) / L + 0.03 s;
* `fixed1s`: N / L windows are needed, the first of which is half over, so the last one opens
  N / L - 1 - 0.5 s after the start: N / L - 1.5 + 0.03 s.

Beside the rival of 60%, 500 workers take 25 s of what he leaves; who is faster takes it from him.
Where arithmetic is not so simple the ratio stays away: `python -m tests.lab` has all of them.
"""

import argparse
import asyncio
import json
import random
import sys
import time
import warnings
from asyncio.subprocess import PIPE
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from attrs import frozen

from taskrouter_stats import Success, TaskRouterSession, models, queries
from taskrouter_stats.simulator import WINDOWS, Simulator

try:
    from twilio.base.exceptions import TwilioRestException
    from twilio.http.async_http_client import AsyncTwilioHttpClient
    from twilio.rest import Client
except ImportError:
    Client = None

WORKERS, LIMIT, LATENCY = 500, 50, 0.03
PHASE = 0.5
"""Where in a second of the clock a run starts."""

TASKS = 50
FIRST_DELAY, LONGEST_DELAY = 0.1, 3.0
LONGEST_RUN = 60.0
"""Seconds after which a run is given up."""

TWILIO = "https://taskrouter.twilio.com"
REFUSED = 429

ROWS: dict[str, dict[str, Any]] = {name: {"window": name} for name in WINDOWS} | {
    "rival 0.6": {"rival": 0.6},
    "steps 50-10-100": {"steps": [(2, 10), (6, 100)]},
    "concurrency 20": {"concurrency": 20},
    "quiet 429": {"headers_on_429": False},
    "headerless": {"headers": False, "headers_on_429": False},
    "garbage": {"garbage": True},
}
"""What the simulator is told beside workers, limit and latency; one-second windows by default."""

OPTIMA = {
    "fixed1s": WORKERS / LIMIT - 1 - PHASE + LATENCY,
    "sliding1s": (WORKERS - LIMIT) / LIMIT + LATENCY,
    "bucket": (WORKERS - LIMIT) / LIMIT + LATENCY,
}


@frozen
class Served:
    """Where a simulator listens, and what it lets in and has."""

    base_url: str
    auth: tuple[str, str]
    workspace: str
    workers: list[str]


@frozen
class Run:
    """What came of one run; no seconds when it was given up."""

    seconds: float | None
    requests: int
    refused: int

    def told(self, optimum: float | None) -> str:
        """Three columns of the table."""
        seconds = f"> {LONGEST_RUN:.0f}" if self.seconds is None else f"{self.seconds:.2f}"
        ratio = f"{self.seconds / optimum:.2f}" if self.seconds and optimum else "-"
        return f"{seconds:>8} {ratio:>6} {self.refused / max(1, self.requests):>8.2%}"


AskAll = Callable[[Served], Awaitable[int]]
"""Asks for every worker and returns how many answers came."""


async def ours(served: Served) -> int:
    """Stream every worker's statistics with this package."""
    succeeded = 0
    credentials = models.Credentials.auth_token(*served.auth)
    asked = (queries.worker_statistics(served.workspace, worker) for worker in served.workers)
    async with (
        TaskRouterSession(credentials, base_url=served.base_url) as session,
        session.stream(asked) as outcomes,
    ):
        async for outcome in outcomes:
            succeeded += isinstance(outcome, Success)
    return succeeded


def redirected(base_url: str) -> "AsyncTwilioHttpClient":
    """Return the vendor's asynchronous HTTP client, but for a server of one's own."""
    warnings.simplefilter("ignore", DeprecationWarning)  # it passes aiohttp what goes with v4

    class Redirected(AsyncTwilioHttpClient):
        async def request(self, method, url, *args, **kwargs):
            return await super().request(method, url.replace(TWILIO, base_url), *args, **kwargs)

    return Redirected()


async def with_backoff(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is an answer that is no 429, waiting longer each time."""
    delay = FIRST_DELAY
    while True:
        try:
            await ask()
        except TwilioRestException as error:
            if error.status != REFUSED:
                raise
            delay = min(LONGEST_DELAY, 2 * delay)
            await asyncio.sleep(delay * random.random())
        else:
            return


async def twilio(served: Served) -> int:
    """Ask for every worker's statistics with the vendor's library, from 50 tasks."""
    waiting, succeeded = deque(served.workers), 0
    async with redirected(served.base_url) as http:
        client = Client(*served.auth, http_client=http)
        workspace = client.taskrouter.v1.workspaces(served.workspace)

        async def work() -> None:
            nonlocal succeeded
            while waiting:
                statistics = workspace.workers(waiting.popleft()).statistics()
                await with_backoff(partial(statistics.fetch_async, minutes=15))
                succeeded += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(work())
    return succeeded


async def run(row: str, ask_all: AskAll) -> Run:
    """Serve one row from a new process and let one client ask for everything."""
    command = (sys.executable, __file__, "--serve", row)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    served = Served(**json.loads(await process.stdout.readline()))
    await asyncio.sleep((PHASE - time.time()) % 1)
    seconds: float | None = None
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(LONGEST_RUN):
            succeeded = await ask_all(served)
        seconds = time.perf_counter() - begun
        assert succeeded == WORKERS, f"{row}: only {succeeded} answers"
    except TimeoutError:
        pass
    finally:
        printed, _ = await process.communicate(b"")
    return Run(seconds, **json.loads(printed))


async def serve(row: str) -> None:
    """Simulate one row's server until standard input ends, then print what it has seen."""
    options = {"workers": WORKERS, "limit": LIMIT, "latency": LATENCY} | ROWS[row]
    async with Simulator(**options) as simulator:
        told = {
            "base_url": simulator.base_url,
            "auth": simulator.auth,
            "workspace": simulator.workspace_sid,
            "workers": [worker.sid for worker in simulator.world.workers],
        }
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        seen = simulator.counters
        print(json.dumps({"requests": seen.requests, "refused": seen.refused}), flush=True)


async def main(rows: list[str]) -> None:
    """Run row after row and print the table."""
    clients: dict[str, AskAll] = {"ours": ours} | ({"twilio": twilio} if Client else {})
    heads = (f"{name + ' s':>8} {'ratio':>6} {'refused':>8}" for name in clients)
    print(f"{'row':<16} {'optimum':>8}", *heads, sep=" | ")
    for row in rows:
        optimum = OPTIMA.get(row)
        print(f"{row:<16} {f'{optimum:.2f}' if optimum else '-':>8}", end="", flush=True)
        for ask_all in clients.values():
            print(" |", (await run(row, ask_all)).told(optimum), end="", flush=True)
        print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="500 workers over real sockets, row by row.")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--serve", choices=ROWS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.serve) if chosen.serve else main(chosen.rows))
