"""The table of every operation of the API that this package calls.

A new operation costs three things: a row here, a model, and a constructor in ``queries`` whose
body is one call of ``make_query`` or ``make_listing`` with the row. The module of a model and the
module of a constructor list it in ``__all__``; the packages export what their modules list. The
rest is derived from the row, and a test fails while a row lacks its constructor.

Resource keys name budgets. Twilio documents their form in one event
(``TaskQueueStatistics-List``, https://www.twilio.com/docs/events/event-types/taskrouter/ratelimit)
and names the filtered lists with a separate limit of 3 requests a second
(https://www.twilio.com/en-us/changelog/taskrouter-endpoint-rate-limit-correction). The other keys
follow the same form; this package uses them only to keep budgets apart.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import attrs

from taskrouter_stats import models

from .endpoint import EncodeSid, Endpoint, Filter, encode_bool, encode_text, encode_thresholds

__all__ = ["ENDPOINTS"]

_WORKSPACE: Final = "/v1/Workspaces/{workspace_sid}"
_WORKER: Final = _WORKSPACE + "/Workers/{worker_sid}"
_TASK_QUEUE: Final = _WORKSPACE + "/TaskQueues/{task_queue_sid}"
_WORKFLOW: Final = _WORKSPACE + "/Workflows/{workflow_sid}"

_CHANNEL: Final = {"task_channel": Filter("TaskChannel", encode_text)}
_SPLIT: Final = {**_CHANNEL, "split_by_wait_time": Filter("SplitByWaitTime", encode_thresholds)}
_NAME: Final = {"friendly_name": Filter("FriendlyName", encode_text)}


def _with_requested(
    value: models.TaskQueuesBulkRealTimeStatistics, task_queue_sids: tuple[str, ...]
) -> models.TaskQueuesBulkRealTimeStatistics:
    return attrs.evolve(value, requested_task_queue_sids=task_queue_sids)


WORKER_STATISTICS: Final = Endpoint(
    "worker_statistics",
    _WORKER + "/Statistics",
    models.WorkerStatistics,
    "WorkerStatistics-Fetch",
    filters=_CHANNEL,
    windowed=True,
)

WORKERS_STATISTICS: Final = Endpoint(
    "workers_statistics",
    _WORKSPACE + "/Workers/Statistics",
    models.WorkersStatistics,
    "WorkersStatistics-Fetch",
    filters={
        **_CHANNEL,
        **_NAME,
        "task_queue_sid": Filter("TaskQueueSid", EncodeSid("WQ")),
        "task_queue_name": Filter("TaskQueueName", encode_text),
    },
    windowed=True,
)

WORKERS_CUMULATIVE_STATISTICS: Final = Endpoint(
    "workers_cumulative_statistics",
    _WORKSPACE + "/Workers/CumulativeStatistics",
    models.WorkersCumulativeStatistics,
    "WorkersCumulativeStatistics-Fetch",
    filters=_CHANNEL,
    windowed=True,
)

WORKERS_REAL_TIME_STATISTICS: Final = Endpoint(
    "workers_real_time_statistics",
    _WORKSPACE + "/Workers/RealTimeStatistics",
    models.WorkersRealTimeStatistics,
    "WorkersRealTimeStatistics-Fetch",
    filters=_CHANNEL,
)

TASK_QUEUE_STATISTICS: Final = Endpoint(
    "task_queue_statistics",
    _TASK_QUEUE + "/Statistics",
    models.TaskQueueStatistics,
    "TaskQueueStatistics-Fetch",
    filters=_SPLIT,
    windowed=True,
)

TASK_QUEUE_CUMULATIVE_STATISTICS: Final = Endpoint(
    "task_queue_cumulative_statistics",
    _TASK_QUEUE + "/CumulativeStatistics",
    models.TaskQueueCumulativeStatistics,
    "TaskQueueCumulativeStatistics-Fetch",
    filters=_SPLIT,
    windowed=True,
)

TASK_QUEUE_REAL_TIME_STATISTICS: Final = Endpoint(
    "task_queue_real_time_statistics",
    _TASK_QUEUE + "/RealTimeStatistics",
    models.TaskQueueRealTimeStatistics,
    "TaskQueueRealTimeStatistics-Fetch",
    filters=_CHANNEL,
)

WORKFLOW_STATISTICS: Final = Endpoint(
    "workflow_statistics",
    _WORKFLOW + "/Statistics",
    models.WorkflowStatistics,
    "WorkflowStatistics-Fetch",
    filters=_SPLIT,
    windowed=True,
)

WORKFLOW_CUMULATIVE_STATISTICS: Final = Endpoint(
    "workflow_cumulative_statistics",
    _WORKFLOW + "/CumulativeStatistics",
    models.WorkflowCumulativeStatistics,
    "WorkflowCumulativeStatistics-Fetch",
    filters=_SPLIT,
    windowed=True,
)

WORKFLOW_REAL_TIME_STATISTICS: Final = Endpoint(
    "workflow_real_time_statistics",
    _WORKFLOW + "/RealTimeStatistics",
    models.WorkflowRealTimeStatistics,
    "WorkflowRealTimeStatistics-Fetch",
    filters=_CHANNEL,
)

WORKSPACE_STATISTICS: Final = Endpoint(
    "workspace_statistics",
    _WORKSPACE + "/Statistics",
    models.WorkspaceStatistics,
    "WorkspaceStatistics-Fetch",
    filters=_SPLIT,
    windowed=True,
)

WORKSPACE_CUMULATIVE_STATISTICS: Final = Endpoint(
    "workspace_cumulative_statistics",
    _WORKSPACE + "/CumulativeStatistics",
    models.WorkspaceCumulativeStatistics,
    "WorkspaceCumulativeStatistics-Fetch",
    filters=_SPLIT,
    windowed=True,
)

WORKSPACE_REAL_TIME_STATISTICS: Final = Endpoint(
    "workspace_real_time_statistics",
    _WORKSPACE + "/RealTimeStatistics",
    models.WorkspaceRealTimeStatistics,
    "WorkspaceRealTimeStatistics-Fetch",
    filters=_CHANNEL,
)

TASK_QUEUES_STATISTICS: Final = Endpoint(
    "task_queues_statistics",
    _WORKSPACE + "/TaskQueues/Statistics",
    models.TaskQueueStatistics,
    "TaskQueueStatistics-List",
    filters={**_SPLIT, **_NAME},
    windowed=True,
    items="task_queues_statistics",
    item_sid="task_queue_sid",
)

TASK_QUEUES_BULK_REAL_TIME_STATISTICS: Final = Endpoint(
    "task_queues_bulk_real_time_statistics",
    _WORKSPACE + "/TaskQueues/RealTimeStatistics",
    models.TaskQueuesBulkRealTimeStatistics,
    "TaskQueueBulkRealTimeStatistics-Create",
    method="POST",
    retry_safe=True,  # the request only reads
    add_request_data=_with_requested,
    part_sids=("task_queue_data", "task_queue_sid"),
)

WORKER: Final = Endpoint(
    "worker",
    _WORKER,
    models.Worker,
    "Worker-Fetch",
    answer_sids=("workspace_sid", "sid"),
)

WORKSPACE: Final = Endpoint(
    "workspace",
    _WORKSPACE,
    models.Workspace,
    "Workspace-Fetch",
    answer_sids=("sid",),
)

WORKSPACES: Final = Endpoint(
    "workspaces",
    "/v1/Workspaces",
    models.Workspace,
    "Workspace-List",
    filters=_NAME,
    items="workspaces",
)

WORKERS: Final = Endpoint(
    "workers",
    _WORKSPACE + "/Workers",
    models.Worker,
    "Worker-List",
    filters={
        **_NAME,
        "activity_name": Filter("ActivityName", encode_text),
        "activity_sid": Filter("ActivitySid", EncodeSid("WA")),
        "available": Filter("Available", encode_bool),
        "target_workers_expression": Filter(
            "TargetWorkersExpression", encode_text, "Worker-List-TargetWorkersExpression"
        ),
        "task_queue_name": Filter("TaskQueueName", encode_text),
        "task_queue_sid": Filter("TaskQueueSid", EncodeSid("WQ")),
        "ordering": Filter("Ordering", encode_text),
    },
    items="workers",
)

TASK_QUEUES: Final = Endpoint(
    "task_queues",
    _WORKSPACE + "/TaskQueues",
    models.TaskQueue,
    "TaskQueue-List",
    filters={
        **_NAME,
        "evaluate_worker_attributes": Filter(
            "EvaluateWorkerAttributes", encode_text, "TaskQueue-List-EvaluateWorkerAttributes"
        ),
        "worker_sid": Filter("WorkerSid", EncodeSid("WK")),
        "ordering": Filter("Ordering", encode_text),
    },
    items="task_queues",
)

WORKFLOWS: Final = Endpoint(
    "workflows",
    _WORKSPACE + "/Workflows",
    models.Workflow,
    "Workflow-List",
    filters=_NAME,
    items="workflows",
)

ACTIVITIES: Final = Endpoint(
    "activities",
    _WORKSPACE + "/Activities",
    models.Activity,
    "Activity-List",
    filters={**_NAME, "available": Filter("Available", encode_bool)},
    items="activities",
)

TASK_CHANNELS: Final = Endpoint(
    "task_channels",
    _WORKSPACE + "/TaskChannels",
    models.TaskChannel,
    "TaskChannel-List",
    items="channels",
)

WORKER_CHANNELS: Final = Endpoint(
    "worker_channels",
    _WORKER + "/Channels",
    models.WorkerChannel,
    "WorkerChannel-List",
    items="channels",
)


def _is_row(value: object) -> TypeGuard[Endpoint[Any]]:
    return isinstance(value, Endpoint)


ENDPOINTS: Final[Mapping[str, Endpoint[Any]]] = {
    row.name: row for row in tuple(globals().values()) if _is_row(row)
}
"""Every row of this module by its name."""
