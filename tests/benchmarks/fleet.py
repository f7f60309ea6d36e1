"""Several processes on one budget: with a shared pacer, without one, and with a share each.

``python -m tests.benchmarks.fleet [--only sharing troubles cost pause]``. Each run
has a new simulator in its own process, 30 ms latency, and a new Valkey server. The processes are
those of ``tests/support/fleet_client.py``. A run begins 1.1 s into a ten-second window.

*Share* is the clairvoyant client's time over the fleet's, or what the server allowed over what its
limit allows in the time. *Refused* is the server's count of 429s as a share of all requests. *Jain*
is the fairness of the processes' rates: 1 is equal.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
from attrs import evolve, frozen

from tests.benchmarks.simulating import Served, simulated
from tests.benchmarks.table import Table
from tests.lab.limiters import FixedWindow
from tests.lab.scenarios import MODELS
from tests.lab.world import Clairvoyant, Latency
from tests.support.fleet_client import Job, Report
from tests.support.fleet_processes import Fleet, fleet, jain
from tests.support.redis_servers import RedisServer, redis_server

__all__ = ["TABLES", "optimum"]

LATENCY = 0.03
PHASE = 1.1
LIMIT = 50
PROCESSES = 4
MODES = ("shared", "alone", "divided")


@frozen
class World:
    """What a run has: a simulator, a Valkey server and the processes."""

    served: Served
    store: RedisServer
    fleet: Fleet

    def job(self, workers: Sequence[str] | None = None, mode: str = "shared") -> Job:
        """Return the job of a process: these workers once, or all of them again and again."""
        served = self.served
        chosen = served.workers if workers is None else list(workers)
        job = Job(served.base_url, served.auth, served.workspace, chosen)
        return evolve(
            job,
            is_endless=workers is None,
            shared=self.store.url if mode == "shared" else None,
        )


@asynccontextmanager
async def world(
    workers: int, limit: int, window: str = "fixed1s", **more: object
) -> AsyncIterator[World]:
    """Run a simulator and a Valkey server until the block ends."""
    options = {"workers": workers, "limit": limit, "window": window, "latency": LATENCY, **more}
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server("valkey", folder) as store,
    ):
        async with simulated(**options) as served, fleet() as running:
            yield World(served, store, running)


def optimum(limit: float, window: str, jobs: int) -> float:
    """Return the seconds of one client that knows the limiter's state."""
    rng = random.Random(0)
    limiter = MODELS[window](limit, rng)
    if isinstance(limiter, FixedWindow):
        limiter.phase = PHASE
    return Clairvoyant(limiter, Latency(rng, LATENCY, 0.0)).finish(jobs, jobs)


def show(line: Sequence[str]) -> None:
    """Show a line of a table while the next one is measured."""
    print(*line, sep=" | ", file=sys.stderr, flush=True)


def seconds(reports: Sequence[Report]) -> float:
    """Return the time from the first process's begin to the last one's end."""
    return max(each.ended for each in reports) - min(each.began for each in reports)


async def once(processes: int, limit: int, window: str, jobs: int, mode: str) -> tuple[str, str]:
    """Fetch each worker once by several processes; return what the run was like."""
    async with world(jobs, limit, window) as here:
        part = jobs // processes
        starts = range(0, part * processes, part)
        parts = [here.job(here.served.workers[at : at + part], mode) for at in starts]
        if mode == "divided":
            parts = [evolve(job, pace_limit=limit / processes) for job in parts]
        started = await here.fleet.prepare(*parts)
        await here.served.enter(PHASE)
        here.fleet.begin(started)
        reports = await here.fleet.reports()
    assert not [error for report in reports for error in report.errors]
    share = optimum(limit, window, part * processes) / seconds(reports)
    refused = here.served.refused / here.served.requests
    return f"{share:.0%}, {refused:.1%}, {jain(reports):.2f}", f"{seconds(reports):.1f} s"


async def sharing() -> Table:
    """Return the table of one budget over 1, 4 and 16 processes."""
    rows = [(n, LIMIT, "fixed1s", 500) for n in (1, 4, 16)]
    rows += [(n, LIMIT, "sliding10s", 1000) for n in (1, 4, 16)]
    rows += [(4, 3, w, 48) for w in ("fixed1s", "sliding10s")]
    lines = []
    for processes, limit, window, jobs in rows:
        cells = [await once(processes, limit, window, jobs, mode) for mode in MODES]
        name = f"{processes} on {limit}/s, {window}"
        lines.append((name, *(cell for cell, _ in cells), cells[0][1]))
        show(lines[-1])
    heads = ("alone", "limit / N each")
    cells = [f"{head}: share, refused, Jain" for head in ("shared", *heads)]
    return Table(("processes", *cells, "shared: time"), lines)


async def endless(
    name: str,
    trouble: Callable[[World], Awaitable[int]],
    length: float,
    mode: str = "shared",
) -> tuple[str, ...]:
    """Fetch for ``length`` seconds with four processes while something happens to them."""
    async with world(500, LIMIT) as here:
        started = await here.fleet.prepare(*(here.job(mode=mode) for _ in range(PROCESSES)))
        await here.served.enter(PHASE)
        here.fleet.begin(started)
        troubles = asyncio.create_task(trouble(here))
        await asyncio.sleep(length)
        happened = await troubles
        alive = list(here.fleet.processes)
        reports = await asyncio.gather(*map(here.fleet.finish, alive))
    served, errors = here.served, sum(len(report.errors) for report in reports)
    share = (served.requests - served.refused) / (LIMIT * length)
    refused = f"{served.refused / served.requests:.2%} ({served.refused})"
    line = (name, f"{length:.0f} s", f"{happened}", f"{share:.0%}", refused, f"{errors}")
    show(line)
    return line


def every_few_seconds(length: float) -> Callable[[World], Awaitable[int]]:
    """Return what kills a process every three seconds and lets another begin in its place."""

    async def trouble(here: World) -> int:
        rng, kills = random.Random(0), 0
        loop = asyncio.get_running_loop()
        end, running = loop.time() + length - 3.0, here.fleet
        while loop.time() < end:
            victims = list(running.processes)
            [spare] = await running.prepare(here.job())
            await asyncio.sleep(rng.uniform(1.0, 3.0))
            await running.kill(rng.choice(victims))
            running.begin([spare])
            kills += 1
        return kills

    return trouble


async def suspend(here: World) -> int:
    """Suspend one process for twenty seconds."""
    await asyncio.sleep(5.0)
    process = here.fleet.processes[0]
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(20.0)
    process.send_signal(signal.SIGCONT)
    return 1


async def outage(here: World) -> int:
    """Kill the store, and start it again after ten seconds, empty."""
    await asyncio.sleep(10.0)
    here.store.stop()
    await asyncio.sleep(10.0)
    here.store.start()
    return 1


async def nothing(here: World) -> int:
    """Let the processes run."""
    del here
    return 0


async def troubles() -> Table:
    """Return the table of processes that die or stop, and of a store that does."""
    lines = [
        await endless("nothing happens", nothing, 30.0),
        await endless("kill -9 of a process", every_few_seconds(60.0), 60.0),
        await endless("SIGSTOP of a process for 20 s", suspend, 32.0),
        await endless("the store is down for 10 s, then empty", outage, 32.0),
        await endless("nothing happens, each alone", nothing, 30.0, "alone"),
    ]
    heads = ("what happens", "length", "times", "share", "refused", "failed queries")
    return Table(heads, lines)


async def cost() -> Table:
    """Return the table of what sharing costs."""
    lines = []
    for processes, limit in ((1, 50), (4, 50), (16, 50), (1, 200), (4, 800)):
        found = {}
        for mode in ("alone", "shared"):
            async with world(600, limit) as here:
                workers = here.served.workers * (limit // LIMIT)  # 12 s at the limit
                part = len(workers) // processes
                starts = range(0, part * processes, part)
                jobs = [here.job(workers[at : at + part], mode) for at in starts]
                started = await here.fleet.prepare(*jobs)
                await here.served.enter(PHASE)
                here.fleet.begin(started)
                found[mode] = await here.fleet.reports()
        lines.append(_cost(f"{processes} on {limit}/s", found["alone"], found["shared"]))
        show(lines[-1])
    heads = ("processes", "CPU per request alone", "shared", "of a core, more")
    heads += ("reports/s of a process", "calls a report", "calls a request")
    return Table(heads, lines)


def _cost(name: str, alone: Sequence[Report], shared: Sequence[Report]) -> tuple[str, ...]:
    def total(reports: Sequence[Report], field: str) -> float:
        return sum(getattr(report, field) for report in reports)

    before = total(alone, "cpu") / total(alone, "done")
    after = total(shared, "cpu") / total(shared, "done")
    own_seconds = sum(report.ended - report.began for report in shared)
    return (
        name,
        f"{before * 1e3:.2f} ms",
        f"{after * 1e3:.2f} ms ({after / before - 1:+.0%})",
        f"{(after - before) * total(shared, 'done') / own_seconds:.2%}",
        f"{total(shared, 'steps') / own_seconds:.1f}",
        f"{total(shared, 'calls') / total(shared, 'steps'):.2f}",
        f"{total(shared, 'calls') / total(shared, 'done'):.3f}",
    )


async def pause() -> Table:
    """Return the table of the time until a pause is known to every process."""
    async with world(500, LIMIT, retry_after=1.0) as here:
        jobs = [evolve(here.job(), looks=True) for _ in range(PROCESSES)]
        started = await here.fleet.prepare(*jobs)
        here.fleet.begin(started)
        for _ in range(10):
            await asyncio.sleep(4.0)
            await _spend(here.served)
        reports = await asyncio.gather(*map(here.fleet.finish, started))
    times = sorted((at, n) for n, report in enumerate(reports) for at in report.paused)
    spreads = []
    while times:
        first = times[0][0]
        group = [each for each in times if each[0] < first + 1.0]
        if len({n for _, n in group}) == PROCESSES:
            latest = max(min(at for at, m in group if m == n) for n in range(PROCESSES))
            spreads.append(latest - first)
        times = [each for each in times if each[0] >= first + 1.0]
    spreads.sort()
    middle, worst = spreads[len(spreads) // 2], spreads[-1]
    line = (f"{len(spreads)}", f"{middle * 1e3:.0f} ms", f"{worst * 1e3:.0f} ms")
    return Table(("pauses known to all", "median until the last knows", "worst"), [line])


async def _spend(served: Served) -> None:
    """Spend the budget of a second at once, as another client."""
    place = f"{served.base_url}/v1/Workspaces/{served.workspace}/Workers/{served.workers[0]}"
    headers = {"Authorization": aiohttp.encode_basic_auth(*served.auth)}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def send() -> None:
            async with session.get(f"{place}/Statistics", params={"Minutes": "15"}):
                pass

        await asyncio.gather(*(send() for _ in range(LIMIT)))


TABLES = {"sharing": sharing, "troubles": troubles, "cost": cost, "pause": pause}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Several processes on one budget.")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    chosen = parser.parse_args()
    for name in chosen.only:
        result = asyncio.run(TABLES[name]())
        print(result.markdown() if chosen.markdown else result.text(), flush=True)
        print()
