"""What the statistics answer: whose they are, around the numbers."""

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

MOST_QUEUES = 50
"""Task queues of one bulk request."""

_LIST_FILTERS: Final = (
    "FriendlyName",
    "TaskChannel",
    "SplitByWaitTime",
    "StartDate",
    "EndDate",
    "Minutes",
)


def worker(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one worker's statistics, which are cumulative only."""
    one = worker_in_path(world, ask)
    start, end = ask.window()
    return {
        "cumulative": world.statistics(one, start, end, ask.query.get("TaskChannel")),
        **_owner(world, ask),
        "worker_sid": one.sid,
    }


def workers(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with the statistics of all workers, or of those that the filters select."""
    in_workspace(world, ask)
    chosen = eligible(world, ask, filter_by_name(world.workers, ask))
    return {
        "cumulative": workers_cumulative(world, ask, chosen),
        "realtime": workers_now(world, ask, chosen),
        **_owner(world, ask),
    }


def all_workers_cumulative(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with what happened to all workers."""
    in_workspace(world, ask)
    return {**workers_cumulative(world, ask, world.workers), **_owner(world, ask)}


def all_workers_now(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with where all workers are."""
    in_workspace(world, ask)
    return {**workers_now(world, ask, world.workers), **_owner(world, ask)}


def workspace(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with the workspace's statistics."""
    in_workspace(world, ask)
    now = {**tasks_now(world, ask, WORKSPACE), **workers_now(world, ask, world.workers)}
    return {**_both(world, ask, WORKSPACE, now), **_owner(world, ask)}


def workspace_cumulative(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with what happened in the workspace."""
    in_workspace(world, ask)
    return {**cumulative(world, ask, WORKSPACE), **_owner(world, ask)}


def workspace_now(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with how the workspace stands."""
    in_workspace(world, ask)
    people = workers_now(world, ask, world.workers)
    return {**tasks_now(world, ask, WORKSPACE), **people, **_owner(world, ask)}


def workflow(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with a workflow's statistics."""
    one = workflow_in_path(world, ask)
    now = tasks_now(world, ask, WORKFLOW, one.queues)
    both = _both(world, ask, WORKFLOW, now, one.queues)
    return {**both, **_owner(world, ask), "workflow_sid": one.sid}


def workflow_cumulative(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with what happened in a workflow."""
    one = workflow_in_path(world, ask)
    counts = cumulative(world, ask, WORKFLOW, one.queues)
    return {**counts, **_owner(world, ask), "workflow_sid": one.sid}


def workflow_now(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with how a workflow stands."""
    one = workflow_in_path(world, ask)
    now = tasks_now(world, ask, WORKFLOW, one.queues)
    return {**now, **_owner(world, ask), "workflow_sid": one.sid}


def task_queue(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with a task queue's statistics."""
    queue = queue_in_path(world, ask)
    return {**_queue(world, ask, queue), "url": ask.origin + ask.path}


def task_queue_cumulative(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with what happened in a task queue."""
    queue = queue_in_path(world, ask)
    counts = cumulative(world, ask, TASK_QUEUE, (queue.index,))
    return {**counts, **_owner(world, ask), "task_queue_sid": queue.sid}


def task_queue_now(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with how a task queue stands."""
    queue = queue_in_path(world, ask)
    return {**_queue_now(world, ask, queue), **_owner(world, ask), "task_queue_sid": queue.sid}


def task_queues(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the task queues' statistics; the items have no ``url``."""
    in_workspace(world, ask)
    ask.window()
    found = filter_by_name(world.task_queues, ask)
    page, meta = paginate(found, ask, "task_queues_statistics", _LIST_FILTERS)
    return {
        "task_queues_statistics": [_queue(world, ask, queue) for queue in page],
        "meta": meta,
    }


def task_queues_bulk(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with how several task queues stand; unknown ones are answered with zeros.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.
    """
    in_workspace(world, ask)
    known = {queue.sid: queue for queue in world.task_queues}
    data = list[dict[str, Any]]()
    for sid in _bulk_sids(ask):
        now = _queue_now(world, ask, known.get(sid))
        told = {key: now[key] for key in now if not key.startswith("longest_relative_")}
        data.append({"task_queue_sid": sid, **told})
    return {
        "task_queue_data": data,
        "task_queue_response_count": len(data),
        **_owner(world, ask),
    }


def _owner(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Return whose statistics these are, and their address."""
    return {
        "account_sid": world.account_sid,
        "workspace_sid": world.workspace_sid,
        "url": ask.origin + ask.path,
    }


def _both(
    world: World,
    ask: SimulatedRequest,
    kind: Kind,
    now: dict[str, Any],
    queues: Sequence[int] = ALL_QUEUES,
) -> dict[str, Any]:
    """Return both parts of a combined answer, without what such answers leave out."""
    counts = cumulative(world, ask, kind, queues)
    counts["avg_task_acceptance_time"] = float(counts["avg_task_acceptance_time"])
    if counts["split_by_wait_time"] is None:
        del counts["split_by_wait_time"]
    return {"cumulative": _said(counts, kind), "realtime": _said(now, kind)}


def _said(part: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """Return a part without the keys that combined answers of this kind leave out."""
    return {key: value for key, value in part.items() if key not in kind.unsaid}


def _queue(world: World, ask: SimulatedRequest, queue: TaskQueue) -> dict[str, Any]:
    """Return a task queue's statistics without their address."""
    both = _both(world, ask, TASK_QUEUE, _queue_now(world, ask, queue), (queue.index,))
    owner = {"account_sid": world.account_sid, "workspace_sid": world.workspace_sid}
    return {**both, **owner, "task_queue_sid": queue.sid}


def _queue_now(world: World, ask: SimulatedRequest, queue: TaskQueue | None) -> dict[str, Any]:
    """Return how a task queue stands; zeros for none."""
    place = None if queue is None else queue.index
    tasks = tasks_now(world, ask, TASK_QUEUE, () if place is None else (place,))
    return {**tasks, **queue_workers_now(world, ask, place)}


def _bulk_sids(ask: SimulatedRequest) -> Sequence[str]:
    """Return the task queues of a bulk request, each once.

    The documents write ``queueSids`` in their example and ``QueueSids`` in their table.
    """
    try:
        body: object = orjson.loads(ask.body)
    except ValueError:
        raise bad_parameter("The body is not valid JSON") from None
    given = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    sids = given.get("queueSids", given.get("QueueSids"))
    if not isinstance(sids, list) or not 1 <= len(cast("list[object]", sids)) <= MOST_QUEUES:
        raise bad_parameter(f"QueueSids must be a list of 1 to {MOST_QUEUES} TaskQueue SIDs")
    listed = cast("list[object]", sids)
    if not all(is_sid(sid, "WQ") for sid in listed):
        raise bad_parameter("QueueSids has an invalid TaskQueue SID")
    return list(dict.fromkeys(cast("list[str]", listed)))
