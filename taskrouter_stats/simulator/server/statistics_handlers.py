"""Handlers of the statistics: the numbers, and the SIDs that identify them."""

from collections.abc import Sequence
from typing import Any, Final, cast

import orjson

from taskrouter_stats.simulator.world.task_history import ALL_QUEUES
from taskrouter_stats.simulator.world.workspace import TaskQueue
from taskrouter_stats.simulator.world.world import World

from .filters import (
    eligible,
    filter_by_name,
    in_workspace,
    queue_in_path,
    worker_in_path,
    workflow_in_path,
)
from .paging import paginate
from .request import SimulatedRequest, bad_parameter, is_sid
from .statistics import (
    TASK_QUEUE,
    WORKFLOW,
    WORKSPACE,
    Kind,
    cumulative,
    queue_workers_now,
    tasks_now,
    workers_cumulative,
    workers_now,
)

__all__ = [
    "MAX_QUEUES",
    "all_workers_cumulative",
    "all_workers_now",
    "task_queue",
    "task_queue_cumulative",
    "task_queue_now",
    "task_queues",
    "task_queues_bulk",
    "worker",
    "workers",
    "workflow",
    "workflow_cumulative",
    "workflow_now",
    "workspace",
    "workspace_cumulative",
    "workspace_now",
]

MAX_QUEUES = 50
"""Maximum of task queues in one bulk request."""

_LIST_FILTERS: Final = (
    "FriendlyName",
    "TaskChannel",
    "SplitByWaitTime",
    "StartDate",
    "EndDate",
    "Minutes",
)


def worker(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one worker's statistics, which are cumulative only."""
    named = worker_in_path(world, request)
    return {
        "cumulative": workers_cumulative(world, request, [named]),
        **_owner(world, request),
        "worker_sid": named.sid,
    }


def workers(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the statistics of the workers that the filters select; without filters, of all."""
    in_workspace(world, request)
    chosen = eligible(world, request, filter_by_name(world.workers, request))
    return {
        "cumulative": workers_cumulative(world, request, chosen),
        "realtime": workers_now(world, request, chosen),
        **_owner(world, request),
    }


def all_workers_cumulative(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the cumulative statistics of all workers."""
    in_workspace(world, request)
    return {**workers_cumulative(world, request, world.workers), **_owner(world, request)}


def all_workers_now(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the real-time statistics of all workers."""
    in_workspace(world, request)
    return {**workers_now(world, request, world.workers), **_owner(world, request)}


def workspace(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the workspace's statistics."""
    in_workspace(world, request)
    now = {**tasks_now(world, request, WORKSPACE), **workers_now(world, request, world.workers)}
    return {**_both(world, request, WORKSPACE, now), **_owner(world, request)}


def workspace_cumulative(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the workspace's cumulative statistics."""
    in_workspace(world, request)
    return {**cumulative(world, request, WORKSPACE), **_owner(world, request)}


def workspace_now(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the workspace's real-time statistics."""
    in_workspace(world, request)
    current = workers_now(world, request, world.workers)
    return {**tasks_now(world, request, WORKSPACE), **current, **_owner(world, request)}


def workflow(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return a workflow's statistics."""
    named = workflow_in_path(world, request)
    now = tasks_now(world, request, WORKFLOW, named.queues)
    both = _both(world, request, WORKFLOW, now, named.queues)
    return {**both, **_owner(world, request), "workflow_sid": named.sid}


def workflow_cumulative(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return a workflow's cumulative statistics."""
    named = workflow_in_path(world, request)
    counts = cumulative(world, request, WORKFLOW, named.queues)
    return {**counts, **_owner(world, request), "workflow_sid": named.sid}


def workflow_now(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return a workflow's real-time statistics."""
    named = workflow_in_path(world, request)
    now = tasks_now(world, request, WORKFLOW, named.queues)
    return {**now, **_owner(world, request), "workflow_sid": named.sid}


def task_queue(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return a task queue's statistics."""
    queue = queue_in_path(world, request)
    return {**_queue(world, request, queue), "url": request.origin + request.path}


def task_queue_cumulative(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return a task queue's cumulative statistics."""
    queue = queue_in_path(world, request)
    counts = cumulative(world, request, TASK_QUEUE, (queue.index,))
    return {**counts, **_owner(world, request), "task_queue_sid": queue.sid}


def task_queue_now(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return a task queue's real-time statistics."""
    queue = queue_in_path(world, request)
    return {
        **_queue_now(world, request, queue),
        **_owner(world, request),
        "task_queue_sid": queue.sid,
    }


def task_queues(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the task queues' statistics; the items have no ``url``."""
    in_workspace(world, request)
    request.window()
    found = filter_by_name(world.task_queues, request)
    page, meta = paginate(found, request, "task_queues_statistics", _LIST_FILTERS)
    return {
        "task_queues_statistics": [_queue(world, request, queue) for queue in page],
        "meta": meta,
    }


def task_queues_bulk(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the real-time statistics of several task queues; zeros for unknown ones.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.
    """
    in_workspace(world, request)
    known = {queue.sid: queue for queue in world.task_queues}
    data = list[dict[str, Any]]()
    for sid in _bulk_sids(request):
        now = _queue_now(world, request, known.get(sid))
        queue_now = {key: now[key] for key in now if not key.startswith("longest_relative_")}
        data.append({"task_queue_sid": sid, **queue_now})
    return {
        "task_queue_data": data,
        "task_queue_response_count": len(data),
        **_owner(world, request),
    }


def _owner(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the SIDs of account and workspace, and the request's URL."""
    return {
        "account_sid": world.account_sid,
        "workspace_sid": world.workspace_sid,
        "url": request.origin + request.path,
    }


def _both(
    world: World,
    request: SimulatedRequest,
    kind: Kind,
    now: dict[str, Any],
    queues: Sequence[int] = ALL_QUEUES,
) -> dict[str, Any]:
    """Return both parts of a combined reply, without the keys that it omits."""
    counts = cumulative(world, request, kind, queues)
    counts["avg_task_acceptance_time"] = float(counts["avg_task_acceptance_time"])
    if counts["split_by_wait_time"] is None:
        del counts["split_by_wait_time"]
    return {"cumulative": _without_omitted(counts, kind), "realtime": _without_omitted(now, kind)}


def _without_omitted(part: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """Return a part without the keys that combined replies of this kind omit."""
    return {key: value for key, value in part.items() if key not in kind.omitted}


def _queue(world: World, request: SimulatedRequest, queue: TaskQueue) -> dict[str, Any]:
    """Return a task queue's statistics without the URL."""
    both = _both(world, request, TASK_QUEUE, _queue_now(world, request, queue), (queue.index,))
    owner = {"account_sid": world.account_sid, "workspace_sid": world.workspace_sid}
    return {**both, **owner, "task_queue_sid": queue.sid}


def _queue_now(world: World, request: SimulatedRequest, queue: TaskQueue | None) -> dict[str, Any]:
    """Return a task queue's real-time statistics; zeros for ``None``."""
    place = None if queue is None else queue.index
    tasks = tasks_now(world, request, TASK_QUEUE, () if place is None else (place,))
    return {**tasks, **queue_workers_now(world, request, place)}


def _bulk_sids(request: SimulatedRequest) -> Sequence[str]:
    """Return the task queues of a bulk request, each once.

    Twilio's documents write ``queueSids`` in their example and ``QueueSids`` in their table.
    """
    try:
        body: object = orjson.loads(request.body)
    except ValueError:
        raise bad_parameter("The body is not valid JSON") from None
    given = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    sids = given.get("queueSids", given.get("QueueSids"))
    if not isinstance(sids, list) or not 1 <= len(cast("list[object]", sids)) <= MAX_QUEUES:
        raise bad_parameter(f"QueueSids must be a list of 1 to {MAX_QUEUES} TaskQueue SIDs")
    listed = cast("list[object]", sids)
    if not all(is_sid(sid, "WQ") for sid in listed):
        raise bad_parameter("QueueSids has an invalid TaskQueue SID")
    return list(dict.fromkeys(cast("list[str]", listed)))
