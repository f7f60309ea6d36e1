"""Workspaces, workers and the rest as the JSON has them, each with every documented key."""

from typing import Any

from taskrouter_stats.simulator.world.profiles import sid
from taskrouter_stats.simulator.world.workspace import (
    OPENED,
    RING_LIMIT,
    Activity,
    TaskChannel,
    TaskQueue,
    Workflow,
)
from taskrouter_stats.simulator.world.world import Worker, World, iso

from .request import SimulatedRequest

_CAPACITY = {"voice": 1, "chat": 4, "sms": 5}
"""How many tasks a worker may have at once in each channel; one in any other."""


def workspace(world: World, ask: SimulatedRequest) -> dict[str, Any]:
    """Return the workspace."""
    offline, url = world.activities[0], _workspace_url(world, ask)
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


def worker(world: World, one: Worker, ask: SimulatedRequest) -> dict[str, Any]:
    """Return a worker, and what it is doing."""
    activity, since = world.activity_of(one, ask.now)
    above = _workspace_url(world, ask)
    url = f"{above}/Workers/{one.sid}"
    return {
        **_made(world, one.created, since),
        "sid": one.sid,
        "friendly_name": one.friendly_name,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
        "workspace_sid": world.workspace_sid,
        "attributes": one.attributes,
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
    world: World, one: Worker, channel: TaskChannel, assigned: int, ask: SimulatedRequest
) -> dict[str, Any]:
    """Return how many tasks of a channel a worker may have, and has."""
    own_sid = sid("WC", world.seed, one.index, channel.index)
    capacity = _CAPACITY.get(channel.unique_name, 1)
    return {
        **_made(world, one.created, one.created),
        "sid": own_sid,
        "workspace_sid": world.workspace_sid,
        "worker_sid": one.sid,
        "task_channel_sid": channel.sid,
        "task_channel_unique_name": channel.unique_name,
        "assigned_tasks": assigned,
        "available": channel.index in one.habit.channels,
        "available_capacity_percentage": 100 * (capacity - assigned) // capacity,
        "configured_capacity": capacity,
        "url": f"{_workspace_url(world, ask)}/Workers/{one.sid}/Channels/{own_sid}",
    }


def task_queue(world: World, queue: TaskQueue, ask: SimulatedRequest) -> dict[str, Any]:
    """Return a task queue; workers stay in their activity whatever it gives them."""
    above = _workspace_url(world, ask)
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


def workflow(world: World, one: Workflow, ask: SimulatedRequest) -> dict[str, Any]:
    """Return a workflow."""
    url = f"{_workspace_url(world, ask)}/Workflows/{one.sid}"
    return {
        **_made(world, OPENED, OPENED),
        "sid": one.sid,
        "friendly_name": one.friendly_name,
        "workspace_sid": world.workspace_sid,
        "configuration": one.configuration,
        "document_content_type": "application/json",
        "assignment_callback_url": None,
        "fallback_assignment_callback_url": None,
        "task_reservation_timeout": RING_LIMIT,
        "url": url,
        "links": _statistics_links(url),
    }


def activity(world: World, one: Activity, ask: SimulatedRequest) -> dict[str, Any]:
    """Return an activity."""
    above = _workspace_url(world, ask)
    return {
        **_made(world, OPENED, OPENED),
        "sid": one.sid,
        "friendly_name": one.friendly_name,
        "workspace_sid": world.workspace_sid,
        "available": one.available,
        "url": f"{above}/Activities/{one.sid}",
        "links": {"workspace": above},
    }


def task_channel(world: World, one: TaskChannel, ask: SimulatedRequest) -> dict[str, Any]:
    """Return a task channel."""
    above = _workspace_url(world, ask)
    return {
        **_made(world, OPENED, OPENED),
        "sid": one.sid,
        "friendly_name": one.friendly_name,
        "unique_name": one.unique_name,
        "workspace_sid": world.workspace_sid,
        "channel_optimized_routing": False,
        "url": f"{above}/TaskChannels/{one.sid}",
        "links": {"workspace": above},
    }


def _workspace_url(world: World, ask: SimulatedRequest) -> str:
    return f"{ask.origin}/v1/Workspaces/{world.workspace_sid}"


def _made(world: World, created: int, updated: int) -> dict[str, Any]:
    """Return whose it is, when it was made and when it was last changed."""
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
