"""What one scrape of a Workspace shows, fetched in parts that may fail one by one."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from attrs import Factory, define, frozen

from taskrouter_stats.core import queries
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import TaskRouterStatsError
from taskrouter_stats.models import (
    LiveWorker,
    TaskQueueRealTime,
    WorkspaceCumulativeStatistics,
    WorkspaceRealTimeStatistics,
)
from taskrouter_stats.session import TaskRouterSession

__all__ = ["Snapshot", "fetch_snapshot"]

_LOGGER = logging.getLogger("taskrouter_stats.web")


@frozen
class Queue:
    """A TaskQueue's name and its statistics."""

    name: str
    statistics: TaskQueueRealTime


@define
class Snapshot:
    """The parts that came, and the errors of the others by their name.

    Attributes:
        real_time: the Workspace now.
        cumulative: the Workspace over the window.
        queues: the TaskQueues now.
        workers: the Workers now, if they are wanted.
        errors: why a part is missing.
    """

    real_time: WorkspaceRealTimeStatistics | None = None
    cumulative: WorkspaceCumulativeStatistics | None = None
    queues: list[Queue] | None = None
    workers: list[LiveWorker] | None = None
    errors: dict[str, Exception] = Factory(dict[str, Exception])


async def fetch_snapshot(
    session: TaskRouterSession, workspace_sid: str, window: Window, *, with_workers: bool
) -> Snapshot:
    """Fetch all parts at the same time."""
    parts: dict[str, Coroutine[Any, Any, Any]] = {
        "real_time": session.fetch(queries.workspace_real_time_statistics(workspace_sid)),
        "cumulative": session.fetch(queries.workspace_cumulative_statistics(workspace_sid, window)),
        "queues": _queues(session, workspace_sid),
    }
    if with_workers:
        parts["workers"] = session.live_workers(workspace_sid)
    snapshot = Snapshot()
    results = await asyncio.gather(*parts.values(), return_exceptions=True)
    for name, result in zip(parts, results, strict=True):
        if isinstance(result, TaskRouterStatsError):
            snapshot.errors[name] = result
            _LOGGER.warning("%s of %s: %s", name, workspace_sid, result)
        elif isinstance(result, BaseException):
            raise result
        else:
            setattr(snapshot, name, result)
    return snapshot


async def _queues(session: TaskRouterSession, workspace_sid: str) -> list[Queue]:
    """Return the TaskQueues now: one request for every 50, and one for every 1,000 names."""
    listed = await session.iterate(queries.task_queues(workspace_sid)).collect()
    names = {queue.sid: queue.friendly_name or queue.sid for queue in listed}
    if not names:
        return []
    asked = queries.task_queues_bulk_real_time_statistics(workspace_sid, list(names))
    answers = [outcome.unwrap() for outcome in await session.collect(asked)]
    return [
        Queue(names[queue.task_queue_sid], queue)
        for answer in answers
        for queue in answer.task_queue_data
        if queue.task_queue_sid in names
    ]
