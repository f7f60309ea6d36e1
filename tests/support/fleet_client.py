"""One of several processes that fetch from one account: it says when it is ready, runs, reports.

``python -m tests.support.fleet_client``; its first line of input is a ``Job`` as JSON, its second
line starts the run, and the end of the input ends it. Its last line of output is a ``Report``.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from itertools import cycle
from typing import Any

import attrs

from taskrouter_stats import Credentials, Query, Success, TaskRouterSession, queries
from taskrouter_stats.core.events import BudgetChanged

__all__ = ["Job", "Report"]

GLANCE = 0.002
"""Seconds between two looks at the budget, for when this process learned of a pause."""


@attrs.frozen
class Job:
    """What a process does: each worker once, or all of them again and again until the input ends.

    Attributes:
        server: the simulator's URL.
        auth: its user name and password.
        workspace: the Workspace's SID.
        workers: SIDs of the Workers.
        shared: URL of the Redis server, or None: this process paces alone.
        pace_limit: requests per second, or None.
        is_endless: whether it begins again after the last Worker.
        looks: whether it looks for pauses.
    """

    server: str
    auth: tuple[str, str]
    workspace: str
    workers: list[str]
    shared: str | None = None
    pace_limit: float | None = None
    is_endless: bool = False
    looks: bool = False


@attrs.define
class Report:
    """What a process did.

    Attributes:
        done: queries that succeeded.
        errors: the errors of the others.
        refused: replies of status 429.
        began: when it began, seconds on the machine's monotonic clock.
        ended: when the last outcome came, on the same clock.
        cpu: seconds of processor time from the start signal to the last outcome.
        steps: reports that the store took.
        calls: calls of the store.
        paused: when this process learned of a pause, on the same clock.
    """

    done: int = 0
    errors: list[str] = attrs.field(factory=list[str])
    refused: int = 0
    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    steps: int = 0
    calls: int = 0
    paused: list[float] = attrs.field(factory=list[float])


def _pacer(job: Job) -> dict[str, Any]:
    if job.shared is None:
        return {}
    from taskrouter_stats.fleet import SharedPacer  # noqa: PLC0415 (local runs import no fleet)

    return {"pacer": SharedPacer(job.shared)}


def _source(job: Job) -> Iterable[Query[Any]]:
    """Return what to ask; a list, so that the throttle knows how many are to come."""
    asked = [queries.worker_statistics(job.workspace, worker) for worker in job.workers]
    return cycle(asked) if job.is_endless else asked


async def _look(session: TaskRouterSession, report: Report) -> None:
    """Record when each pause of a budget began to be known here."""
    was_paused = False
    while True:
        is_paused = any(budget.reason == "paused" for budget in session.budgets())
        if is_paused and not was_paused:
            report.paused.append(time.monotonic())
        was_paused = is_paused
        await asyncio.sleep(GLANCE)


def _count_calls(session: TaskRouterSession, report: Report) -> None:
    shared: Any = session._lifecycle.opened.shared
    for synchronizer in () if shared is None else shared._budgets.values():
        report.steps += synchronizer.steps
        report.calls += synchronizer.calls


async def _run(job: Job, session: TaskRouterSession, stop: asyncio.Event, report: Report) -> None:
    report.began, cpu = time.monotonic(), time.process_time()
    async with session.stream(_source(job)) as outcomes:
        async for outcome in outcomes:
            if stop.is_set():
                break
            if isinstance(outcome, Success):
                report.done += 1
            else:
                report.errors.append(f"{type(outcome.error).__name__}: {outcome.error}")
    report.ended, report.cpu = time.monotonic(), time.process_time() - cpu
    _count_calls(session, report)


async def _work(job: Job, stop: asyncio.Event) -> Report:
    report = Report()

    def heard(event: object) -> None:
        report.refused += isinstance(event, BudgetChanged) and event.refused

    session = TaskRouterSession(
        Credentials.auth_token(*job.auth), base_url=job.server, hooks=[heard],
        pace_limit=job.pace_limit, **_pacer(job),
    )  # fmt: skip
    async with session, asyncio.TaskGroup() as group:
        looking = group.create_task(_look(session, report)) if job.looks else None
        await _run(job, session, stop, report)
        if looking is not None:
            looking.cancel()
    return report


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _main() -> None:
    job = Job(**json.loads(sys.stdin.readline()))
    _pacer(job)  # what it imports is not part of the run
    _say("ready")
    sys.stdin.readline()
    stop = asyncio.Event()

    async def until_the_end() -> None:
        await asyncio.to_thread(sys.stdin.read)
        stop.set()

    waiting = asyncio.create_task(until_the_end())
    report = await _work(job, stop)
    _say(json.dumps(attrs.asdict(report)))
    await waiting


if __name__ == "__main__":
    asyncio.run(_main())
