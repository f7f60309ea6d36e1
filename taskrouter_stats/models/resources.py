"""The resources that statistics are about, and the ``meta`` object of a list's page."""

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
    """Common fields of TaskRouter's resources.

    Attributes:
        friendly_name: its name.
        account_sid: the account that owns it (AC…).
        date_created: when it was created, UTC.
        date_updated: when it was last changed, UTC.
        url: its absolute URL.
        links: URLs of related resources.
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
        default_activity_name: name of the Activity of new Workers.
        default_activity_sid: SID of that Activity (WA…).
        event_callback_url: the URL that receives its events.
        events_filter: the events that it sends, comma-separated.
        multi_task_enabled: whether a Worker can have several Tasks at once.
        prioritize_queue_order: ``"FIFO"`` or ``"LIFO"``.
        timeout_activity_name: name of the Activity after an unanswered Reservation.
        timeout_activity_sid: SID of that Activity (WA…).
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

    ``links["statistics"]`` leads to the statistics of all Workers together.
    Source: https://www.twilio.com/docs/taskrouter/api/worker.

    Attributes:
        sid: its SID (WK…).
        workspace_sid: its Workspace (WS…).
        activity_sid: its present Activity (WA…).
        activity_name: that Activity's name.
        attributes: JSON text; Twilio's documents disagree on whether lists contain it.
        available: whether it can receive Tasks.
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
        """The decoded ``attributes``; empty if there are none.

        Raises:
            PayloadError: if the text is not a JSON object.
        """
        if not self.attributes:
            return {}
        try:
            decoded = loads(self.attributes)
        except orjson.JSONDecodeError as error:
            raise PayloadError([f"$.attributes of {self.sid}: not JSON: {error}"]) from None
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
        assigned_tasks: the Worker's present Tasks in it.
        available: whether the Worker can receive Tasks in it.
        available_capacity_percentage: the free part of the capacity, percent.
        configured_capacity: Tasks that the Worker may have in it at once.
        date_created: when it was created, UTC.
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
        max_reserved_workers: Workers reserved for one Task at once, at most.
        assignment_activity_sid: the Worker's Activity while a Task is assigned (WA…).
        assignment_activity_name: that Activity's name.
        reservation_activity_sid: the Worker's Activity while a Reservation is open (WA…).
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
        assignment_callback_url: the URL that receives assignments.
        fallback_assignment_callback_url: the URL that receives them if the first one fails.
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
    """An Activity (WA…), a state that a Worker can be in.

    Source: https://www.twilio.com/docs/taskrouter/api/activity.

    Attributes:
        sid: its SID (WA…).
        workspace_sid: its Workspace (WS…).
        available: whether Workers in it can receive Tasks.
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
    """The ``meta`` object of a list's page.

    Source: https://www.twilio.com/docs/usage/twilios-response#pagination.

    Attributes:
        key: the JSON key of the page's items.
        next_page_url: the next page; None on the last page.
        previous_page_url: the previous page; None on the first page.
        first_page_url: the first page.
        url: this page.
        page: this page's index; Twilio says not to request pages by it.
        page_size: items of a page, at most.
    """

    key: str | None = None
    next_page_url: str | None = None
    previous_page_url: str | None = None
    first_page_url: str | None = None
    url: str | None = None
    page: int | None = None
    page_size: int | None = None
