"""Queries about Workers, one at a time and all together."""

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, make_listing, make_query
from taskrouter_stats.core.window import LAST_15_MINUTES, Window
from taskrouter_stats.models import (
    Worker,
    WorkerChannel,
    WorkersCumulativeStatistics,
    WorkersRealTimeStatistics,
    WorkersStatistics,
    WorkerStatistics,
)

__all__ = [
    "worker",
    "worker_channels",
    "worker_statistics",
    "workers",
    "workers_cumulative_statistics",
    "workers_real_time_statistics",
    "workers_statistics",
]


def worker_statistics(
    workspace_sid: str,
    worker_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
) -> Query[WorkerStatistics]:
    """Ask for one Worker's cumulative statistics; Twilio has no real-time ones of one Worker.

    Twilio closes them by default for Workspaces of more than 100 Workers; its support can open
    them (https://www.twilio.com/docs/taskrouter/limits).
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKER_STATISTICS,
        workspace_sid,
        worker_sid,
        window=window,
        task_channel=task_channel,
    )


def workers_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    task_queue_sid: str | None = None,
    task_queue_name: str | None = None,
    friendly_name: str | None = None,
) -> Query[WorkersStatistics]:
    """Ask for the cumulative and real-time statistics of all Workers together.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        task_queue_sid: only Workers eligible for this TaskQueue (WQ…).
        task_queue_name: only Workers eligible for the TaskQueue with this name.
        friendly_name: only the Worker with this name.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKERS_STATISTICS,
        workspace_sid,
        window=window,
        task_channel=task_channel,
        task_queue_sid=task_queue_sid,
        task_queue_name=task_queue_name,
        friendly_name=friendly_name,
    )


def workers_cumulative_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
) -> Query[WorkersCumulativeStatistics]:
    """Ask for the cumulative statistics of all Workers together.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKERS_CUMULATIVE_STATISTICS,
        workspace_sid,
        window=window,
        task_channel=task_channel,
    )


def workers_real_time_statistics(
    workspace_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[WorkersRealTimeStatistics]:
    """Ask for the real-time statistics of all Workers together.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKERS_REAL_TIME_STATISTICS, workspace_sid, task_channel=task_channel
    )


def worker(
    workspace_sid: str,
    worker_sid: str,
) -> Query[Worker]:
    """Ask for one Worker.

    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Args:
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(endpoints.WORKER, workspace_sid, worker_sid)


def workers(
    workspace_sid: str,
    *,
    activity_name: str | None = None,
    activity_sid: str | None = None,
    available: bool | None = None,
    friendly_name: str | None = None,
    target_workers_expression: str | None = None,
    task_queue_name: str | None = None,
    task_queue_sid: str | None = None,
    ordering: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Worker]:
    """List the Workers of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Args:
        workspace_sid: the Workspace (WS…).
        activity_name: only Workers in the Activity with this name.
        activity_sid: only Workers in this Activity (WA…).
        available: True for available Workers only, False for the others only.
        friendly_name: only the Worker with this name.
        target_workers_expression: only Workers that match it; documented at 3 requests a second,
            in a budget separate from the plain list's.
        task_queue_name: only Workers eligible for the TaskQueue with this name.
        task_queue_sid: only Workers eligible for this TaskQueue (WQ…).
        ordering: the API's sorting parameter, such as ``"DateStatusChanged:desc"``.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(
        endpoints.WORKERS,
        workspace_sid,
        activity_name=activity_name,
        activity_sid=activity_sid,
        available=available,
        friendly_name=friendly_name,
        target_workers_expression=target_workers_expression,
        task_queue_name=task_queue_name,
        task_queue_sid=task_queue_sid,
        ordering=ordering,
        page_size=page_size,
    )


def worker_channels(
    workspace_sid: str,
    worker_sid: str,
    *,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[WorkerChannel]:
    """List a Worker's capacities, one for each TaskChannel.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-channel.

    Args:
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(endpoints.WORKER_CHANNELS, workspace_sid, worker_sid, page_size=page_size)
