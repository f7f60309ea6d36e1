"""Real-time statistics: of all Workers, of a TaskQueue, a Workflow, a Workspace.

The classes are arranged as in ``cumulative``. Real-time figures of queues "may take a few seconds
to update due to event latency" (https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics).
"""

from collections.abc import Mapping

from attrs import field, frozen

from .record import NOT_JSON, ActivityStatistic, Record
from .sids import AccountSid, TaskQueueSid, TaskSid, WorkflowSid, WorkspaceSid

__all__ = [
    "TaskQueueRealTime",
    "TaskQueueRealTimeStatistics",
    "TaskQueuesBulkRealTimeStatistics",
    "TasksRealTime",
    "WorkersRealTime",
    "WorkersRealTimeStatistics",
    "WorkflowRealTimeStatistics",
    "WorkspaceRealTime",
    "WorkspaceRealTimeStatistics",
]


@frozen(eq=False, repr=False)
class WorkersRealTime(Record):
    """Real-time counts of Workers.

    Attributes:
        activity_statistics: number of Workers in each Activity.
        total_workers: number of all Workers.
    """

    activity_statistics: tuple[ActivityStatistic, ...] | None = None
    total_workers: int | None = None


@frozen(eq=False, repr=False, kw_only=True)
class WorkersRealTimeStatistics(WorkersRealTime):
    """All Workers of a Workspace: ``GET …/Workers/RealTimeStatistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        url: the absolute URL of these statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    url: str | None = None


@frozen(eq=False, repr=False)
class TasksRealTime(Record):
    """Real-time counts of Tasks.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Attributes:
        longest_task_waiting_age: waiting time of the longest-waiting Task, seconds.
        longest_task_waiting_sid: that Task's SID (WT…).
        tasks_by_priority: Tasks by priority, the priority as text.
        tasks_by_status: Tasks by status: pending, reserved, assigned, wrapping.
        total_tasks: number of all these Tasks.
    """

    longest_task_waiting_age: float | None = None
    longest_task_waiting_sid: TaskSid | None = None
    tasks_by_priority: Mapping[str, int] | None = field(default=None, hash=False)
    tasks_by_status: Mapping[str, int] | None = field(default=None, hash=False)
    total_tasks: int | None = None


@frozen(eq=False, repr=False, kw_only=True)
class WorkflowRealTimeStatistics(TasksRealTime):
    """A Workflow: ``GET …/Workflows/{WorkflowSid}/RealTimeStatistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/workflow-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        workflow_sid: the Workflow (WW…).
        url: the absolute URL of these statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    workflow_sid: WorkflowSid
    url: str | None = None


@frozen(eq=False, repr=False)
class WorkspaceRealTime(TasksRealTime):
    """Real-time counts of a Workspace's Tasks and Workers.

    Attributes:
        activity_statistics: number of Workers in each Activity.
        total_workers: number of all Workers.
    """

    activity_statistics: tuple[ActivityStatistic, ...] | None = None
    total_workers: int | None = None


@frozen(eq=False, repr=False, kw_only=True)
class WorkspaceRealTimeStatistics(WorkspaceRealTime):
    """A Workspace: ``GET /v1/Workspaces/{WorkspaceSid}/RealTimeStatistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        url: the absolute URL of these statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    url: str | None = None


@frozen(eq=False, repr=False)
class QueuedTasksRealTime(TasksRealTime):
    """Real-time counts of a TaskQueue's Tasks and Workers, without its SID.

    Attributes:
        activity_statistics: number of eligible Workers in each Activity.
        total_available_workers: Workers that can receive its Tasks now.
        total_eligible_workers: Workers that match its expression.
        longest_relative_task_age_in_queue: seconds since the longest-waiting Task entered this
            TaskQueue; not part of the bulk answer.
        longest_relative_task_sid_in_queue: that Task's SID (WT…); not part of the bulk answer.
    """

    activity_statistics: tuple[ActivityStatistic, ...] | None = None
    total_available_workers: int | None = None
    total_eligible_workers: int | None = None
    longest_relative_task_age_in_queue: float | None = None
    longest_relative_task_sid_in_queue: TaskSid | None = None


@frozen(eq=False, repr=False)
class TaskQueueRealTime(QueuedTasksRealTime):
    """Real-time counts of a TaskQueue, as a part of another answer.

    Attributes:
        task_queue_sid: the TaskQueue (WQ…); None if the answer names it elsewhere.
    """

    task_queue_sid: TaskQueueSid | None = None


@frozen(eq=False, repr=False, kw_only=True)
class TaskQueueRealTimeStatistics(QueuedTasksRealTime):
    """A TaskQueue: ``GET …/TaskQueues/{TaskQueueSid}/RealTimeStatistics``.

    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        task_queue_sid: the TaskQueue (WQ…).
        url: the absolute URL of these statistics.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    task_queue_sid: TaskQueueSid
    url: str | None = None


@frozen(eq=False, repr=False, kw_only=True)
class TaskQueuesBulkRealTimeStatistics(Record):
    """Up to 50 TaskQueues at once: ``POST …/TaskQueues/RealTimeStatistics``.

    For a valid SID of another account the server answers zeros, as Twilio documents.
    Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Attributes:
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        task_queue_data: one record for each TaskQueue.
        task_queue_response_count: number of TaskQueues, as the server counts them.
        url: the absolute URL of these statistics.
        requested_task_queue_sids: the SIDs of the query; not part of the JSON.
    """

    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid
    task_queue_data: tuple[TaskQueueRealTime, ...]
    task_queue_response_count: int | None = None
    url: str | None = None
    requested_task_queue_sids: tuple[str, ...] = field(default=(), metadata=NOT_JSON)

    @property
    def missing_task_queue_sids(self) -> tuple[str, ...]:
        """The SIDs of the query that the server left out."""
        found = {queue.task_queue_sid for queue in self.task_queue_data}
        return tuple(sid for sid in self.requested_task_queue_sids if sid not in found)
