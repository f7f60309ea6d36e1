"""Resources in the shape of the JSON, each with every documented key."""

from datetime import UTC, datetime
from typing import Any

import orjson

from taskrouter_stats.simulator.world.profiles import sid
from taskrouter_stats.simulator.world.workspace import (
    OPENED,
    RESERVATION_TIMEOUT,
    Activity,
    TaskChannel,
    TaskQueue,
    Workflow,
)
from taskrouter_stats.simulator.world.world import Worker, World

from .request import SimulatedRequest

__all__ = [
    "activity",
    "iso",
    "task_channel",
    "task_queue",
    "worker",
    "worker_channel",
    "workflow",
    "workspace",
]

_CAPACITY = {"voice": 1, "chat": 4, "sms": 5}
"""Tasks that a worker may have at once in each channel; item in any other."""


def iso(seconds: int) -> str:
    """Return a time, seconds since 1970, as Twilio writes it: ``2026-01-31T08:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def workspace(world: World, request: SimulatedRequest) -> dict[str, Any]:
    """Return the workspace."""
    offline, url = world.activities[0], _workspace_url(world, request)
    return {
        **_made(world, OPENED, OPENED),
        "sid": world.workspace_sid,
        "friendly_name": world.friendly_name,
        "default_activity_name": offline.friendly_name,
        "default_activity_sid": offline.sid,
        "timeout_activity_name": offline.friendly_name,
        "timeout_activity_sid": offline.sid,
        "event_callback_url": None,
        "events_filter": None,
        "multi_task_enabled": True,
        "prioritize_queue_order": "FIFO",
        "url": url,
        "links": {
            "activities": f"{url}/Activities",
            **_statistics_links(url),
            "task_queues": f"{url}/TaskQueues",
            "tasks": f"{url}/Tasks",
            "workers": f"{url}/Workers",
            "workflows": f"{url}/Workflows",
            "task_channels": f"{url}/TaskChannels",
            "events": f"{url}/Events",
        },
    }


def worker(world: World, item: Worker, request: SimulatedRequest) -> dict[str, Any]:
    """Return a worker, with its current activity."""
    activity, since = world.activity_of(item, request.now)
    above = _workspace_url(world, request)
    url = f"{above}/Workers/{item.sid}"
    return {
        **_made(world, item.created, since),
        "sid": item.sid,
        "friendly_name": item.friendly_name,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
        "workspace_sid": world.workspace_sid,
        "attributes": orjson.dumps(item.attributes).decode(),
        "available": activity.available,
        "date_status_changed": iso(since),
        "url": url,
        "links": {
            "channels": f"{url}/Channels",
            "activity": f"{above}/Activities/{activity.sid}",
            "workspace": above,
            **_statistics_links(f"{above}/Workers"),
            "worker_statistics": f"{url}/Statistics",
            "worker_channels": f"{url}/Channels",
            "reservations": f"{url}/Reservations",
        },
    }


def worker_channel(
    world: World, item: Worker, channel: TaskChannel, assigned: int, request: SimulatedRequest
) -> dict[str, Any]:
    """Return a worker's capacity in a channel, and the tasks assigned to it."""
    channel_sid = sid("WC", world.seed, item.index, channel.index)
    capacity = _CAPACITY.get(channel.unique_name, 1)
    return {
        **_made(world, item.created, item.created),
        "sid": channel_sid,
        "workspace_sid": world.workspace_sid,
        "worker_sid": item.sid,
        "task_channel_sid": channel.sid,
        "task_channel_unique_name": channel.unique_name,
        "assigned_tasks": assigned,
        "available": channel.index in item.profile.channels,
        "available_capacity_percentage": 100 * (capacity - assigned) // capacity,
        "configured_capacity": capacity,
        "url": f"{_workspace_url(world, request)}/Workers/{item.sid}/Channels/{channel_sid}",
    }


def task_queue(world: World, queue: TaskQueue, request: SimulatedRequest) -> dict[str, Any]:
    """Return a task queue; reservation and assignment change no activity."""
    above = _workspace_url(world, request)
    url = f"{above}/TaskQueues/{queue.sid}"
    return {
        **_made(world, OPENED, queue.updated),
        "sid": queue.sid,
        "friendly_name": queue.friendly_name,
        "workspace_sid": world.workspace_sid,
        "target_workers": queue.target_workers,
        "task_order": "FIFO",
        "max_reserved_workers": 1,
        "assignment_activity_sid": None,
        "assignment_activity_name": None,
        "reservation_activity_sid": None,
        "reservation_activity_name": None,
        "url": url,
        "links": {
            "workspace": above,
            **_statistics_links(url),
            "list_statistics": f"{above}/TaskQueues/Statistics",
            "bulk_real_time_statistics": f"{above}/TaskQueues/RealTimeStatistics",
        },
    }


def workflow(world: World, item: Workflow, request: SimulatedRequest) -> dict[str, Any]:
    """Return a workflow."""
    url = f"{_workspace_url(world, request)}/Workflows/{item.sid}"
    return {
        **_made(world, OPENED, OPENED),
        "sid": item.sid,
        "friendly_name": item.friendly_name,
        "workspace_sid": world.workspace_sid,
        "configuration": _configuration(world, item),
        "document_content_type": "application/json",
        "assignment_callback_url": None,
        "fallback_assignment_callback_url": None,
        "task_reservation_timeout": RESERVATION_TIMEOUT,
        "url": url,
        "links": _statistics_links(url),
    }


def activity(world: World, item: Activity, request: SimulatedRequest) -> dict[str, Any]:
    """Return an activity."""
    above = _workspace_url(world, request)
    return {
        **_made(world, OPENED, OPENED),
        "sid": item.sid,
        "friendly_name": item.friendly_name,
        "workspace_sid": world.workspace_sid,
        "available": item.available,
        "url": f"{above}/Activities/{item.sid}",
        "links": {"workspace": above},
    }


def task_channel(world: World, item: TaskChannel, request: SimulatedRequest) -> dict[str, Any]:
    """Return a task channel."""
    above = _workspace_url(world, request)
    return {
        **_made(world, OPENED, OPENED),
        "sid": item.sid,
        "friendly_name": item.friendly_name,
        "unique_name": item.unique_name,
        "workspace_sid": world.workspace_sid,
        "channel_optimized_routing": False,
        "url": f"{above}/TaskChannels/{item.sid}",
        "links": {"workspace": above},
    }


def _configuration(world: World, item: Workflow) -> str:
    """Return a workflow's rules, which Twilio keeps as JSON text."""
    queues = [world.task_queues[position] for position in item.queues]
    filters: list[dict[str, Any]] = [
        {
            "filter_friendly_name": queue.friendly_name,
            "expression": f'topic == "{queue.friendly_name.lower()}"',
            "targets": [{"queue": queue.sid}],
        }
        for queue in queues
    ]
    rules = {"task_routing": {"filters": filters, "default_filter": {"queue": queues[0].sid}}}
    return orjson.dumps(rules).decode()


def _workspace_url(world: World, request: SimulatedRequest) -> str:
    return f"{request.origin}/v1/Workspaces/{world.workspace_sid}"


def _made(world: World, created: int, updated: int) -> dict[str, Any]:
    """Return the account, and the times of creation and of the last update."""
    return {
        "account_sid": world.account_sid,
        "date_created": iso(created),
        "date_updated": iso(updated),
    }


def _statistics_links(url: str) -> dict[str, str]:
    return {
        "statistics": f"{url}/Statistics",
        "real_time_statistics": f"{url}/RealTimeStatistics",
        "cumulative_statistics": f"{url}/CumulativeStatistics",
    }
