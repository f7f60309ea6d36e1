"""Questions about Workflows."""

from collections.abc import Sequence

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, check_arguments
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
    """One Workflow, cumulative and real-time.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKFLOW_STATISTICS
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid, "workflow_sid": workflow_sid}, window, filters
        ),
    )


def workflow_cumulative_statistics(
    workspace_sid: str,
    workflow_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[WorkflowCumulativeStatistics]:
    """One Workflow, cumulative.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKFLOW_CUMULATIVE_STATISTICS
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid, "workflow_sid": workflow_sid}, window, filters
        ),
    )


def workflow_real_time_statistics(
    workspace_sid: str,
    workflow_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[WorkflowRealTimeStatistics]:
    """One Workflow, now.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKFLOW_REAL_TIME_STATISTICS
    return Query(
        row,
        *check_arguments(
            row,
            {"workspace_sid": workspace_sid, "workflow_sid": workflow_sid},
            filters={"task_channel": task_channel},
        ),
    )


def workflows(
    workspace_sid: str,
    *,
    friendly_name: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Workflow]:
    """The Workflows of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow.

    Args:
        workspace_sid: the Workspace (WS…).
        friendly_name: only the one of this name.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKFLOWS
    return Listing(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid}, filters={"friendly_name": friendly_name}
        ),
        page_size=page_size,
    )
