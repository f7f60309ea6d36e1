"""Cumulative statistics of a window: of Workers, TaskQueues, Workflows and Workspaces.

The classes that end in ``Statistics`` are answers of the cumulative operations. The answers of the
combined operations hold the plain class under ``cumulative``.
"""

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from .record import ActivityDuration, Record, SplitByWaitTime, WaitDuration
from .sids import AccountSid, TaskQueueSid, WorkflowSid, WorkspaceSid

__all__ = [
    "ReservationCounts",
    "TaskCounts",
    "TaskQueueCumulative",
    "TaskQueueCumulativeStatistics",
    "WorkerCumulative",
    "WorkersCumulativeStatistics",
    "WorkflowCumulative",
    "WorkflowCumulativeStatistics",
    "WorkspaceCumulative",
    "WorkspaceCumulativeStatistics",
]


@frozen(eq=False, repr=False)
class ReservationCounts(Record):
    """Counts of the Reservations that were made between ``start_time`` and ``end_time``.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        start_time: the start of the window that the server used, UTC.
        end_time: the end of the window that the server used, UTC.
        reservations_created: Reservations created.
        reservations_accepted: those that a Worker accepted.
        reservations_rejected: those that the Worker rejected.
        reservations_timed_out: those that the Worker did not answer in time.
        reservations_canceled: those canceled with their Task.
        reservations_rescinded: those withdrawn because another Worker accepted.
    """

    start_time: datetime | None = None
    end_time: datetime | None = None
    reservations_created: int | None = None
    reservations_accepted: int | None = None
    reservations_rejected: int | None = None
    reservations_timed_out: int | None = None
    reservations_canceled: int | None = None
    reservations_rescinded: int | None = None


@frozen(eq=False, repr=False)
class WorkerCumulative(ReservationCounts):
    """Cumulative statistics of one Worker, or of all Workers together.

    Attributes:
        activity_durations: the time spent in each Activity.
    """

    activity_durations: tuple[ActivityDuration, ...] | None = None


@frozen(eq=False, repr=False, kw_only=True)
class WorkersCumulativeStatistics(WorkerCumulative):
    """All Workers of a Workspace: ``GET …/Workers/CumulativeStatistics``.

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
class TaskCounts(ReservationCounts):
    """Counts of Tasks and of their Reservations.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Attributes:
        avg_task_acceptance_time: mean seconds from a Task's creation to its acceptance.
        tasks_canceled: Tasks canceled.
        tasks_completed: Tasks completed.
        tasks_deleted: Tasks deleted.
        tasks_moved: Tasks moved to another queue.
        wait_duration_until_accepted: waiting times of accepted Tasks.
        wait_duration_until_canceled: waiting times of canceled Tasks.
        split_by_wait_time: counts above and below each threshold of the query, by its seconds.
    """

    avg_task_acceptance_time: float | None = None
    tasks_canceled: int | None = None
    tasks_completed: int | None = None
    tasks_deleted: int | None = None
    tasks_moved: int | None = None
    wait_duration_until_accepted: WaitDuration | None = None
    wait_duration_until_canceled: WaitDuration | None = None
    split_by_wait_time: Mapping[int, SplitByWaitTime] | None = field(default=None, hash=False)


@frozen(eq=False, repr=False)
class WorkspaceCumulative(TaskCounts):
    """Cumulative statistics of a Workspace.

    Attributes:
        tasks_created: Tasks created.
        tasks_timed_out_in_workflow: Tasks that timed out in their Workflow.
    """

    tasks_created: int | None = None
    tasks_timed_out_in_workflow: int | None = None


@frozen(eq=False, repr=False, kw_only=True)
class WorkspaceCumulativeStatistics(WorkspaceCumulative):
    """A Workspace: ``GET /v1/Workspaces/{WorkspaceSid}/CumulativeStatistics``.

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
class WorkflowCumulative(TaskCounts):
    """Cumulative statistics of a Workflow.

    Attributes:
        tasks_entered: Tasks that entered the Workflow.
        tasks_timed_out_in_workflow: Tasks that timed out in the Workflow.
    """

    tasks_entered: int | None = None
    tasks_timed_out_in_workflow: int | None = None


@frozen(eq=False, repr=False, kw_only=True)
class WorkflowCumulativeStatistics(WorkflowCumulative):
    """A Workflow: ``GET …/Workflows/{WorkflowSid}/CumulativeStatistics``.

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
class TaskQueueCumulative(TaskCounts):
    """Cumulative statistics of a TaskQueue.

    Attributes:
        tasks_entered: Tasks that entered the TaskQueue.
        wait_duration_in_queue_until_accepted: waiting times since the Task entered this
            TaskQueue.
    """

    tasks_entered: int | None = None
    wait_duration_in_queue_until_accepted: WaitDuration | None = None


@frozen(eq=False, repr=False, kw_only=True)
class TaskQueueCumulativeStatistics(TaskQueueCumulative):
    """A TaskQueue: ``GET …/TaskQueues/{TaskQueueSid}/CumulativeStatistics``.

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
