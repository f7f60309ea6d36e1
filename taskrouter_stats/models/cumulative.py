"""What happened within a window: of a Worker, of all Workers, of a queue, workflow, workspace.

Each shape stands once. The classes that end in ``Statistics`` are the answers of the operations
that return a shape by itself; the combined operations hold the plain one under ``cumulative``.
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
    """What became of the Reservations made between ``start_time`` and ``end_time``.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        start_time: the window's start as the server took it, UTC.
        end_time: the window's end as the server took it, UTC.
        reservations_created: Reservations made.
        reservations_accepted: of these, accepted.
        reservations_rejected: rejected by the Worker.
        reservations_timed_out: not answered in time.
        reservations_canceled: canceled with their Task.
        reservations_rescinded: taken back, since another Worker accepted.
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
    """What happened to one Worker, or to all Workers together.

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
    """What became of Tasks and of their Reservations.

    Source: https://www.twilio.com/docs/taskrouter/api/workspace-statistics.

    Attributes:
        avg_task_acceptance_time: mean seconds from a Task's creation to its acceptance.
        tasks_canceled: Tasks canceled.
        tasks_completed: Tasks completed.
        tasks_deleted: Tasks deleted.
        tasks_moved: Tasks moved to another queue.
        wait_duration_until_accepted: waits of the Tasks that were accepted.
        wait_duration_until_canceled: waits of the Tasks that were canceled.
        split_by_wait_time: counts above and below each threshold asked for, by its seconds.
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
    """What happened in a Workspace.

    Attributes:
        tasks_created: Tasks created.
        tasks_timed_out_in_workflow: Tasks that no step of their Workflow took in time.
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
    """What happened in a Workflow.

    Attributes:
        tasks_entered: Tasks that entered it.
        tasks_timed_out_in_workflow: Tasks that none of its steps took in time.
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
    """What happened in a TaskQueue.

    Attributes:
        tasks_entered: Tasks that entered it.
        wait_duration_in_queue_until_accepted: waits counted from entering this queue.
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
