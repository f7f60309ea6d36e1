"""(g) Paced runs over real sockets, against the time of a client that knows everything.

`python -m tests.benchmarks.paced [--rows fixed1s "rival 0.6" …] [--rounds 3]`. Each row is one
limit of the embedded simulator (50 requests a second, 30 ms, unless the row says otherwise), which
serves from a process of its own, a new one for each run. The clients are those of `paced_clients`,
each in a process of its own; they go through the rows side by side, since a paced run mostly waits.

Seconds count from opening the client to the last answer, connections included. Refused is the
server's count of 429s, as a share of all requests. The rounds begin at different places of the
windows, the same for every client. The optimum is the laboratory's clairvoyant client, which needs
no time itself, in this row and this place. Beside the rival, the optimum is that of what he leaves:
who is faster takes it from him.
"""

import argparse
import asyncio
import math
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from attrs import field, frozen

from tests.benchmarks.paced_clients import CLIENTS, LIMIT
from tests.benchmarks.simulating import simulated
from tests.benchmarks.table import Ratio, Table
from tests.lab.limiters import FixedWindow
from tests.lab.scenarios import MODELS
from tests.lab.world import Clairvoyant, Latency

__all__ = ["ROWS", "TROUBLES", "Row", "table"]

LATENCY = 0.03
PHASES = (1.1, 3.3, 5.5)
"""Seconds into a window of ten at which the rounds begin; within a second, what is behind 1."""

NAMES = {"ours": "this package", "twilio": "twilio-python", "aiolimiter": "aiolimiter"}

LONGEST_RUN = 120.0
"""Seconds after which a run is given up."""


@frozen
class Row:
    """How many workers are asked for, and what the simulator is told beside limit and latency."""

    workers: int
    window: str = "fixed1s"
    options: dict[str, Any] = field(factory=dict)

    def optimum(self, phase: float) -> float:
        """Seconds that a client needs which knows the limiter from inside."""
        rng = random.Random(0)
        limiter = MODELS[self.window](LIMIT * (1 - self.options.get("rival", 0.0)), rng)
        if isinstance(limiter, FixedWindow):
            limiter.phase = phase
        clairvoyant = Clairvoyant(
            limiter,
            Latency(rng, LATENCY, 0.0),
            tuple(self.options.get("steps", ())),
            self.options.get("concurrency") or math.inf,
        )
        return clairvoyant.finish(self.workers, self.workers)


ROWS = {name: Row(500, name) for name in ("fixed1s", "sliding1s", "bucket")} | {
    name: Row(800, name) for name in ("fixed10s_rate", "fixed10s_total", "sliding10s", "bucket10")
}
"""Every model of a limit; those of ten seconds admit 500 at once."""

QUICK_ROWS = ("fixed1s", "bucket")

TROUBLES = {
    "rival 0.6": Row(500, options={"rival": 0.6}),
    "steps 50-10-100": Row(500, options={"steps": [(2, 10), (6, 100)]}),
    "concurrency 20": Row(500, options={"concurrency": 20}),
    "quiet 429": Row(500, options={"headers_on_429": False}),
    "headerless": Row(500, options={"headers": False, "headers_on_429": False}),
    "garbage": Row(500, options={"garbage": True}),
    "none": Row(500, "none"),
}
"""What else a server does, in one-second windows."""


@frozen
class Run:
    """What came of one run; endless seconds when it was given up."""

    seconds: float
    ratio: float
    refused: float


async def run(client: str, row: Row, phase: float) -> Run:
    """Serve one row and let one client ask for everything."""
    options = {"window": row.window, "limit": LIMIT, "latency": LATENCY} | row.options
    seconds = math.inf
    async with simulated(workers=row.workers, **options) as served:
        await served.enter(phase)
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(LONGEST_RUN):
                succeeded = await CLIENTS[client](served)
            seconds = time.perf_counter() - begun
            assert succeeded == row.workers, f"{client}: only {succeeded} answers"
        except TimeoutError:
            pass
    refused = served.refused / max(1, served.requests)
    return Run(seconds, seconds / row.optimum(phase), refused)


def one_after_another(rows: Sequence[Row], phases: Sequence[float], client: str) -> list[list[Run]]:
    """All runs of one client, by row."""

    async def all_runs() -> list[list[Run]]:
        return [[await run(client, row, phase) for phase in phases] for row in rows]

    return asyncio.run(all_runs())


def measure(rows: dict[str, Row], phases: Sequence[float]) -> Table:
    """Run everything; each cell is a median of seconds, of ratios, of shares."""
    with ProcessPoolExecutor(len(CLIENTS), mp_context=get_context("spawn")) as pool:
        work = partial(one_after_another, list(rows.values()), phases)
        results = list(zip(*pool.map(work, CLIENTS), strict=True))
    lines = []
    for (name, row), clients in zip(rows.items(), results, strict=True):
        optimum = statistics.median(map(row.optimum, phases))
        lines.append((name, f"{row.workers}", f"{optimum:.1f} s", *map(_told, clients)))
    heads = (f"{NAMES[client]}: time, to optimum, refused" for client in CLIENTS)
    return Table(("limit", "workers", "optimum", *heads), lines)


def table(*, quick: bool) -> Table:
    """Every model of a limit, or two of them once."""
    if quick:
        return measure({name: ROWS[name] for name in QUICK_ROWS}, PHASES[:1])
    return measure(ROWS, PHASES)


def _told(runs: Sequence[Run]) -> str:
    seconds = statistics.median(one.seconds for one in runs)
    refused = statistics.median(one.refused for one in runs)
    return f"{seconds:.1f} s, {Ratio.of([one.ratio for one in runs])}, {refused:.1%}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Paced runs over real sockets, row by row.")
    every = ROWS | TROUBLES
    parser.add_argument("--rows", nargs="+", choices=every, default=list(ROWS), metavar="ROW")
    parser.add_argument("--rounds", type=int, choices=range(1, 1 + len(PHASES)), default=3)
    parser.add_argument("--markdown", action="store_true", help="rows for README")
    chosen = parser.parse_args()
    rows = {name: every[name] for name in chosen.rows}
    result = measure(rows, PHASES[: chosen.rounds])
    print(result.markdown() if chosen.markdown else result.text())
