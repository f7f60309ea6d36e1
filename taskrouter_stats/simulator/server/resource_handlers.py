"""Handlers of the lists, and of the two resources that have a separate request."""

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

__all__ = [
    "activities",
    "task_channels",
    "task_queues",
    "worker",
    "worker_channels",
    "workers",
    "workflows",
    "workspace",
    "workspaces",
]

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


def workspace(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the workspace."""
    in_workspace(world, request)
    return resources.workspace(world, request)


def worker(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one worker."""
    return resources.worker(world, worker_in_path(world, request), request)


def workspaces(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the account's workspaces."""
    page, meta = paginate(filter_by_name(world.siblings, request), request, "workspaces", _NAME)
    return {"workspaces": [resources.workspace(item, request) for item in page], "meta": meta}


def workers(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the workers."""
    in_workspace(world, request)
    by: Mapping[str, Callable[[Worker], Any]] = {
        "DateStatusChanged": lambda worker: world.activity_of(worker, request.now)[1],
        "FriendlyName": lambda worker: worker.friendly_name.lower(),
    }
    everything = ordered(world.workers, request, by)
    page, meta = _page(
        everything, filter_workers(world, request), request, "workers", _WORKER_FILTERS
    )
    return {"workers": [resources.worker(world, item, request) for item in page], "meta": meta}


def task_queues(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the task queues."""
    in_workspace(world, request)
    by: Mapping[str, Callable[[TaskQueue], Any]] = {
        "DateUpdated": lambda queue: queue.updated,
        "FriendlyName": lambda queue: queue.friendly_name.lower(),
    }
    everything = ordered(world.task_queues, request, by)
    page, meta = _page(
        everything, filter_queues(world, request), request, "task_queues", _QUEUE_FILTERS
    )
    return {
        "task_queues": [resources.task_queue(world, item, request) for item in page],
        "meta": meta,
    }


def workflows(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the workflows."""
    in_workspace(world, request)
    page, meta = paginate(filter_by_name(world.workflows, request), request, "workflows", _NAME)
    return {"workflows": [resources.workflow(world, item, request) for item in page], "meta": meta}


def activities(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the activities."""
    in_workspace(world, request)
    found = filter_activities(world, request)
    page, meta = paginate(found, request, "activities", (*_NAME, "Available"))
    return {"activities": [resources.activity(world, item, request) for item in page], "meta": meta}


def task_channels(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of the task channels."""
    in_workspace(world, request)
    page, meta = paginate(world.task_channels, request, "channels", ())
    return {
        "channels": [resources.task_channel(world, item, request) for item in page],
        "meta": meta,
    }


def worker_channels(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return one page of a worker's channels: every task channel, with its assigned tasks."""
    owner = worker_in_path(world, request)
    page, meta = paginate(world.task_channels, request, "channels", ())
    busy = [
        open_task.task.channel
        for open_task in world.task_history.open_tasks(request.now)
        if open_task.task.worker == owner.index
        and open_task.task.status(request.now - open_task.midnight) >= ASSIGNED
    ]
    channels = [
        resources.worker_channel(world, owner, channel, busy.count(channel.index), request)
        for channel in page
    ]
    return {"channels": channels, "meta": meta}


def _page(
    everything: Sequence[T] | None,
    some: Sequence[T],
    request: SimulatedRequest,
    key: str,
    filters: Sequence[str],
) -> tuple[Sequence[T], dict[str, Any]]:
    """Return a page of some items, in the order of ``everything`` if that is given."""
    if everything is None:
        return paginate(some, request, key, filters)
    places = {item.index: place for place, item in enumerate(everything)}

    def place(item: T) -> int:
        return places[item.index]

    return paginate(sorted(some, key=place), request, key, filters, place)
