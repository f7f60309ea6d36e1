"""One run of one row: completion over the clairvoyant optimum, refusals, fairness, waits."""

import math
import random
from collections.abc import Callable

import attrs

from tests.lab.baselines import Backoff, Semaphore, StaticBucket
from tests.lab.scenarios import MODELS, Row, rewriting
from tests.lab.subject import Ours
from tests.lab.world import Clairvoyant, Client, Clock, Latency, Rival, Server, Strategy

CLIENTS: dict[str, Callable[[Row, random.Random], Strategy]] = {
    "ours": lambda row, rng: Ours(rng),
    "backoff": lambda row, rng: Backoff(rng),
    "static": lambda row, rng: StaticBucket(row.limit),
    "semaphore": lambda row, rng: Semaphore(),
}


@attrs.frozen
class Result:
    """What one seed of one row came to."""

    seconds: float
    ratio: float
    refused: float
    rival: float
    jain: float
    wait: float


def size(row: Row, seed: int) -> int:
    """Return the number of jobs: the row's own, or one drawn from its range."""
    if row.sizes is None:
        return row.jobs
    return random.Random(f"size/{row.name}/{seed}").randint(*row.sizes)


def world(row: Row, seed: int, strategy: str = "ours") -> tuple[Clock, Server, list[Client]]:
    """Everything that one run needs, not yet begun."""
    rng = random.Random(f"{row.name}/{seed}")
    limiter = MODELS[row.model](row.limit, rng)
    server = Server(limiter, rewriting(row.headers, rng), row.at_once, row.tells, row.service)
    clock, latency = Clock(), Latency(rng, row.rtt, row.sigma)
    jobs = size(row, seed) // row.processes
    clients = [
        Client(
            clock,
            server,
            latency,
            CLIENTS[strategy](row, random.Random(rng.random())),
            jobs=jobs,
            connect=row.connect,
            visible=row.visible,
        )
        for _ in range(row.processes)
    ]
    for client in clients:
        clock.at(0.0, client.pump)
    while row.spent and not server.handle(0.0)[0]:
        pass
    for time, limit in row.steps:
        clock.at(time, limiter.step, limit)
    for i in range(row.urgent):
        clock.at(1.0 + 1.37 * i, clients[0].add_urgent)
    return clock, server, clients


def run(row: Row, seed: int, strategy: str = "ours") -> Result:
    """Live through one row with one seed."""
    clock, server, clients = world(row, seed, strategy)
    rival = Rival(clock, server, row.rival * row.limit) if row.rival else None
    if rival is not None:
        clock.at(0.0, rival.tick)
    jobs = size(row, seed)
    share = jobs // row.processes

    def done() -> bool:
        return all(c.tally.done >= share + row.urgent for c in clients)

    clock.run(done, until=100.0 * jobs / row.limit + 600.0)
    seconds = max(c.tally.finished for c in clients) if done() else math.inf
    rates = [share / c.tally.finished if c.tally.finished else 0.0 for c in clients]
    waits = sorted(clients[0].tally.waits)
    attempts = sum(c.tally.attempts for c in clients)
    return Result(
        seconds=seconds,
        ratio=seconds / optimum(row, seed),
        refused=sum(c.tally.refused for c in clients) / attempts,
        rival=rival.denied / rival.sent if rival else 0.0,
        jain=sum(rates) ** 2 / (len(rates) * sum(r * r for r in rates)) if sum(rates) else 0.0,
        wait=waits[-1] if waits else 0.0,
    )


def optimum(row: Row, seed: int) -> float:
    """The clairvoyant client's completion; beside a rival it may use only the rest."""
    rng = random.Random(f"{row.name}/{seed}")
    limiter = MODELS[row.model](row.limit * (1.0 - row.rival), rng)
    latency = Latency(rng, row.rtt, row.sigma)
    client = Clairvoyant(limiter, latency, row.steps, row.at_once, row.service)
    return client.finish(size(row, seed) + row.urgent, 100 * row.processes)
