"""(j) Memory of one query: made, waiting for a permit, and in flight.

Python's allocations, counted by tracemalloc, grow by this much for each further query; a caller's
task and coroutine are included, and so are aiohttp's connection and request while it is in flight.
The server replies after seconds, so that all are in flight at once. The writer of an export
bounds the memory of answers by bytes (``etl/output/memory_limit.py``), not by their number.
"""

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

from taskrouter_stats import TaskRouterSession, queries
from tests.benchmarks.contenders import IN_FLIGHT, WINDOW, bare, from_tasks, session
from tests.benchmarks.nginx import WORKSPACE, worker_sid
from tests.benchmarks.slow import slow
from tests.benchmarks.table import Table

__all__ = ["table"]

MANY, QUICK_MANY, WARM_UP = 200, 100, 200
SECONDS, LONGEST = 4.0, 120.0


def _allocated() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _query(number: int) -> Any:
    return queries.worker_statistics(WORKSPACE, worker_sid(number), WINDOW)


def _made(count: int) -> float:
    before = _allocated()
    made = [_query(number) for number in range(count)]
    return (_allocated() - before) / len(made)


async def _started(
    count: int, one: Callable[[int], Awaitable[object]], begun: Callable[[], bool]
) -> float:
    """Return the bytes for each of many calls, once all have begun; then cancel them."""
    before = _allocated()
    tasks = [asyncio.ensure_future(one(number)) for number in range(count)]
    while not begun():  # noqa: ASYNC110 (the session tells no event of this)
        await asyncio.sleep(0.01)
    each = (_allocated() - before) / count
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return each


def _budget(opened: TaskRouterSession) -> tuple[int, int]:
    """Return how many requests are in flight, and how many wait."""
    (budget,) = opened.budgets()
    return budget.in_flight, budget.waiting


async def _figures(base_url: str, count: int) -> dict[str, float]:
    found = {"a query": _made(count)}
    async with session(base_url, count) as opened:
        await from_tasks(WARM_UP, lambda _: opened.fetch(_query(0)))
        found["`fetch`, in flight"] = await _started(
            count, lambda number: opened.fetch(_query(number)), lambda: _budget(opened)[0] == count
        )
    async with session(base_url, 0) as opened:
        first = asyncio.ensure_future(opened.fetch(_query(0)))
        await asyncio.sleep(0.1)
        found["`fetch`, waiting for a permit"] = await _started(
            count, lambda number: opened.fetch(_query(number)), lambda: _budget(opened)[1] == count
        )
        await first
    async with bare(base_url) as ask:
        await ask(1)
        sent = asyncio.get_running_loop().time() + SECONDS / 4
        all_of_them = await _started(
            1, lambda _: ask(IN_FLIGHT), lambda: asyncio.get_running_loop().time() > sent
        )
        found["aiohttp, bare, in flight"] = all_of_them / IN_FLIGHT
    return found


def table(*, quick: bool) -> Table:
    """Return the bytes of each state of a query."""
    tracemalloc.start()
    try:
        with slow(SECONDS) as base_url:
            work = _figures(base_url, QUICK_MANY if quick else MANY)
            found = asyncio.run(asyncio.wait_for(work, LONGEST))
    finally:
        tracemalloc.stop()
    return Table(("one more", "bytes"), [(name, f"{each:,.0f}") for name, each in found.items()])
