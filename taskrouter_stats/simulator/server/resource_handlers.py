"""What the lists answer, and the two resources that can be asked for alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from taskrouter_stats.simulator.world.tasks import ASSIGNED
from taskrouter_stats.simulator.world.workspace import TaskQueue
from taskrouter_stats.simulator.world.world import Worker, World

from . import resources
from .filters import (
    filter_activities,
    filter_by_name,
    filter_queues,
    filter_workers,
    in_workspace,
    ordered,
    worker_in_path,
)
from .paging import Listed, paginate
from .request import SimulatedRequest

T = TypeVar("T", bound=Listed)

_NAME: Final = ("FriendlyName",)
_WORKER_FILTERS: Final = (
    *_NAME,
    "ActivityName",
    "ActivitySid",
    "Available",
    "TargetWorkersExpression",
    "TaskQueueName",
    "TaskQueueSid",
    "Ordering",
)
_QUEUE_FILTERS: Final = (*_NAME, "EvaluateWorkerAttributes", "WorkerSid", "Ordering")


def workspace(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with the workspace."""
    in_workspace(world, ask)
    return resources.workspace(world, ask)


def worker(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one worker."""
    return resources.worker(world, worker_in_path(world, ask), ask)


def workspaces(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the account's workspaces."""
    page, meta = paginate(filter_by_name(world.siblings, ask), ask, "workspaces", _NAME)
    return {"workspaces": [resources.workspace(one, ask) for one in page], "meta": meta}


def workers(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the workers."""
    in_workspace(world, ask)
    by: Mapping[str, Callable[[Worker], Any]] = {
        "DateStatusChanged": lambda one: world.activity_of(one, ask.now)[1],
        "FriendlyName": lambda one: one.friendly_name.lower(),
    }
    whole = ordered(world.workers, ask, by)
    page, meta = _page(whole, filter_workers(world, ask), ask, "workers", _WORKER_FILTERS)
    return {"workers": [resources.worker(world, one, ask) for one in page], "meta": meta}


def task_queues(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the task queues."""
    in_workspace(world, ask)
    by: Mapping[str, Callable[[TaskQueue], Any]] = {
        "DateUpdated": lambda queue: queue.updated,
        "FriendlyName": lambda queue: queue.friendly_name.lower(),
    }
    whole = ordered(world.task_queues, ask, by)
    page, meta = _page(whole, filter_queues(world, ask), ask, "task_queues", _QUEUE_FILTERS)
    return {"task_queues": [resources.task_queue(world, one, ask) for one in page], "meta": meta}


def workflows(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the workflows."""
    in_workspace(world, ask)
    page, meta = paginate(filter_by_name(world.workflows, ask), ask, "workflows", _NAME)
    return {"workflows": [resources.workflow(world, one, ask) for one in page], "meta": meta}


def activities(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the activities."""
    in_workspace(world, ask)
    found = filter_activities(world, ask)
    page, meta = paginate(found, ask, "activities", (*_NAME, "Available"))
    return {"activities": [resources.activity(world, one, ask) for one in page], "meta": meta}


def task_channels(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of the task channels."""
    in_workspace(world, ask)
    page, meta = paginate(world.task_channels, ask, "channels", ())
    return {"channels": [resources.task_channel(world, one, ask) for one in page], "meta": meta}


def worker_channels(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Answer with one page of a worker's channels: every task channel, and the tasks it has."""
    one = worker_in_path(world, ask)
    page, meta = paginate(world.task_channels, ask, "channels", ())
    busy = [
        living.task.channel
        for living in world.task_history.open_tasks(ask.now)
        if living.task.worker == one.index
        and living.task.status(ask.now - living.midnight) >= ASSIGNED
    ]
    channels = [
        resources.worker_channel(world, one, channel, busy.count(channel.index), ask)
        for channel in page
    ]
    return {"channels": channels, "meta": meta}


def _page(
    whole: Sequence[T] | None,
    some: Sequence[T],
    ask: SimulatedRequest,
    key: str,
    filters: Sequence[str],
) -> tuple[Sequence[T], dict[str, Any]]:
    """Return a page of some things, which stand in the order of the whole if that has another."""
    if whole is None:
        return paginate(some, ask, key, filters)
    places = {one.index: place for place, one in enumerate(whole)}

    def place(one: T) -> int:
        return places[one.index]

    return paginate(sorted(some, key=place), ask, key, filters, place)
