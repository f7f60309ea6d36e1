"""Questions about TaskQueues."""

from collections.abc import Iterable, Sequence
from typing import Final

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, check_arguments
from taskrouter_stats.core.window import LAST_15_MINUTES, Window
from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.models import (
    TaskQueue,
    TaskQueueCumulativeStatistics,
    TaskQueueRealTimeStatistics,
    TaskQueuesBulkRealTimeStatistics,
    TaskQueueStatistics,
    check_sid,
)

__all__ = [
    "task_queue_cumulative_statistics",
    "task_queue_real_time_statistics",
    "task_queue_statistics",
    "task_queues",
    "task_queues_bulk_real_time_statistics",
    "task_queues_statistics",
]

_MOST_AT_ONCE: Final = 50
"""More are answered with 400."""


def task_queue_statistics(
    workspace_sid: str,
    task_queue_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[TaskQueueStatistics]:
    """One TaskQueue, cumulative and real-time.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.TASK_QUEUE_STATISTICS
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid, "task_queue_sid": task_queue_sid}, window, filters
        ),
    )


def task_queue_cumulative_statistics(
    workspace_sid: str,
    task_queue_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[TaskQueueCumulativeStatistics]:
    """One TaskQueue, cumulative.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.TASK_QUEUE_CUMULATIVE_STATISTICS
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid, "task_queue_sid": task_queue_sid}, window, filters
        ),
    )


def task_queue_real_time_statistics(
    workspace_sid: str,
    task_queue_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[TaskQueueRealTimeStatistics]:
    """One TaskQueue, now.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.TASK_QUEUE_REAL_TIME_STATISTICS
    return Query(
        row,
        *check_arguments(
            row,
            {"workspace_sid": workspace_sid, "task_queue_sid": task_queue_sid},
            filters={"task_channel": task_channel},
        ),
    )


def task_queues_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
    friendly_name: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[TaskQueueStatistics]:
    """Every TaskQueue of a Workspace, cumulative and real-time, as a list.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.
        friendly_name: only the one of this name.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.TASK_QUEUES_STATISTICS
    filters = {
        "task_channel": task_channel,
        "split_by_wait_time": split_by_wait_time,
        "friendly_name": friendly_name,
    }
    return Listing(
        row,
        *check_arguments(row, {"workspace_sid": workspace_sid}, window, filters),
        page_size=page_size,
    )


def task_queues(
    workspace_sid: str,
    *,
    friendly_name: str | None = None,
    evaluate_worker_attributes: str | None = None,
    worker_sid: str | None = None,
    ordering: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[TaskQueue]:
    """The TaskQueues of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/task-queue.

    Args:
        workspace_sid: the Workspace (WS…).
        friendly_name: only the one of this name.
        evaluate_worker_attributes: only TaskQueues that a Worker with these attributes matches;
            documented at 3 requests a second, apart from the plain list's budget.
        worker_sid: only TaskQueues that this Worker (WK…) is eligible for.
        ordering: the API's sorting parameter, such as ``"DateStatusChanged:desc"``.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.TASK_QUEUES
    filters = {
        "friendly_name": friendly_name,
        "evaluate_worker_attributes": evaluate_worker_attributes,
        "worker_sid": worker_sid,
        "ordering": ordering,
    }
    return Listing(
        row,
        *check_arguments(row, {"workspace_sid": workspace_sid}, filters=filters),
        page_size=page_size,
    )


def task_queues_bulk_real_time_statistics(
    workspace_sid: str, task_queue_sids: Iterable[str]
) -> list[Query[TaskQueuesBulkRealTimeStatistics]]:
    """Many TaskQueues, now: one query for every 50, in the order given.

    Documented at 5 requests a second. A SID that the server leaves out is in the answer's
    ``missing_task_queue_sids``; a valid one of another account is answered with zeros.
    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sids: the TaskQueues (WQ…), any number; one that is repeated is asked once.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    if isinstance(task_queue_sids, (str, bytes)) or not isinstance(task_queue_sids, Iterable):
        raise InvalidParameter("task_queue_sids", task_queue_sids, "a list of SIDs is expected")
    row = endpoints.TASK_QUEUES_BULK_REAL_TIME_STATISTICS
    parts = check_arguments(row, {"workspace_sid": workspace_sid})
    sids = tuple(dict.fromkeys(check_sid("task_queue_sids", sid, "WQ") for sid in task_queue_sids))
    return [
        Query(row, *parts, task_queue_sids=sids[start : start + _MOST_AT_ONCE])
        for start in range(0, len(sids), _MOST_AT_ONCE)
    ]
