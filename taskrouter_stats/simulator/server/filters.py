"""Which things a request means: those that its path names, and those that pass its filters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast

import orjson

from taskrouter_stats.simulator.world.expressions import Expression, ExpressionError, parse
from taskrouter_stats.simulator.world.workspace import Activity, TaskQueue, Workflow
from taskrouter_stats.simulator.world.world import Worker, World

from .request import SimulatedRequest, bad_parameter, not_found

_TRUE = {"true", "1", "yes"}


class Named(Protocol):
    """Something that has a name."""

    @property
    def friendly_name(self) -> str:
        """Its name."""
        ...


class HasSid(Protocol):
    """Something that a path can name."""

    @property
    def sid(self) -> str:
        """Its SID."""
        ...


T = TypeVar("T")
N = TypeVar("N", bound=Named)
S = TypeVar("S", bound=HasSid)


def in_workspace(world: World, ask: SimulatedRequest) -> None:
    """Refuse a workspace that isn't this world's."""
    if ask.sids["workspace"] != world.workspace_sid:
        raise not_found(ask.path)


def worker_in_path(world: World, ask: SimulatedRequest) -> Worker:
    """Return the worker that the path names."""
    in_workspace(world, ask)
    worker = world.find(ask.sids["worker"])
    if worker is None:
        raise not_found(ask.path)
    return worker


def queue_in_path(world: World, ask: SimulatedRequest) -> TaskQueue:
    """Return the task queue that the path names."""
    in_workspace(world, ask)
    return _the(world.task_queues, "queue", ask)


def workflow_in_path(world: World, ask: SimulatedRequest) -> Workflow:
    """Return the workflow that the path names."""
    in_workspace(world, ask)
    return _the(world.workflows, "workflow", ask)


def filter_by_name(things: Sequence[N], ask: SimulatedRequest) -> Sequence[N]:
    """Return the things that ``FriendlyName`` selects; names are the same in any letter case."""
    wanted = ask.query.get("FriendlyName", "").lower()
    return [it for it in things if it.friendly_name.lower() == wanted] if wanted else things


def filter_activities(world: World, ask: SimulatedRequest) -> Sequence[Activity]:
    """Return the activities that the filters of their list select."""
    wanted = ask.query.get("Available")
    activities = filter_by_name(world.activities, ask)
    if wanted is None:
        return activities
    return [one for one in activities if one.available == (wanted.lower() in _TRUE)]


def filter_workers(world: World, ask: SimulatedRequest) -> Sequence[Worker]:
    """Return the workers that the filters of their list select."""
    workers = eligible(world, ask, filter_by_name(world.workers, ask))
    activities = _current(world, ask)
    if len(activities) < len(world.activities):
        doing = world.activities_at(ask.now)
        workers = [worker for worker in workers if doing[worker.index] in activities]
    matches = _expression(ask, "TargetWorkersExpression")
    if matches is not None:
        workers = [worker for worker in workers if matches(_fields(world, worker, ask.now))]
    return workers


def eligible(world: World, ask: SimulatedRequest, workers: Sequence[Worker]) -> Sequence[Worker]:
    """Return those of the workers that ``TaskQueueSid`` and ``TaskQueueName`` select."""
    sid, name = ask.sid("TaskQueueSid", "WQ"), ask.query.get("TaskQueueName")
    if sid is None and name is None:
        return workers
    queues = {
        queue.index
        for queue in world.task_queues
        if (sid is None or queue.sid == sid)
        and (name is None or queue.friendly_name.lower() == name.lower())
    }
    return [worker for worker in workers if not queues.isdisjoint(world.queues_of(worker))]


def filter_queues(world: World, ask: SimulatedRequest) -> Sequence[TaskQueue]:
    """Return the task queues that the filters of their list select."""
    queues = filter_by_name(world.task_queues, ask)
    sid = ask.sid("WorkerSid", "WK")
    if sid is not None:
        worker = world.find(sid)
        own = world.queues_of(worker) if worker else ()
        queues = [queue for queue in queues if queue.index in own]
    if "EvaluateWorkerAttributes" in ask.query:
        wanted = _evaluated(world, ask)
        queues = [queue for queue in queues if queue.index in wanted]
    return queues


def ordered(
    things: Sequence[T], ask: SimulatedRequest, by: Mapping[str, Callable[[T], Any]]
) -> Sequence[T] | None:
    """Return things as ``Ordering`` wants them, or ``None`` when it isn't given.

    Args:
        things: What stands in the list.
        ask: The request.
        by: What can be ordered by.

    Raises:
        Refusal: It is not ``Name``, ``Name:asc`` or ``Name:desc`` with such a name.
    """
    wanted = ask.query.get("Ordering")
    if wanted is None:
        return None
    name, _, direction = wanted.partition(":")
    if name not in by or direction not in {"", "asc", "desc"}:
        raise bad_parameter(f"Ordering must be one of {', '.join(by)}, and :asc or :desc")
    return sorted(things, key=by[name], reverse=direction == "desc")


def _current(world: World, ask: SimulatedRequest) -> set[int]:
    """Return the positions of the activities in which workers have to be."""
    name, sid = ask.query.get("ActivityName"), ask.sid("ActivitySid", "WA")
    available = ask.query.get("Available")
    return {
        activity.index
        for activity in world.activities
        if (name is None or activity.friendly_name.lower() == name.lower())
        and (sid is None or activity.sid == sid)
        and (available is None or activity.available == (available.lower() in _TRUE))
    }


def _the(things: Sequence[S], name: str, ask: SimulatedRequest) -> S:
    """Return the thing that the path names."""
    for thing in things:
        if thing.sid == ask.sids[name]:
            return thing
    raise not_found(ask.path)


def _expression(ask: SimulatedRequest, name: str) -> Expression | None:
    """Return the expression of that parameter, if it is given."""
    text = ask.query.get(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ExpressionError as error:
        raise bad_parameter(f"{name} is not an expression that can be evaluated: {error}") from None


def _fields(world: World, worker: Worker, now: int) -> dict[str, Any]:
    """Return what expressions know of a worker: its attributes and four fields."""
    activity = world.activities[world.activities_at(now)[worker.index]]
    return {
        **orjson.loads(worker.attributes),
        "sid": worker.sid,
        "friendly_name": worker.friendly_name,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
    }


def _evaluated(world: World, ask: SimulatedRequest) -> set[int]:
    """Return the queues for ``EvaluateWorkerAttributes``: somebody's attributes, or an expression.

    The documents don't say which; so a JSON object selects the queues that would take somebody with
    these attributes, and an expression those that have a worker for whom it holds.
    """
    text = ask.query["EvaluateWorkerAttributes"]
    if text.lstrip().startswith("{"):
        try:
            who = cast("dict[str, Any]", orjson.loads(text))
        except ValueError:
            raise bad_parameter("EvaluateWorkerAttributes is not valid JSON") from None
        return {queue.index for queue in world.task_queues if parse(queue.target_workers)(who)}
    matches = _expression(ask, "EvaluateWorkerAttributes")
    return {
        queue
        for worker in world.workers
        if matches is not None and matches(_fields(world, worker, ask.now))
        for queue in world.queues_of(worker)
    }
