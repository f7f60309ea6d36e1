"""CPU and wall time of one request, as ratios to aiohttp at its best.

Contenders take turns within a round, so a machine that is busy is busy for all of them. A ratio is
one round's; what is told is the median of the rounds, and the quartiles as its spread. CPU is that
of the client's process.
"""

import gc
import statistics
import time
from contextlib import AsyncExitStack

from attrs import frozen

from tests.benchmarks.contenders import CONTENDERS, Ask

__all__ = ["Cost", "Ratio", "measure"]

ROUNDS, REQUESTS, WARM_UP = 15, 2_000, 500


@frozen
class Ratio:
    """A median with its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Ratio":
        """The median and quartiles of what the rounds measured."""
        return cls(*statistics.quantiles(values, n=4))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@frozen
class Cost:
    """One contender's: µs of CPU and of wall per request, medians, and CPU to the others'."""

    cpu: float
    wall: float
    to: dict[str, Ratio]


async def measure(base_url: str, rounds: int = ROUNDS) -> dict[str, Cost]:
    """Let all contenders ask in turns, in the running loop."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    async with AsyncExitStack() as stack:
        asks = {
            name: await stack.enter_async_context(contender(base_url))
            for name, contender in CONTENDERS.items()
        }
        for ask in asks.values():
            await ask(WARM_UP)
        for number in range(rounds):
            order = list(asks)
            for name in order[number % len(order) :] + order[: number % len(order)]:
                spent[name].append(await _spend(asks[name]))
    cpu = {name: [one for one, _ in each] for name, each in spent.items()}
    return {
        name: Cost(
            statistics.median(cpu[name]),
            statistics.median(wall for _, wall in each),
            {
                other: Ratio.of([a / b for a, b in zip(cpu[name], cpu[other], strict=True)])
                for other in cpu
            },
        )
        for name, each in spent.items()
    }


async def _spend(ask: Ask) -> tuple[float, float]:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await ask(REQUESTS)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return 1e6 * cpu / REQUESTS, 1e6 * wall / REQUESTS
