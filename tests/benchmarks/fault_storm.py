"""A storm of faults over real sockets: ``python -m tests.benchmarks.fault_storm [QUERIES]``.

Every query must end in one outcome, every success be what the world says, and no storm of retries
follow. 20,000 queries by default; the test in ``tests/end_to_end`` runs fewer.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

from attrs import frozen

from taskrouter_stats import Success, TaskRouterSession, Window, models, queries
from taskrouter_stats.simulator import Simulator

WINDOW = Window.last(hours=8)
WORKERS = 50


@frozen
class Storm:
    """What came of it."""

    queries: int
    outcomes: int
    failures: dict[str, int]
    wrong: int
    attempts: int
    refused: int
    requests: int
    seconds: float

    @property
    def attempts_each(self):
        """Sends for each query, those that a 429 refused left out."""
        return self.attempts / self.queries


async def truth(simulator, asked):
    """What an unspoilt server of the same world says to each worker's query."""
    async with (
        Simulator(WORKERS, window="none", seed=3, latency=0) as calm,
        TaskRouterSession(calm.credentials, base_url=calm.base_url) as session,
    ):
        told = [outcome.unwrap() for outcome in await session.collect(asked)]
    return {value.worker_sid: models.to_json(value) for value in told}


async def storm(count, share=0.25):
    """Ask so many questions of a server that spoils that share of its answers."""
    began = time.monotonic()
    async with (
        Simulator(WORKERS, 1_000, seed=3, latency=0, faults=share) as simulator,
        TaskRouterSession(
            simulator.credentials, base_url=simulator.base_url, timeout=0.5
        ) as session,
    ):
        window = WINDOW.at(datetime.now(UTC))
        asked = [
            queries.worker_statistics(simulator.workspace_sid, worker.sid, window)
            for worker in simulator.world.workers
        ]
        expected = await truth(simulator, asked)
        many = (asked * (count // WORKERS + 1))[:count]
        outcomes = await session.collect(many)
        requests = simulator.counters.requests
    failures = dict[str, int]()
    for outcome in outcomes:
        if not isinstance(outcome, Success):
            name = type(outcome.error).__name__
            failures[name] = failures.get(name, 0) + 1
    wrong = sum(
        models.to_json(outcome.value) != expected[query.sid]
        for query, outcome in zip(many, outcomes, strict=True)
        if isinstance(outcome, Success)
    )
    attempts = sum(outcome.meta.attempts for outcome in outcomes)
    refused = sum(outcome.meta.refused for outcome in outcomes)
    took = time.monotonic() - began
    return Storm(count, len(outcomes), failures, wrong, attempts, refused, requests, took)


if __name__ == "__main__":
    found = asyncio.run(storm(int(sys.argv[1]) if sys.argv[1:] else 20_000))
    print(found, f"{found.attempts_each:.3f} attempts each", sep="\n")
