"""Queries about TaskQueues."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, make_listing, make_query
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

_MAX_PER_QUERY: Final = 50
"""TaskQueues; the server answers 400 for more."""


def task_queue_statistics(
    workspace_sid: str,
    task_queue_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[TaskQueueStatistics]:
    """Ask for one TaskQueue's cumulative and real-time statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.TASK_QUEUE_STATISTICS,
        workspace_sid,
        task_queue_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )


def task_queue_cumulative_statistics(
    workspace_sid: str,
    task_queue_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[TaskQueueCumulativeStatistics]:
    """Ask for one TaskQueue's cumulative statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.TASK_QUEUE_CUMULATIVE_STATISTICS,
        workspace_sid,
        task_queue_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )


def task_queue_real_time_statistics(
    workspace_sid: str,
    task_queue_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[TaskQueueRealTimeStatistics]:
    """Ask for one TaskQueue's real-time statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.TASK_QUEUE_REAL_TIME_STATISTICS,
        workspace_sid,
        task_queue_sid,
        task_channel=task_channel,
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
    """List the cumulative and real-time statistics of every TaskQueue of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.
        friendly_name: only the TaskQueue with this name.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(
        endpoints.TASK_QUEUES_STATISTICS,
        workspace_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
        friendly_name=friendly_name,
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
    """List the TaskQueues of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/task-queue.

    Args:
        workspace_sid: the Workspace (WS…).
        friendly_name: only the TaskQueue with this name.
        evaluate_worker_attributes: only TaskQueues that a Worker with these attributes matches;
            documented at 3 requests a second, in a budget separate from the plain list's.
        worker_sid: only TaskQueues that this Worker (WK…) is eligible for.
        ordering: the API's sorting parameter, such as ``"DateStatusChanged:desc"``.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(
        endpoints.TASK_QUEUES,
        workspace_sid,
        friendly_name=friendly_name,
        evaluate_worker_attributes=evaluate_worker_attributes,
        worker_sid=worker_sid,
        ordering=ordering,
        page_size=page_size,
    )


def task_queues_bulk_real_time_statistics(
    workspace_sid: str, task_queue_sids: Iterable[str]
) -> list[Query[TaskQueuesBulkRealTimeStatistics]]:
    """Ask for the real-time statistics of many TaskQueues: one query for every 50, in order.

    Twilio documents 5 requests a second. The answer's ``missing_task_queue_sids`` names the SIDs
    that the server left out; for a valid SID of another account the server answers zeros.
    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_queue_sids: the TaskQueues (WQ…), any number; a repeated SID counts once.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    if isinstance(task_queue_sids, (str, bytes)) or not isinstance(task_queue_sids, Iterable):
        raise InvalidParameter("task_queue_sids", task_queue_sids, "expected a list of SIDs")
    query = make_query(endpoints.TASK_QUEUES_BULK_REAL_TIME_STATISTICS, workspace_sid)
    sids = tuple(dict.fromkeys(check_sid("task_queue_sids", sid, "WQ") for sid in task_queue_sids))
    return [
        attrs.evolve(query, task_queue_sids=sids[start : start + _MAX_PER_QUERY])
        for start in range(0, len(sids), _MAX_PER_QUERY)
    ]
