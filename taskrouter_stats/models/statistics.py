"""The combined answers: what happened within a window beside how things stand now.

Twilio's examples show that combined answers leave out keys that the separate operations have,
such as ``tasks_completed``; those read ``None``.
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

__all__ = [
    "TaskQueueStatistics",
    "WorkerStatistics",
    "WorkersStatistics",
    "WorkflowStatistics",
    "WorkspaceStatistics",
]


@frozen(eq=False, repr=False)
class WorkerStatistics(Record):
    """One Worker: ``GET /v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Statistics``.

    There is nothing real-time per Worker; the Worker itself says in which Activity it is.
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…); its name is not part of the answer.
        url: the absolute URL of these statistics.
        cumulative: what happened within the window; the description calls it nullable.
    """

    account_sid: str | None = None
    workspace_sid: str | None = None
    worker_sid: str | None = None
    url: str | None = None
    cumulative: WorkerCumulative | None = None


@frozen(eq=False, repr=False)
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

    account_sid: str | None = None
    workspace_sid: str | None = None
    url: str | None = None
    cumulative: WorkerCumulative | None = None
    realtime: WorkersRealTime | None = None


@frozen(eq=False, repr=False)
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

    account_sid: str | None = None
    workspace_sid: str | None = None
    task_queue_sid: str | None = None
    url: str | None = None
    cumulative: TaskQueueCumulative | None = None
    realtime: TaskQueueRealTime | None = None


@frozen(eq=False, repr=False)
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

    account_sid: str | None = None
    workspace_sid: str | None = None
    workflow_sid: str | None = None
    url: str | None = None
    cumulative: WorkflowCumulative | None = None
    realtime: TasksRealTime | None = None


@frozen(eq=False, repr=False)
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

    account_sid: str | None = None
    workspace_sid: str | None = None
    url: str | None = None
    cumulative: WorkspaceCumulative | None = None
    realtime: WorkspaceRealTime | None = None
