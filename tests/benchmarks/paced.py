"""(g) Paced runs over real sockets, compared with a client that knows the limiter's state.

``python -m tests.benchmarks.paced [--rows fixed1s "rival 0.6" …] [--rounds 5]``. Each row is one
limit of the simulator: 50 requests per second and 30 ms latency unless the row differs. Each run
has a new simulator in its own process. The clients are those of ``paced_clients.py``, each in its
own process; they run at the same time, because a paced run mostly waits.

Seconds count from opening the client to the last reply, connecting included. Refused is the
server's count of 429s as a share of all requests. The rounds begin at different phases of the
windows, the same for each client. The optimum is the laboratory's clairvoyant client, which uses no
time itself, in the same row and phase. With a rival, the optimum is that of the budget that the
rival leaves; a faster client takes budget from the rival.
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
PHASES = (0.1, 2.3, 4.5, 6.7, 8.9)
"""Seconds into a ten-second window at which the rounds begin: evenly spread, as in one second."""

NAMES = {"ours": "this package", "twilio": "twilio-python", "aiolimiter": "aiolimiter"}

LONGEST_RUN = 120.0
"""Seconds after which a run is stopped."""


@frozen
class Row:
    """The number of workers, and the simulator's arguments besides limit and latency."""

    workers: int
    window: str = "fixed1s"
    options: dict[str, Any] = field(factory=dict)

    def optimum(self, phase: float) -> float:
        """Return the seconds of a client that knows the limiter's state."""
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
"""Each window model; those of ten seconds admit 500 requests at once."""

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
"""Other behaviour of a server, in one-second windows."""


@frozen
class Run:
    """The result of one run; infinite seconds if it was stopped."""

    seconds: float
    ratio: float
    refused: float


async def run(client: str, row: Row, phase: float) -> Run:
    """Run one client on one row."""
    options = {"window": row.window, "limit": LIMIT, "latency": LATENCY} | row.options
    seconds = math.inf
    async with simulated(workers=row.workers, **options) as served:
        await served.enter(phase)
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(LONGEST_RUN):
                succeeded = await CLIENTS[client](served)
            seconds = time.perf_counter() - begun
            assert succeeded == row.workers, (
                f"{client}: expected {row.workers} successes, got {succeeded}"
            )
        except TimeoutError:
            pass
    refused = served.refused / max(1, served.requests)
    return Run(seconds, seconds / row.optimum(phase), refused)


def one_after_another(rows: Sequence[Row], phases: Sequence[float], client: str) -> list[list[Run]]:
    """Return the runs of one client, by row."""

    async def all_runs() -> list[list[Run]]:
        return [[await run(client, row, phase) for phase in phases] for row in rows]

    return asyncio.run(all_runs())


def measure(rows: dict[str, Row], phases: Sequence[float]) -> Table:
    """Return the table of all clients; each figure is a median over the rounds."""
    with ProcessPoolExecutor(len(CLIENTS), mp_context=get_context("spawn")) as pool:
        work = partial(one_after_another, list(rows.values()), phases)
        results = list(zip(*pool.map(work, CLIENTS), strict=True))
    lines = []
    for (name, row), clients in zip(rows.items(), results, strict=True):
        optimum = statistics.median(map(row.optimum, phases))
        lines.append((name, f"{row.workers}", f"{optimum:.1f} s", *map(_cell, clients)))
    heads = (f"{NAMES[client]}: time, to optimum, refused" for client in CLIENTS)
    return Table(("limit", "workers", "optimum", *heads), lines)


def table(*, quick: bool) -> Table:
    """Return the table of each window model; with ``quick``, of two of them, once."""
    if quick:
        return measure({name: ROWS[name] for name in QUICK_ROWS}, PHASES[:1])
    return measure(ROWS, PHASES)


def _cell(runs: Sequence[Run]) -> str:
    seconds = statistics.median(run.seconds for run in runs)
    refused = statistics.median(run.refused for run in runs)
    return f"{seconds:.1f} s, {Ratio.of([run.ratio for run in runs])}, {refused:.1%}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Paced runs over real sockets, row by row.")
    every = ROWS | TROUBLES
    parser.add_argument("--rows", nargs="+", choices=every, default=list(ROWS), metavar="ROW")
    parser.add_argument("--rounds", type=int, choices=range(1, 1 + len(PHASES)), default=5)
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    chosen = parser.parse_args()
    rows = {name: every[name] for name in chosen.rows}
    result = measure(rows, PHASES[: chosen.rounds])
    print(result.markdown() if chosen.markdown else result.text())
