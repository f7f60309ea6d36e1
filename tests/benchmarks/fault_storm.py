"""Faults and lies over real sockets: ``python -m tests.benchmarks.fault_storm [QUERIES]``.

A quarter of the simulator's replies has a fault, and the gateway before it tells a lie on every
twelfth request on average. Each query must end in one outcome and each success must be true, no
list may end early without an error, and no export may call itself complete while a row is missing.
The default is 20,000 queries; the test in ``tests/end_to_end`` runs fewer. The exit code is 1 if
anything was wrong or silent.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import Factory, define

from taskrouter_stats import Success, TaskRouterSession, Window, errors, etl, models, queries
from taskrouter_stats.simulator import Simulator
from tests.benchmarks.lying_gateway import NOTE, Gateway

DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
WINDOW = Window.between(DAY, DAY + timedelta(hours=8))
WORKERS = 50
FAULTS, LIES = 0.25, 1 / 12
QUERIES_PER_LIST = 100
"""One list of all workers is read for so many queries."""
PAGE, EXPORTS = 10, 10


@define
class Storm:
    """What a storm came to.

    Attributes:
        queries: Queries for statistics, those of the export left out.
        outcomes: What they ended in.
        failures: Failed queries and lists, by the error's class.
        wrong: Successes, items and rows that are not true, or are there twice.
        silent: Queries without an outcome, lists that ended early without an error, rows that a
            complete export lacks.
        attempts: Sends of the queries, those that a 429 refused left out.
        refused: Sends that a 429 refused.
        requests: Requests that reached the gateway while the queries ran.
        lists: Lists that were read to their end.
        exports: Exports that called themselves complete.
        lies: How often each lie was told.
        seconds: How long it all took.
    """

    queries: int
    outcomes: int = 0
    failures: Counter = Factory(Counter)
    wrong: int = 0
    silent: int = 0
    attempts: int = 0
    refused: int = 0
    requests: int = 0
    lists: int = 0
    exports: int = 0
    lies: Counter = Factory(Counter)
    seconds: float = 0.0

    @property
    def attempts_each(self):
        """Sends for each query, those that a 429 refused left out."""
        return self.attempts / self.queries

    def judge(self, asked, outcomes, expected):
        """Count the outcomes of these queries, and compare the successes with the truth."""
        self.outcomes += len(outcomes)
        self.silent += len(asked) - len(outcomes)
        for query, outcome in zip(asked, outcomes, strict=False):
            self.attempts += outcome.meta.attempts
            self.refused += outcome.meta.refused
            if isinstance(outcome, Success):
                self.wrong += as_json(outcome.value) != expected[query.sid]
            else:
                self.failures[type(outcome.error).__name__] += 1

    def judge_rows(self, path, report, expected):
        """Compare the rows of an export, and its report, with the truth."""
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines]
        found = Counter(row["worker_sid"] for row in rows)
        self.wrong += sum(count - 1 for count in found.values())
        self.wrong += sum(not is_true(row, expected.get(row["worker_sid"])) for row in rows)
        self.silent += len(expected.keys() - found) if report.complete else 0
        self.exports += report.complete

    def judge_list(self, sids, expected):
        """Count a list that ended without an error."""
        self.lists += 1
        self.wrong += len(sids) - len(set(sids) & expected)
        self.silent += set(sids) != expected


def as_json(value):
    """Return a record as plain JSON, without the key that the gateway adds to it."""
    plain = json.loads(models.to_json(value))
    plain.pop(NOTE, None)
    return plain


def is_true(row, value):
    """Return whether a row's counts are those of the worker."""
    counts = {} if value is None else value["cumulative"]
    names = [name for name in counts if name.startswith("reservations_")]
    return bool(names) and all(row[name] == counts[name] for name in names)


async def truth(simulator):
    """Return the query for each worker, and what a server without faults replies to each."""
    async with TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session:
        asked = [
            queries.worker_statistics(simulator.workspace_sid, worker.sid, WINDOW)
            for worker in simulator.world.workers
        ]
        values = [outcome.unwrap() for outcome in await session.collect(asked)]
    return asked, {value.worker_sid: as_json(value) for value in values}


async def list_workers(found, session, workspace, expected):
    """Read the list of workers page by page, and judge it."""
    try:
        workers = await session.iterate(queries.workers(workspace, page_size=PAGE)).collect()
    except errors.TaskRouterStatsError as error:
        found.failures[f"list: {type(error).__name__}"] += 1
    else:
        found.judge_list([worker.sid for worker in workers], set(expected))


async def export(found, session, workspace, expected):
    """Export all workers until an export is complete, as a job that is started again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        for _ in range(EXPORTS):
            plan = etl.worker_plan(workspace, [WINDOW])
            try:
                report = await etl.export(session, plan, etl.JsonLinesSink(path))
            except errors.TaskRouterStatsError as error:
                found.failures[f"export: {type(error).__name__}"] += 1
                continue
            found.judge_rows(path, report, expected)
            if report.complete:
                return


@asynccontextmanager
async def servers(faults, lies, latency=0.0):
    """Run a simulator with faults, a calm one of the same world, and the gateway before them."""
    async with (
        Simulator(WORKERS, 1_000, seed=3, latency=latency, faults=faults) as faulty,
        Simulator(WORKERS, window="none", seed=3, latency=0) as calm,
    ):
        gateway = Gateway(faulty.base_url, calm.base_url, lies)
        with gateway.running() as server:
            yield calm, gateway, server


async def storm(count, faults=FAULTS, lies=LIES):
    """Send this many queries to servers with faults and lies; return what they came to."""
    began, found = time.monotonic(), Storm(count)
    async with servers(faults, lies) as (calm, gateway, server):
        asked, expected = await truth(calm)
        async with TaskRouterSession(calm.credentials, base_url=server.url, timeout=2.0) as session:
            many = (asked * (count // WORKERS + 1))[:count]
            found.judge(many, await session.collect(many), expected)
            found.requests = len(server.questions)
            for _ in range(count // QUERIES_PER_LIST):
                await list_workers(found, session, calm.workspace_sid, expected)
            await export(found, session, calm.workspace_sid, expected)
    found.lies, found.seconds = gateway.told, time.monotonic() - began
    return found


def main(count):
    """Print what a storm of so many queries came to; return the exit code."""
    found = asyncio.run(storm(count))
    print(f"{found.outcomes:,} outcomes of {found.queries:,} queries in {found.seconds:.0f} s")
    print(f"{found.attempts_each:.3f} attempts each, {found.requests:,} requests at the gateway")
    print(f"{found.lists} lists and {found.exports} exports complete")
    for title, counts in (("failed", found.failures), ("lies", found.lies)):
        print(f"{title}:", ", ".join(f"{name} {many:,}" for name, many in counts.most_common()))
    print(f"wrong {found.wrong}, silent {found.silent}")
    return int(found.wrong > 0 or found.silent > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 20_000))
