"""Questions about Workers, one by one and all together."""

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, check_arguments
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
    """One Worker's cumulative statistics; there are no real-time ones per Worker.

    By default these are closed for Workspaces of more than 100 Workers; Twilio's support can open
    them (https://www.twilio.com/docs/taskrouter/limits).
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKER_STATISTICS
    sids = {"workspace_sid": workspace_sid, "worker_sid": worker_sid}
    parts = check_arguments(row, sids, window, {"task_channel": task_channel})
    workspace, worker = parts[0]
    return Query(row, *parts, context=Worker(sid=worker, workspace_sid=workspace))


def workers_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    task_queue_sid: str | None = None,
    task_queue_name: str | None = None,
    friendly_name: str | None = None,
) -> Query[WorkersStatistics]:
    """All Workers together, cumulative and real-time.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        task_queue_sid: only Workers eligible for this TaskQueue (WQ…).
        task_queue_name: only Workers eligible for the TaskQueue of this name.
        friendly_name: only the one of this name.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKERS_STATISTICS
    filters = {
        "task_channel": task_channel,
        "task_queue_sid": task_queue_sid,
        "task_queue_name": task_queue_name,
        "friendly_name": friendly_name,
    }
    return Query(row, *check_arguments(row, {"workspace_sid": workspace_sid}, window, filters))


def workers_cumulative_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
) -> Query[WorkersCumulativeStatistics]:
    """All Workers together, cumulative.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKERS_CUMULATIVE_STATISTICS
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid}, window, {"task_channel": task_channel}
        ),
    )


def workers_real_time_statistics(
    workspace_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[WorkersRealTimeStatistics]:
    """All Workers together, now.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKERS_REAL_TIME_STATISTICS
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid}, filters={"task_channel": task_channel}
        ),
    )


def worker(
    workspace_sid: str,
    worker_sid: str,
) -> Query[Worker]:
    """One Worker.

    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Args:
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKER
    return Query(
        row, *check_arguments(row, {"workspace_sid": workspace_sid, "worker_sid": worker_sid})
    )


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
    """The Workers of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Args:
        workspace_sid: the Workspace (WS…).
        activity_name: only Workers in the Activity of this name.
        activity_sid: only Workers in this Activity (WA…).
        available: only those that are available, or only those that are not.
        friendly_name: only the one of this name.
        target_workers_expression: only Workers that match; documented at 3 requests a second,
            apart from the plain list's budget.
        task_queue_name: only Workers eligible for the TaskQueue of this name.
        task_queue_sid: only Workers eligible for this TaskQueue (WQ…).
        ordering: the API's sorting parameter, such as ``"DateStatusChanged:desc"``.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKERS
    filters = {
        "activity_name": activity_name,
        "activity_sid": activity_sid,
        "available": available,
        "friendly_name": friendly_name,
        "target_workers_expression": target_workers_expression,
        "task_queue_name": task_queue_name,
        "task_queue_sid": task_queue_sid,
        "ordering": ordering,
    }
    return Listing(
        row,
        *check_arguments(row, {"workspace_sid": workspace_sid}, filters=filters),
        page_size=page_size,
    )


def worker_channels(
    workspace_sid: str,
    worker_sid: str,
    *,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[WorkerChannel]:
    """A Worker's capacities, one for each TaskChannel.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-channel.

    Args:
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKER_CHANNELS
    return Listing(
        row,
        *check_arguments(row, {"workspace_sid": workspace_sid, "worker_sid": worker_sid}),
        page_size=page_size,
    )
