"""The resources that the statistics speak of, and the page that lists come in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import orjson
from attrs import field, frozen

from taskrouter_stats.errors import PayloadError

from .decoding import loads
from .record import NamedRecord, Record
from .sids import (
    AccountSid,
    ActivitySid,
    TaskChannelSid,
    TaskQueueSid,
    WorkerChannelSid,
    WorkerSid,
    WorkflowSid,
    WorkspaceSid,
)

__all__ = [
    "Activity",
    "PageMeta",
    "TaskChannel",
    "TaskQueue",
    "Worker",
    "WorkerChannel",
    "Workflow",
    "Workspace",
]


@frozen(eq=False, repr=False, kw_only=True)
class Resource(NamedRecord):
    """What every resource of TaskRouter has.

    Attributes:
        friendly_name: its name.
        account_sid: the account that owns it (AC…).
        date_created: when it was made, UTC.
        date_updated: when it was last changed, UTC.
        url: its absolute URL.
        links: URLs of what belongs to it.
    """

    friendly_name: str | None = None
    account_sid: AccountSid | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None
    url: str | None = None
    links: Mapping[str, Any] | None = field(default=None, hash=False)


@frozen(eq=False, repr=False, kw_only=True)
class Workspace(Resource):
    """A Workspace (WS…).

    Source: https://www.twilio.com/docs/taskrouter/api/workspace.

    Attributes:
        sid: its SID (WS…).
        default_activity_name: the Activity that new Workers are in, by name.
        default_activity_sid: the same by SID (WA…).
        event_callback_url: where its events are sent.
        events_filter: which events are sent, comma-separated.
        multi_task_enabled: whether Workers can have several Tasks at once.
        prioritize_queue_order: ``"FIFO"`` or ``"LIFO"``.
        timeout_activity_name: the Activity after an unanswered Reservation, by name.
        timeout_activity_sid: the same by SID (WA…).
    """

    sid: WorkspaceSid
    default_activity_name: str | None = None
    default_activity_sid: ActivitySid | None = None
    event_callback_url: str | None = None
    events_filter: str | None = None
    multi_task_enabled: bool | None = None
    prioritize_queue_order: str | None = None
    timeout_activity_name: str | None = None
    timeout_activity_sid: ActivitySid | None = None


@frozen(eq=False, repr=False, kw_only=True)
class Worker(Resource):
    """A Worker (WK…); its name is unique in the Workspace without regard to case.

    Note that ``links["statistics"]`` is the aggregate of all Workers.
    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Attributes:
        sid: its SID (WK…).
        workspace_sid: its Workspace (WS…).
        activity_sid: the Activity that it is in (WA…).
        activity_name: that Activity's name.
        attributes: JSON as text; the documents disagree on whether lists carry it.
        available: whether it can be given Tasks.
        date_status_changed: when it last changed its Activity, UTC.
    """

    sid: WorkerSid
    workspace_sid: WorkspaceSid | None = None
    activity_sid: ActivitySid | None = None
    activity_name: str | None = None
    attributes: str | None = None
    available: bool | None = None
    date_status_changed: datetime | None = None

    @property
    def attributes_dict(self) -> dict[str, Any]:
        """``attributes`` decoded, empty when there are none.

        Raises:
            PayloadError: when the text is no JSON object.
        """
        if not self.attributes:
            return {}
        try:
            decoded = loads(self.attributes)
        except orjson.JSONDecodeError as error:
            raise PayloadError([f"$.attributes of {self.sid}: no JSON: {error}"]) from None
        if not isinstance(decoded, dict):
            raise PayloadError([f"$.attributes of {self.sid}: expected an object"])
        return cast("dict[str, Any]", decoded)


@frozen(eq=False, repr=False, kw_only=True)
class WorkerChannel(NamedRecord):
    """A Worker's capacity for one TaskChannel (WC…).

    Source: https://www.twilio.com/docs/taskrouter/api/worker-channel.

    Attributes:
        sid: its SID (WC…).
        account_sid: the account (AC…).
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        task_channel_sid: the TaskChannel (TC…).
        task_channel_unique_name: that TaskChannel's ``unique_name``.
        assigned_tasks: Tasks that the Worker has in it now.
        available: whether it can be given Tasks in it.
        available_capacity_percentage: how much of its capacity is free, percent.
        configured_capacity: how many Tasks it may have in it at once.
        date_created: when it was made, UTC.
        date_updated: when it was last changed, UTC.
        url: its absolute URL.
    """

    sid: WorkerChannelSid
    account_sid: AccountSid | None = None
    workspace_sid: WorkspaceSid | None = None
    worker_sid: WorkerSid | None = None
    task_channel_sid: TaskChannelSid | None = None
    task_channel_unique_name: str | None = None
    assigned_tasks: int | None = None
    available: bool | None = None
    available_capacity_percentage: float | None = None
    configured_capacity: int | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None
    url: str | None = None


@frozen(eq=False, repr=False, kw_only=True)
class TaskQueue(Resource):
    """A TaskQueue (WQ…).

    Source: https://www.twilio.com/docs/taskrouter/api/task-queue.

    Attributes:
        sid: its SID (WQ…).
        workspace_sid: its Workspace (WS…).
        target_workers: the expression that selects its Workers.
        task_order: ``"FIFO"`` or ``"LIFO"``.
        max_reserved_workers: Workers that may be reserved for one Task at once.
        assignment_activity_sid: the Activity while a Task is assigned (WA…).
        assignment_activity_name: that Activity's name.
        reservation_activity_sid: the Activity while a Reservation is open (WA…).
        reservation_activity_name: that Activity's name.
    """

    sid: TaskQueueSid
    workspace_sid: WorkspaceSid | None = None
    target_workers: str | None = None
    task_order: str | None = None
    max_reserved_workers: int | None = None
    assignment_activity_sid: ActivitySid | None = None
    assignment_activity_name: str | None = None
    reservation_activity_sid: ActivitySid | None = None
    reservation_activity_name: str | None = None


@frozen(eq=False, repr=False, kw_only=True)
class Workflow(Resource):
    """A Workflow (WW…).

    Source: https://www.twilio.com/docs/taskrouter/api/workflow.

    Attributes:
        sid: its SID (WW…).
        workspace_sid: its Workspace (WS…).
        configuration: its rules, JSON as text.
        document_content_type: the content type of assignment callbacks.
        assignment_callback_url: where assignments are sent.
        fallback_assignment_callback_url: where they are sent when that fails.
        task_reservation_timeout: seconds that a Reservation stays open.
    """

    sid: WorkflowSid
    workspace_sid: WorkspaceSid | None = None
    configuration: str | None = None
    document_content_type: str | None = None
    assignment_callback_url: str | None = None
    fallback_assignment_callback_url: str | None = None
    task_reservation_timeout: int | None = None


@frozen(eq=False, repr=False, kw_only=True)
class Activity(Resource):
    """An Activity (WA…): what a Worker can be doing.

    Source: https://www.twilio.com/docs/taskrouter/api/activity.

    Attributes:
        sid: its SID (WA…).
        workspace_sid: its Workspace (WS…).
        available: whether Workers in it can be given Tasks.
    """

    sid: ActivitySid
    workspace_sid: WorkspaceSid | None = None
    available: bool | None = None


@frozen(eq=False, repr=False, kw_only=True)
class TaskChannel(Resource):
    """A TaskChannel (TC…).

    Source: https://www.twilio.com/docs/taskrouter/api/task-channel.

    Attributes:
        sid: its SID (TC…).
        workspace_sid: its Workspace (WS…).
        unique_name: its name for programs, such as ``"voice"``.
        channel_optimized_routing: whether Workers free in this channel go first.
    """

    sid: TaskChannelSid
    workspace_sid: WorkspaceSid | None = None
    unique_name: str | None = None
    channel_optimized_routing: bool | None = None


@frozen(eq=False, repr=False)
class PageMeta(Record):
    """Where a page of a list stands among its neighbours.

    Source: https://www.twilio.com/docs/usage/twilios-response#pagination.

    Attributes:
        key: the key under which the page's items stand.
        next_page_url: the next page, or None on the last one.
        previous_page_url: the page before, or None.
        first_page_url: the first page.
        url: this page.
        page: this page's index; the server's own state, not for asking.
        page_size: how many items a page holds at the most.
    """

    key: str | None = None
    next_page_url: str | None = None
    previous_page_url: str | None = None
    first_page_url: str | None = None
    url: str | None = None
    page: int | None = None
    page_size: int | None = None
