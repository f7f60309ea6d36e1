"""Questions about Workspaces and what they hold."""

from collections.abc import Sequence

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.query import MAX_PAGE_SIZE, Listing, Query, check_arguments
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
    """A Workspace, cumulative and real-time.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKSPACE_STATISTICS
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    return Query(row, *check_arguments(row, {"workspace_sid": workspace_sid}, window, filters))


def workspace_cumulative_statistics(
    workspace_sid: str,
    window: Window = LAST_15_MINUTES,
    *,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
) -> Query[WorkspaceCumulativeStatistics]:
    """A Workspace, cumulative.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        window: the time asked for; the last 15 minutes by default.
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.
        split_by_wait_time: thresholds in seconds; counts above and below each come back.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKSPACE_CUMULATIVE_STATISTICS
    filters = {"task_channel": task_channel, "split_by_wait_time": split_by_wait_time}
    return Query(row, *check_arguments(row, {"workspace_sid": workspace_sid}, window, filters))


def workspace_real_time_statistics(
    workspace_sid: str,
    *,
    task_channel: str | None = None,
) -> Query[WorkspaceRealTimeStatistics]:
    """A Workspace, now.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Args:
        workspace_sid: the Workspace (WS…).
        task_channel: only this TaskChannel, by SID or ``unique_name`` such as ``"voice"``.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKSPACE_REAL_TIME_STATISTICS
    return Query(
        row,
        *check_arguments(
            row, {"workspace_sid": workspace_sid}, filters={"task_channel": task_channel}
        ),
    )


def workspace(
    workspace_sid: str,
) -> Query[Workspace]:
    """One Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace.

    Args:
        workspace_sid: the Workspace (WS…).

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKSPACE
    return Query(row, *check_arguments(row, {"workspace_sid": workspace_sid}))


def workspaces(
    *,
    friendly_name: str | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Workspace]:
    """The Workspaces of the account.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace.

    Args:
        friendly_name: only the one of this name.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.WORKSPACES
    return Listing(
        row,
        *check_arguments(row, {}, filters={"friendly_name": friendly_name}),
        page_size=page_size,
    )


def activities(
    workspace_sid: str,
    *,
    friendly_name: str | None = None,
    available: bool | None = None,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[Activity]:
    """The Activities of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/activity.

    Args:
        workspace_sid: the Workspace (WS…).
        friendly_name: only the one of this name.
        available: only those that are available, or only those that are not.
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.ACTIVITIES
    filters = {"friendly_name": friendly_name, "available": available}
    return Listing(
        row,
        *check_arguments(row, {"workspace_sid": workspace_sid}, filters=filters),
        page_size=page_size,
    )


def task_channels(
    workspace_sid: str,
    *,
    page_size: int = MAX_PAGE_SIZE,
) -> Listing[TaskChannel]:
    """The TaskChannels of a Workspace.

    Source: https://www.twilio.com/docs/taskrouter/api/task-channel.

    Args:
        workspace_sid: the Workspace (WS…).
        page_size: items per request, 1 to 1000.

    Raises:
        InvalidSid, InvalidParameter: before anything is sent.
    """
    row = endpoints.TASK_CHANNELS
    return Listing(
        row, *check_arguments(row, {"workspace_sid": workspace_sid}), page_size=page_size
    )
