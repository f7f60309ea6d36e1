"""`python -m tests.lab.fleet`: processes that share one budget, with a store and without.

The processes are real pacers in one event loop on a virtual clock: what ships, not a model of it.
"""

import asyncio
import logging
import random
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.session.budget_throttle import PacingOptions
from taskrouter_stats.session.pacer import Pacer
from tests.lab.scenarios import MODELS
from tests.lab.world import Clairvoyant, Latency, Server
from tests.support.faulty_store import FaultyStore
from tests.support.virtual import run_virtual

KEY = BudgetKey("AC1", "WS1", "WorkerStatistics")
WORKERS = 40


@attrs.frozen
class Crew:
    """So many processes with so many requests each, on one limit."""

    processes: int
    jobs: int
    model: str = "fixed1s"
    limit: float = 50.0
    seed: int = 0
    pacing: str = "shared"  # "alone": without a store; "told": each told limit / processes
    rtt: float = 0.15  # seconds to the server and back
    lingers: float = 0.0  # seconds for which a process stays when it is done
    options: tuple[PacingOptions | None, ...] = ()  # of the first ones; None: without a store
    story: "Callable[[World], Coroutine[Any, Any, None]] | None" = None

    @property
    def optimum(self) -> float:
        """The clairvoyant client's completion."""
        rng = random.Random(self.seed)
        limiter = MODELS[self.model](self.limit, rng)
        client = Clairvoyant(limiter, Latency(rng, self.rtt, 0.3))
        return client.finish(self.processes * self.jobs, 100 * self.processes)


@attrs.define(eq=False)
class Process:
    """One process: its pacer, its requests, and what came of them."""

    crew: Crew
    server: Server
    latency: Latency
    store: FaultyStore
    jobs: int
    options: PacingOptions | None
    left: int = 0
    done: int = 0
    sent: int = 0
    refused: int = 0
    finished: float = 0.0
    waits: list[float] = attrs.Factory(list[float])
    is_dead: bool = False
    fleet: Any = None
    pacer: Any = None
    task: Any = None

    @property
    def owed(self) -> int:
        """How many of its requests were not admitted."""
        return self.jobs - self.done

    async def live(self) -> None:
        """Send all requests."""
        self.left = self.jobs
        told = self.crew.limit / self.crew.processes if self.crew.pacing == "told" else None
        options = self.options or PacingOptions(told, 0.0, 0.0)
        if self.crew.pacing == "shared" and self.options is not None:
            self.fleet = SharedPacer(self.store).open(options)
        self.pacer = Pacer(max_in_flight=100, pace_limit=told, shared=self.fleet)
        await asyncio.gather(*(self.work() for _ in range(WORKERS)))
        self.finished = asyncio.get_running_loop().time()
        await asyncio.sleep(self.crew.lingers)
        await self.end()

    async def end(self) -> None:
        """Close the pacer."""
        self.pacer.close()
        if self.fleet is not None:
            await self.fleet.aclose()

    async def work(self) -> None:
        """Send one request after another."""
        while self.left:
            self.left -= 1
            await self.request(interactive=False)

    async def request(self, *, interactive: bool) -> None:
        """Send one request until it is admitted."""
        loop, refused = asyncio.get_running_loop(), False
        while True:
            began = loop.time()
            permit = await self.pacer.acquire(
                KEY,
                interactive=interactive,
                front=refused,
                upcoming=0 if interactive else self.left,
            )
            if interactive:
                self.waits.append(loop.time() - began)
            permit.mark_sent()
            self.sent += 1
            await asyncio.sleep(self.latency.quarter())
            refused, told = self.server.handle(loop.time())
            await asyncio.sleep(self.latency.half() + self.latency.quarter())
            permit.observe(told, refused=refused)
            self.refused += refused
            if not refused:
                self.done += 1
                return

    async def kill(self) -> None:
        """End without a word, as after SIGKILL."""
        self.is_dead = True
        for task in (*self.fleet._tasks, self.task):
            task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@attrs.define(eq=False)
class World:
    """All processes, their server and their store."""

    crew: Crew
    server: Server
    store: FaultyStore
    latency: Latency
    processes: list[Process]
    began: float = 0.0

    def start(self, jobs: int) -> None:
        """Start a process with so many requests."""
        given, number = self.crew.options, len(self.processes)
        options = given[number] if number < len(given) else PacingOptions(None, 0.0, 0.0)
        process = Process(self.crew, self.server, self.latency, self.store, jobs, options)
        process.task = asyncio.create_task(process.live())
        self.processes.append(process)

    async def until(self, seconds: float) -> None:
        """Wait until so many seconds after the start."""
        await asyncio.sleep(max(0.0, self.began + seconds - asyncio.get_running_loop().time()))


@attrs.frozen
class Figures:
    """What came of one run."""

    share: float
    refused: float
    jain: float
    syncs: float
    calls: float
    seconds: float
    world: World


def live(crew: Crew) -> Figures:
    """Run a crew on a virtual clock."""
    random.seed(crew.seed)  # of the pacers' jitter: a run repeats
    return run_virtual(_live(crew))


async def _live(crew: Crew) -> Figures:
    loop, rng = asyncio.get_running_loop(), random.Random(crew.seed)
    server = Server(MODELS[crew.model](crew.limit, rng))
    store, latency = FaultyStore(seed=crew.seed), Latency(rng, crew.rtt, 0.3)
    world = World(crew, server, store, latency, [], loop.time())
    for _ in range(crew.processes):
        await asyncio.sleep(0.2 * rng.random() / crew.processes)
        world.start(crew.jobs)
    story = asyncio.create_task(crew.story(world)) if crew.story is not None else None
    while tasks := [each.task for each in world.processes if not each.task.done()]:
        await asyncio.wait(tasks)
    for process in world.processes:
        if not process.is_dead:
            process.task.result()
    if story is not None:
        await story
    return _figures(world)


def _figures(world: World) -> Figures:
    crew, alive = world.crew, [each for each in world.processes if not each.is_dead]
    seconds = max(each.finished for each in alive) - world.began
    rates = [each.done / (each.finished - world.began) for each in alive]
    sent = sum(each.sent for each in world.processes)
    return Figures(
        share=crew.optimum / seconds,
        refused=sum(each.refused for each in world.processes) / sent,
        jain=sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates)),
        syncs=world.store.writes / seconds / crew.processes,
        calls=world.store.calls / max(1, world.store.writes),
        seconds=seconds,
        world=world,
    )


CREWS = [
    (1, 2000, 50.0, "fixed1s"),
    (4, 400, 50.0, "fixed1s"),
    (16, 100, 50.0, "fixed1s"),
    (1, 2000, 50.0, "sliding10s"),
    (4, 400, 50.0, "sliding10s"),
    (16, 100, 50.0, "sliding10s"),
    (4, 40, 3.0, "fixed1s"),
    (4, 40, 3.0, "sliding10s"),
]


def show_troubles() -> None:
    """Print the table of four processes to which something happens."""
    from tests.lab.fleet_troubles import TROUBLES  # noqa: PLC0415 (it imports this module)

    row = "| {} | {} | {} |\n"
    sys.stdout.write(row.format("what happens to four processes on 50/s", "share", "refused"))
    sys.stdout.write("|---|---|---|\n")
    for name, story in TROUBLES.items():
        runs = [live(Crew(4, 400, seed=seed, story=story)) for seed in range(4)]
        worst, refused = min(run.share for run in runs), max(run.refused for run in runs)
        share = sum(run.share for run in runs) / len(runs)
        mean = sum(run.refused for run in runs) / len(runs)
        sys.stdout.write(
            row.format(name, f"{share:.0%} ({worst:.0%})", f"{mean:.1%} ({refused:.1%})")
        )
        sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    row = "| {} | {} | {} | {} |\n"
    sys.stdout.write(row.format("processes, limiter", "one store", "no store", "told limit / N"))
    sys.stdout.write("|---|---|---|---|\n")
    for processes, jobs, limit, model in CREWS:
        cells = []
        for pacing in ("shared", "alone", "told"):
            runs = [live(Crew(processes, jobs, model, limit, seed, pacing)) for seed in range(2)]
            share = sum(run.share for run in runs) / len(runs)
            refused = sum(run.refused for run in runs) / len(runs)
            cell = f"{share:.0%} / {refused:.1%} / {min(run.jain for run in runs):.2f}"
            if pacing == "shared":
                cell += f"; {runs[0].syncs:.1f} syncs/s of {runs[0].calls:.2f} calls"
            cells.append(cell)
        sys.stdout.write(row.format(f"{processes} on {limit:g}/s {model}", *cells))
        sys.stdout.flush()


if __name__ == "__main__":
    logging.disable()  # the stores' failures are wanted
    main()
    show_troubles()
