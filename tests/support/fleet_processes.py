"""Several processes of ``fleet_client`` on one account, started at the same moment."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import attrs

from . import preloaded
from .fleet_client import Job, Report

__all__ = ["Fleet", "fleet", "jain"]


@attrs.define
class Fleet:
    """The processes that run now."""

    processes: list[Process] = attrs.field(factory=list[Process])

    async def prepare(self, *jobs: Job) -> list[Process]:
        """Start a process for each job, up to the point where its run can begin."""
        command = preloaded.command("-m", "tests.support.fleet_client")
        started = [
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=1 << 20)
            for _ in jobs
        ]
        self.processes += started
        for process, job in zip(started, jobs, strict=True):
            process.stdin.write(json.dumps(attrs.asdict(job)).encode() + b"\n")
        for process in started:
            assert await process.stdout.readline() == b"ready\n"
        return started

    def begin(self, processes: Sequence[Process]) -> None:
        """Let prepared processes begin their runs at the same moment."""
        for process in processes:
            process.stdin.write(b"go\n")

    async def kill(self, process: Process) -> None:
        """End a process with ``kill -9``."""
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        self.processes.remove(process)

    async def finish(self, process: Process) -> Report:
        """Let a process end after the queries under way; return its report."""
        printed, _ = await process.communicate(b"")
        self.processes.remove(process)
        return Report(**json.loads(printed))

    async def reports(self) -> list[Report]:
        """Return the report of every process, as they end by themselves."""
        lines = await asyncio.gather(*(process.stdout.readline() for process in self.processes))
        for process in list(self.processes):
            await process.communicate(b"")
            self.processes.remove(process)
        return [Report(**json.loads(line)) for line in lines]


@asynccontextmanager
async def fleet() -> AsyncIterator[Fleet]:
    """Yield a fleet without processes; kill those that run at the end."""
    running = Fleet()
    try:
        yield running
    finally:
        for process in list(running.processes):
            await running.kill(process)


def jain(reports: Sequence[Report]) -> float:
    """Return Jain's index of the processes' rates: 1 is equal."""
    rates = [report.done / (report.ended - report.began) for report in reports]
    return sum(rates) ** 2 / (len(rates) * sum(rate**2 for rate in rates))
