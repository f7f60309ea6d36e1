"""The items that a request selects by SIDs in its path and by its filters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

import orjson

from taskrouter_stats.simulator.world.expressions import Expression, ExpressionError, parse
from taskrouter_stats.simulator.world.workspace import Activity, TaskQueue, Workflow
from taskrouter_stats.simulator.world.world import Worker, World

from .request import SimulatedRequest, bad_parameter, not_found

__all__ = [
    "eligible",
    "filter_activities",
    "filter_by_name",
    "filter_queues",
    "filter_workers",
    "in_workspace",
    "ordered",
    "queue_in_path",
    "worker_in_path",
    "workflow_in_path",
]

_TRUE = {"true", "1", "yes"}


class Named(Protocol):
    """An item that has a name."""

    @property
    def friendly_name(self) -> str:
        """The item's name."""
        ...


class HasSid(Protocol):
    """An item that a path can name."""

    @property
    def sid(self) -> str:
        """The item's SID."""
        ...


T = TypeVar("T")
N = TypeVar("N", bound=Named)
S = TypeVar("S", bound=HasSid)


def in_workspace(world: World, request: SimulatedRequest) -> None:
    """Raise ``ErrorReply`` if the path names another workspace."""
    if request.sids["workspace"] != world.workspace_sid:
        raise not_found(request.path)


def worker_in_path(world: World, request: SimulatedRequest) -> Worker:
    """Return the worker that the path names."""
    in_workspace(world, request)
    worker = world.find(request.sids["worker"])
    if worker is None:
        raise not_found(request.path)
    return worker


def queue_in_path(world: World, request: SimulatedRequest) -> TaskQueue:
    """Return the task queue that the path names."""
    in_workspace(world, request)
    return _named_in_path(world.task_queues, "queue", request)


def workflow_in_path(world: World, request: SimulatedRequest) -> Workflow:
    """Return the workflow that the path names."""
    in_workspace(world, request)
    return _named_in_path(world.workflows, "workflow", request)


def filter_by_name(items: Sequence[N], request: SimulatedRequest) -> Sequence[N]:
    """Return the items that ``FriendlyName`` selects, in any letter case."""
    wanted = request.query.get("FriendlyName", "").lower()
    return [item for item in items if item.friendly_name.lower() == wanted] if wanted else items


def filter_activities(world: World, request: SimulatedRequest) -> Sequence[Activity]:
    """Return the activities that the list's filters select."""
    wanted = request.query.get("Available")
    activities = filter_by_name(world.activities, request)
    if wanted is None:
        return activities
    return [activity for activity in activities if activity.available == (wanted.lower() in _TRUE)]


def filter_workers(world: World, request: SimulatedRequest) -> Sequence[Worker]:
    """Return the workers that the list's filters select."""
    workers = eligible(world, request, filter_by_name(world.workers, request))
    activities = _current(world, request)
    if len(activities) < len(world.activities):
        current = world.activities_at(request.now)
        workers = [worker for worker in workers if current[worker.index] in activities]
    matches = _expression(request, "TargetWorkersExpression")
    if matches is not None:
        workers = [worker for worker in workers if matches(_fields(world, worker, request.now))]
    return workers


def eligible(
    world: World, request: SimulatedRequest, workers: Sequence[Worker]
) -> Sequence[Worker]:
    """Return the workers that ``TaskQueueSid`` and ``TaskQueueName`` select."""
    sid, name = request.sid("TaskQueueSid", "WQ"), request.query.get("TaskQueueName")
    if sid is None and name is None:
        return workers
    queues = {
        queue.index
        for queue in world.task_queues
        if (sid is None or queue.sid == sid)
        and (name is None or queue.friendly_name.lower() == name.lower())
    }
    return [worker for worker in workers if not queues.isdisjoint(world.queues_of(worker))]


def filter_queues(world: World, request: SimulatedRequest) -> Sequence[TaskQueue]:
    """Return the task queues that the list's filters select."""
    queues = filter_by_name(world.task_queues, request)
    sid = request.sid("WorkerSid", "WK")
    if sid is not None:
        worker = world.find(sid)
        own = world.queues_of(worker) if worker else ()
        queues = [queue for queue in queues if queue.index in own]
    if "EvaluateWorkerAttributes" in request.query:
        wanted = _evaluated(world, request)
        queues = [queue for queue in queues if queue.index in wanted]
    return queues


def ordered(
    items: Sequence[T], request: SimulatedRequest, by: Mapping[str, Callable[[T], Any]]
) -> Sequence[T] | None:
    """Return items in the order of ``Ordering``, or ``None`` if it is not given.

    Args:
        items: The items of the list.
        request: The request.
        by: The sort key of each name that the list can be ordered by.

    Raises:
        ErrorReply: The value is not ``Name``, ``Name:asc`` or ``Name:desc`` with such a name.
    """
    wanted = request.query.get("Ordering")
    if wanted is None:
        return None
    name, _, direction = wanted.partition(":")
    if name not in by or direction not in {"", "asc", "desc"}:
        raise bad_parameter(f"Ordering must be one of {', '.join(by)}, and :asc or :desc")
    return sorted(items, key=by[name], reverse=direction == "desc")


def _current(world: World, request: SimulatedRequest) -> set[int]:
    """Return the positions of the activities that the filters select."""
    name, sid = request.query.get("ActivityName"), request.sid("ActivitySid", "WA")
    available = request.query.get("Available")
    return {
        activity.index
        for activity in world.activities
        if (name is None or activity.friendly_name.lower() == name.lower())
        and (sid is None or activity.sid == sid)
        and (available is None or activity.available == (available.lower() in _TRUE))
    }


def _named_in_path(items: Sequence[S], name: str, request: SimulatedRequest) -> S:
    """Return the item that the path names."""
    for item in items:
        if item.sid == request.sids[name]:
            return item
    raise not_found(request.path)


def _expression(request: SimulatedRequest, name: str) -> Expression | None:
    """Return the expression of a parameter, or ``None`` if it is not given."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ExpressionError as error:
        raise bad_parameter(f"{name} is not an expression that can be evaluated: {error}") from None


def _fields(world: World, worker: Worker, now: int) -> dict[str, Any]:
    """Return the values that expressions can use: a worker's attributes and four fields."""
    activity = world.activities[world.activities_at(now)[worker.index]]
    return {
        **worker.attributes,
        "sid": worker.sid,
        "friendly_name": worker.friendly_name,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
    }


def _evaluated(world: World, request: SimulatedRequest) -> set[int]:
    """Return the positions of the queues that ``EvaluateWorkerAttributes`` selects.

    Twilio does not document whether the value is attributes or an expression. Here a JSON object
    selects the queues that accept a worker with these attributes, and an expression the queues of
    the workers that it selects.
    """
    text = request.query["EvaluateWorkerAttributes"]
    if text.lstrip().startswith("{"):
        try:
            attributes = cast("dict[str, Any]", orjson.loads(text))
        except ValueError:
            raise bad_parameter("EvaluateWorkerAttributes is not valid JSON") from None
        return {
            queue.index for queue in world.task_queues if parse(queue.target_workers)(attributes)
        }
    matches = _expression(request, "EvaluateWorkerAttributes")
    return {
        queue
        for worker in world.workers
        if matches is not None and matches(_fields(world, worker, request.now))
        for queue in world.queues_of(worker)
    }
