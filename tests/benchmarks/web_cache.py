"""A web application beside a bulk run: ``python -m tests.benchmarks.web_cache [SECONDS]``.

Two hundred clients of a FastAPI application ask for a random worker of fifty about once a second,
in this process and without a server between, and for a bare route as often. One session with
``cache_ttl=15`` fetches for them, while a stream takes what is left of 50 requests a second. The
simulator runs in another process.

The script prints how long both routes take, what the clients cost upstream in each ttl, and the
share of the limit that the stream had.
"""

import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from fastapi import FastAPI, Response

from taskrouter_stats import Query, TaskRouterSession, Window, events, models, queries
from taskrouter_stats.models import WorkerStatistics
from tests.benchmarks.simulating import Served, simulated
from tests.support.asgi import call

SECONDS, CLIENTS, WORKERS, LIMIT, TTL = 60, 200, 50, 50, 15
START = datetime(2026, 11, 1, tzinfo=UTC)

Spent = dict[str, list[float]]
"""Milliseconds of each reply: of the bare route, from the cache, or fetched meanwhile."""


def application(session: TaskRouterSession, served: Served) -> FastAPI:
    """Return the application: one route with the cache, and one that returns a constant."""
    app = FastAPI()

    @app.get("/workers/{sid}")
    async def worker(sid: str) -> Response:
        query = queries.worker_statistics(served.workspace, sid, Window.last(minutes=60))
        success = await session.fetch_with_meta(query)
        headers = {"age": f"{success.meta.age:.3f}"}
        return Response(models.to_json(success.value), 200, headers, "application/json")

    @app.get("/bare")
    async def bare() -> Response:
        return Response(b"{}", media_type="application/json")

    return app


def bulk_queries(served: Served) -> Iterator[Query[WorkerStatistics]]:
    """Yield queries of different windows for ever."""
    for hours in itertools.count(1):
        window = Window.between(START, START + timedelta(hours=hours))
        for sid in served.workers:
            yield queries.worker_statistics(served.workspace, sid, window)


async def client(app: FastAPI, served: Served, number: int, spent: Spent) -> None:
    """Ask for a worker and for the bare route about once a second, and note the times."""
    chance = random.Random(number)
    while True:
        await asyncio.sleep(chance.uniform(0.5, 1.5))
        for path in (f"/workers/{chance.choice(served.workers)}", "/bare"):
            began = time.perf_counter()
            _, headers, _ = await call(app, path)
            took = 1e3 * (time.perf_counter() - began)
            waited = float(headers.get("age", 1)) == 0
            spent["fetched" if waited else path.split("/")[1]].append(took)


async def measure(seconds: float) -> None:
    """Run the application and the stream, and print the results."""
    spent: Spent = {"bare": [], "workers": [], "fetched": []}
    sent: Counter[bool] = Counter()

    def count(event: events.Event) -> None:
        if isinstance(event, events.RequestSent):
            sent[event.interactive] += 1

    async with (
        simulated(workers=WORKERS, limit=LIMIT, latency=0.02) as served,
        TaskRouterSession(
            served.credentials, base_url=served.base_url, cache_ttl=TTL, hooks=[count]
        ) as session,
        session.stream(bulk_queries(served)) as outcomes,
    ):
        app = application(session, served)
        clients = [asyncio.create_task(client(app, served, n, spent)) for n in range(CLIENTS)]
        until = time.monotonic() + seconds
        async for outcome in outcomes:
            outcome.unwrap()
            if time.monotonic() > until:
                break
        for task in clients:
            task.cancel()
        await asyncio.wait(clients)
    print(f"bulk: {sent[False] / seconds / LIMIT:.0%} of the limit")
    print(f"clients: {sent[True] * TTL / seconds:.1f} requests to the server in {TTL} s")
    for kind, times in spent.items():
        p50, p99 = median(times), quantiles(times, n=100)[-1]
        print(f"{kind}: {len(times):,} replies, p50 {p50:.2f} ms, p99 {p99:.2f} ms")


if __name__ == "__main__":
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
