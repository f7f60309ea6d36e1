"""Type assertions about the public surface: mypy and pyright read this file; nothing runs it.

An ``ignore`` marks a line that must be an error: both checkers report one that is not needed.
"""
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Any, assert_type

from taskrouter_stats import (
    CachePolicy,
    Credentials,
    Failure,
    Items,
    Listing,
    Outcome,
    OutcomeStream,
    Query,
    Success,
    TaskRouterSession,
    Window,
    events,
    models,
    queries,
)
from taskrouter_stats.models import (
    ActivityDuration,
    LiveWorker,
    Worker,
    WorkerCumulative,
    WorkerStatistics,
)
from taskrouter_stats.observe import LoggingHook

QUERY = queries.worker_statistics("WS…", "WK…")
LISTING = queries.workers("WS…")


def constructors() -> None:
    """A constructor's type names the model of the answer."""
    assert_type(QUERY, Query[WorkerStatistics])
    assert_type(LISTING, Listing[Worker])
    assert_type(QUERY.with_window(Window.last(minutes=1)), Query[WorkerStatistics])
    assert_type(QUERY.key, str)


async def answers(session: TaskRouterSession) -> None:
    """An answer has the type of its query, an item the type of its listing."""
    assert_type(await session.fetch(QUERY), WorkerStatistics)
    assert_type(await session.fetch(QUERY, max_wait=None, priority="bulk"), WorkerStatistics)
    assert_type(await session.fetch(QUERY, cache_ttl=5), WorkerStatistics)
    assert_type(await session.fetch_with_meta(QUERY), Success[WorkerStatistics])
    assert_type(session.iterate(LISTING), Items[Worker])
    assert_type([worker async for worker in session.iterate(LISTING)], list[Worker])
    assert_type(await session.iterate(LISTING).collect(), list[Worker])
    assert_type(await session.live_workers("WS…", workers=LISTING), list[LiveWorker])


async def every_statistic(session: TaskRouterSession) -> None:
    """Each statistic of Workers and TaskQueues has its model."""
    assert_type(
        await session.fetch(queries.worker_statistics("WS…", "WK…")), models.WorkerStatistics
    )
    assert_type(await session.fetch(queries.workers_statistics("WS…")), models.WorkersStatistics)
    assert_type(
        await session.fetch(queries.workers_cumulative_statistics("WS…")),
        models.WorkersCumulativeStatistics,
    )
    assert_type(
        await session.fetch(queries.workers_real_time_statistics("WS…")),
        models.WorkersRealTimeStatistics,
    )
    assert_type(
        await session.fetch(queries.task_queue_statistics("WS…", "WQ…")), models.TaskQueueStatistics
    )
    assert_type(
        await session.fetch(queries.task_queue_cumulative_statistics("WS…", "WQ…")),
        models.TaskQueueCumulativeStatistics,
    )
    assert_type(
        await session.fetch(queries.task_queue_real_time_statistics("WS…", "WQ…")),
        models.TaskQueueRealTimeStatistics,
    )
    assert_type(
        await session.fetch(queries.workflow_statistics("WS…", "WW…")), models.WorkflowStatistics
    )


async def every_other_answer(session: TaskRouterSession) -> None:
    """Each statistic of Workflows and Workspaces, and each single resource, has its model."""
    assert_type(
        await session.fetch(queries.workflow_cumulative_statistics("WS…", "WW…")),
        models.WorkflowCumulativeStatistics,
    )
    assert_type(
        await session.fetch(queries.workflow_real_time_statistics("WS…", "WW…")),
        models.WorkflowRealTimeStatistics,
    )
    assert_type(
        await session.fetch(queries.workspace_statistics("WS…")), models.WorkspaceStatistics
    )
    assert_type(
        await session.fetch(queries.workspace_cumulative_statistics("WS…")),
        models.WorkspaceCumulativeStatistics,
    )
    assert_type(
        await session.fetch(queries.workspace_real_time_statistics("WS…")),
        models.WorkspaceRealTimeStatistics,
    )
    for query in queries.task_queues_bulk_real_time_statistics("WS…", ["WQ…"]):
        assert_type(await session.fetch(query), models.TaskQueuesBulkRealTimeStatistics)
    assert_type(await session.fetch(queries.worker("WS…", "WK…")), models.Worker)
    assert_type(await session.fetch(queries.workspace("WS…")), models.Workspace)


async def every_list(session: TaskRouterSession) -> None:
    """The items of each list have their model."""
    assert_type(
        await session.iterate(queries.task_queues_statistics("WS…")).collect(),
        list[models.TaskQueueStatistics],
    )
    assert_type(await session.iterate(queries.workspaces()).collect(), list[models.Workspace])
    assert_type(await session.iterate(queries.workers("WS…")).collect(), list[models.Worker])
    assert_type(await session.iterate(queries.task_queues("WS…")).collect(), list[models.TaskQueue])
    assert_type(await session.iterate(queries.workflows("WS…")).collect(), list[models.Workflow])
    assert_type(await session.iterate(queries.activities("WS…")).collect(), list[models.Activity])
    assert_type(
        await session.iterate(queries.task_channels("WS…")).collect(), list[models.TaskChannel]
    )
    assert_type(
        await session.iterate(queries.worker_channels("WS…", "WK…")).collect(),
        list[models.WorkerChannel],
    )


async def bulk(session: TaskRouterSession) -> None:
    """Outcomes of a stream are successes of the queries' type, or failures."""
    async with session.stream([QUERY], ordered=True) as outcomes:
        assert_type(outcomes, OutcomeStream[WorkerStatistics])
        async for outcome in outcomes:
            assert_type(outcome, Success[WorkerStatistics] | Failure)
            assert_type(outcome.unwrap(), WorkerStatistics)
            if isinstance(outcome, Failure):
                assert_type(outcome.error, Exception)
                assert_type(outcome.query.context, Worker)
            else:
                assert_type(outcome.query.context, Worker)
                assert_type(outcome.value, WorkerStatistics)
                assert_type(outcome.query, Query[WorkerStatistics])
    assert_type(await session.collect([QUERY]), list[Success[WorkerStatistics] | Failure])
    assert_type(await session.stream([QUERY]).collect(), list[Outcome[WorkerStatistics]])


async def narrowed(session: TaskRouterSession) -> None:
    """A match statement narrows an outcome, and leaves no third case."""
    for outcome in await session.collect([QUERY]):
        match outcome:
            case Success(value=value):
                assert_type(value, WorkerStatistics)
            case Failure(error=error):
                assert_type(error, Exception)


async def sources(session: TaskRouterSession) -> None:
    """A stream takes any iterable of queries, sync or async."""

    def generated() -> Iterator[Query[WorkerStatistics]]:
        yield QUERY

    async def awaited() -> AsyncIterator[Query[WorkerStatistics]]:
        yield QUERY

    assert_type(session.stream(generated()), OutcomeStream[WorkerStatistics])
    assert_type(session.stream(awaited()), OutcomeStream[WorkerStatistics])
    assert_type(session.stream((QUERY,)), OutcomeStream[WorkerStatistics])


async def main_job(session: TaskRouterSession, sids: AsyncIterator[str]) -> None:
    """The main job takes Workers in any form and returns their statistics."""
    assert_type(session.stream_worker_statistics("WS…"), OutcomeStream[WorkerStatistics])
    session.stream_worker_statistics("WS…", Window.last(hours=8), task_channel="voice")
    session.stream_worker_statistics("WS…", workers=["WK…"])
    session.stream_worker_statistics("WS…", workers=[Worker(sid="WK…")])
    session.stream_worker_statistics("WS…", workers=LISTING)
    session.stream_worker_statistics("WS…", workers=sids)


def hooks(credentials: Credentials) -> None:
    """A hook is a function of one event, and an event's class names its fields."""

    def hook(event: events.Event) -> None:
        if isinstance(event, events.ReplyReceived):
            assert_type(event.status, int)

    TaskRouterSession(credentials, hooks=[hook, LoggingHook(), print], cache_ttl=CachePolicy())


def covariance(
    query: Query[WorkerStatistics],
    listing: Listing[Worker],
    success: Success[WorkerStatistics],
) -> tuple[Query[object], Listing[object], Success[object], Outcome[object]]:
    """A query of a special type is also a query of a general type."""
    general: Query[WorkerStatistics | Worker] = query
    return general, listing, success, success


def records(statistics: WorkerStatistics) -> None:
    """Fields have the documented types; required SIDs and parts are not optional."""
    cumulative = statistics.cumulative
    assert_type(cumulative, WorkerCumulative)
    assert_type(statistics.worker_sid, str)
    assert_type(statistics.account_sid, str | None)
    assert_type(Worker(sid="WK…").sid, str)
    assert_type(cumulative.start_time, datetime | None)
    assert_type(cumulative.reservations_created, int | None)
    assert_type(cumulative.activity_durations, tuple[ActivityDuration, ...] | None)
    assert_type(cumulative.extra, Mapping[str, Any])
    assert_type(models.to_dict(statistics), dict[str, Any])
    assert_type(models.to_json(statistics), bytes)
    assert_type(models.structure({}, Worker), Worker)


async def mistakes(session: TaskRouterSession, statistics: WorkerStatistics) -> None:
    """Each of these lines is a type error."""
    await session.fetch(LISTING)  # type: ignore[arg-type]
    session.iterate(QUERY)  # type: ignore[arg-type]
    session.stream(QUERY)  # type: ignore[arg-type]
    session.stream([LISTING])  # type: ignore[arg-type]
    await session.fetch(QUERY, priority="urgent")  # type: ignore[arg-type]
    session.stream_worker_statistics("WS…", 15)  # type: ignore[arg-type]
    queries.workers("WS…", "Ann")  # type: ignore[call-arg, misc, unused-ignore]
    queries.workers("WS…", available="yes")  # type: ignore[arg-type]
    Window.day("2026-01-01", tz="UTC")  # type: ignore[arg-type]
    TaskRouterSession.from_env(hooks=[5])  # type: ignore[list-item]
    TaskRouterSession.from_env(max_in_fligth=5)  # type: ignore[call-arg]
    TaskRouterSession(Credentials.from_env(), "https://x")  # type: ignore[call-arg]
    statistics.url = "elsewhere"  # type: ignore[misc]
    _ = statistics.cumulative.start_time.year  # type: ignore[union-attr]
    Worker(friendly_name="Ann")  # type: ignore[call-arg]
    _ = queries.workspace_statistics("WS…").context  # type: ignore[misc, unused-ignore]
