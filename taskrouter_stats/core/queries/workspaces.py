"""Queries about Workspaces, their Activities and their TaskChannels."""

from collections.abc import Sequence

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, make_listing, make_query
from taskrouter_stats.core.window import LAST_15_MINUTES, Window
from taskrouter_stats.models import (
    Activity,
    TaskChannel,
    Workspace,
    WorkspaceCumulativeStatistics,
    WorkspaceRealTimeStatistics,
    WorkspaceStatistics,
)

__all__ = [
    "activities",
    "task_channels",
    "workspace",
    "workspace_cumulative_statistics",
    "workspace_real_time_statistics",
    "workspace_statistics",
    "workspaces",
]


def workspace_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[WorkspaceStatistics]:
    """Ask for a Workspace's cumulative and real-time statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKSPACE_STATISTICS,
        workspace_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )


def workspace_cumulative_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[WorkspaceCumulativeStatistics]:
    """Ask for a Workspace's cumulative statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time window; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds, > 0; the answer counts above and below each.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKSPACE_CUMULATIVE_STATISTICS,
        workspace_sid,
        window=window,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )


def workspace_real_time_statistics(
    workspace_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[WorkspaceRealTimeStatistics]:
    """Ask for a Workspace's real-time statistics.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(
        endpoints.WORKSPACE_REAL_TIME_STATISTICS, workspace_sid, task_channel=task_channel
    )


def workspace(
    workspace_sid: str,
) -> Query[Workspace]:
    """Ask for one Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace.

    Args:
        workspace_sid: the Workspace (WS…).

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_query(endpoints.WORKSPACE, workspace_sid)


def workspaces(
    *,
    friendly_name: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Workspace]:
    """List the Workspaces of the account.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace.

    Args:
        friendly_name: only the Workspace with this name.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(endpoints.WORKSPACES, friendly_name=friendly_name, page_size=page_size)


def activities(
    workspace_sid: str,
    *,
    friendly_name: str | None = None,
    available: bool | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Activity]:
    """List the Activities of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/activity.

    Args:
        workspace_sid: the Workspace (WS…).
        friendly_name: only the Activity with this name.
        available: True for available Activities only, False for the others only.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(
        endpoints.ACTIVITIES,
        workspace_sid,
        friendly_name=friendly_name,
        available=available,
        page_size=page_size,
    )


def task_channels(
    workspace_sid: str,
    *,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[TaskChannel]:
    """List the TaskChannels of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/task-channel.

    Args:
        workspace_sid: the Workspace (WS…).
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: if an argument is wrong; nothing was sent.
    """
    return make_listing(endpoints.TASK_CHANNELS, workspace_sid, page_size=page_size)
