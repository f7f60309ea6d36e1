"""The combined answers: what happened within a window beside how things stand now.

Twilio's examples show that combined answers leave out keys that the separate operations have,
such as ``tasks_completed``; those read ``None``. The SIDs that name an answer and its parts,
``cumulative`` and ``realtime``, are always there: an answer without them is a ``PayloadError``.
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

    There is nothing real-time per Worker; the Worker itself says in which Activity it is.
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…); its name is not part of the answer.
        url: the absolute URL of these statistics.
        cumulative: what happened within the window.
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
        cumulative: what happened within the window.
        realtime: how things stand now.
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
        url: the absolute URL of these statistics; items of the list have none.
        cumulative: what happened within the window.
        realtime: how things stand now.
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
        cumulative: what happened within the window.
        realtime: how things stand now.
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
        cumulative: what happened within the window.
        realtime: how things stand now.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    url: str | None = None
    cumulative: WorkspaceCumulative
    realtime: WorkspaceRealTime
