"""The combined answers: cumulative and real-time statistics in one record.

In Twilio's examples the combined answers lack keys that the separate operations have, such as
``tasks_completed``; such a field is ``None``. An answer must have the SIDs that name it, and its
parts ``cumulative`` and ``realtime``: without them it is a ``PayloadError``.
"""

from attrs import frozen

from .cumulative import (
    TaskQueueCumulative,
    WorkerCumulative,
    WorkflowCumulative,
    WorkspaceCumulative,
)
from .real_time import TaskQueueRealTime, TasksRealTime, WorkersRealTime, WorkspaceRealTime
from .record import Record
from .sids import AccountSid, TaskQueueSid, WorkerSid, WorkflowSid, WorkspaceSid

__all__ = [
    "TaskQueueStatistics",
    "WorkerStatistics",
    "WorkersStatistics",
    "WorkflowStatistics",
    "WorkspaceStatistics",
]


@frozen(eq=False, repr=False, kw_only=True)
class WorkerStatistics(Record):
    """One Worker: ``GET /v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Statistics``.

    Twilio has no real-time statistics of one Worker; the ``Worker`` record has its Activity.
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…); the answer does not contain its name.
        url: the absolute URL of these statistics.
        cumulative: the statistics of the window.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    worker_sid: WorkerSid
    url: str | None = None
    cumulative: WorkerCumulative


@frozen(eq=False, repr=False, kw_only=True)
class WorkersStatistics(Record):
    """All Workers of a Workspace together: ``GET …/Workers/Statistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        url: the absolute URL of these statistics.
        cumulative: the statistics of the window.
        realtime: the real-time statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    url: str | None = None
    cumulative: WorkerCumulative
    realtime: WorkersRealTime


@frozen(eq=False, repr=False, kw_only=True)
class TaskQueueStatistics(Record):
    """One TaskQueue: ``GET …/TaskQueues/{TaskQueueSid}/Statistics``, or one item of the list.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        url: the absolute URL of these statistics; None for an item of the list.
        cumulative: the statistics of the window.
        realtime: the real-time statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    task_queue_sid: TaskQueueSid
    url: str | None = None
    cumulative: TaskQueueCumulative
    realtime: TaskQueueRealTime


@frozen(eq=False, repr=False, kw_only=True)
class WorkflowStatistics(Record):
    """One Workflow: ``GET …/Workflows/{WorkflowSid}/Statistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        url: the absolute URL of these statistics.
        cumulative: the statistics of the window.
        realtime: the real-time statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    workflow_sid: WorkflowSid
    url: str | None = None
    cumulative: WorkflowCumulative
    realtime: TasksRealTime


@frozen(eq=False, repr=False, kw_only=True)
class WorkspaceStatistics(Record):
    """A Workspace: ``GET /v1/Workspaces/{WorkspaceSid}/Statistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        url: the absolute URL of these statistics.
        cumulative: the statistics of the window.
        realtime: the real-time statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    url: str | None = None
    cumulative: WorkspaceCumulative
    realtime: WorkspaceRealTime
