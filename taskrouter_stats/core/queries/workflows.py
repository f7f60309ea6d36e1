"""Queries about Workflows."""

from collections.abc import Sequence

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, make_listing, make_query
from taskrouter_stats.core.window import LAST_15_MINUTES, Window
from taskrouter_stats.models import (
    Workflow,
    WorkflowCumulativeStatistics,
    WorkflowRealTimeStatistics,
    WorkflowStatistics,
)

__all__ = [
    "workflow_cumulative_statistics",
    "workflow_real_time_statistics",
    "workflow_statistics",
    "workflows",
]


def workflow_statistics(
    workspace_sid: str,
    workflow_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[WorkflowStatistics]:
    """Ask for one Workflow's cumulative and real-time statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKFLOW_STATISTICS,
        workspace_sid,
        workflow_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )


def workflow_cumulative_statistics(
    workspace_sid: str,
    workflow_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[WorkflowCumulativeStatistics]:
    """Ask for one Workflow's cumulative statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKFLOW_CUMULATIVE_STATISTICS,
        workspace_sid,
        workflow_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )


def workflow_real_time_statistics(
    workspace_sid: str,
    workflow_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[WorkflowRealTimeStatistics]:
    """Ask for one Workflow's real-time statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKFLOW_REAL_TIME_STATISTICS,
        workspace_sid,
        workflow_sid,
        task_channel=task_channel,
    )


def workflows(
    workspace_sid: str,
    *,
    friendly_name: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Workflow]:
    """List the Workflows of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow.

    Args:
        workspace_sid: the Workspace (WS…).
        friendly_name: only the Workflow with this name.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(
        endpoints.WORKFLOWS, workspace_sid, friendly_name=friendly_name, page_size=page_size
    )
