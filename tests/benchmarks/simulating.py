"""The simulator in another process, so that it does not use its client's event loop.

The parent can advance its clock, so that a run begins at a chosen phase of the ten-second and
one-second windows without waiting.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from taskrouter_stats import Credentials
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.simulator.simulator import steady_clock

__all__ = ["LONGEST_WINDOW", "Served", "simulated"]

LONGEST_WINDOW = 10.0
"""Seconds; the shorter windows divide it."""


@define
class Served:
    """The address and data of a running simulator, and its counts after it ended."""

    base_url: str
    auth: tuple[str, str]
    workspace: str
    workers: list[str]
    requests: int = 0
    refused: int = 0
    process: Process | None = field(default=None, repr=False)

    @property
    def credentials(self) -> Credentials:
        """The accepted credentials."""
        return Credentials.auth_token(*self.auth)

    async def enter(self, phase: float) -> None:
        """Advance its clock to this many seconds into a ten-second window."""
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{phase}\n".encode())
        await self.process.stdout.readline()


@asynccontextmanager
async def simulated(**options: Any) -> AsyncIterator[Served]:
    """Run a simulator with these arguments until the block ends."""
    command = (sys.executable, "-m", "tests.benchmarks.simulating", json.dumps(options))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    served = Served(**json.loads(await process.stdout.readline()), process=process)
    try:
        yield served
    finally:
        printed, _ = await process.communicate(b"")
        served.requests, served.refused = json.loads(printed)


async def serve(options: dict[str, Any]) -> None:
    """Simulate until standard input ends; each of its lines advances the clock."""
    steady, ahead = steady_clock(), 0.0
    async with Simulator(**options, clock=lambda: steady() + ahead) as simulator:
        simulator._server.time = lambda: steady() + ahead  # limits use the advanced clock too
        served = {
            "base_url": simulator.base_url,
            "auth": simulator.auth,
            "workspace": simulator.workspace_sid,
            "workers": [worker.sid for worker in simulator.world.workers],
        }
        print(json.dumps(served), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            ahead += (float(line) - steady() - ahead) % LONGEST_WINDOW
            print(flush=True)
        counters = simulator.counters
        print(json.dumps([counters.requests, counters.refused]), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
