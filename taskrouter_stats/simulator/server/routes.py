"""The 24 operations: method, path, what the rate limit counts under, and what answers.

Paths are written down here and not taken from the client's table, so that a wrong path there isn't
right here. Resource keys have the form of the two that Twilio's documents name
(https://www.twilio.com/docs/events/event-types/taskrouter/ratelimit and
https://www.twilio.com/en-us/changelog/taskrouter-endpoint-rate-limit-correction).
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from taskrouter_stats.simulator.world.world import World

from . import resource_handlers, statistics_handlers
from .request import SimulatedRequest

_WORKSPACE: Final = "/v1/Workspaces/{workspace}"
_WORKER: Final = _WORKSPACE + "/Workers/{worker}"
_QUEUE: Final = _WORKSPACE + "/TaskQueues/{queue}"
_WORKFLOW: Final = _WORKSPACE + "/Workflows/{workflow}"

_WORKERS_BY_EXPRESSION: Final = "Worker-List-TargetWorkersExpression"
_QUEUES_BY_ATTRIBUTES: Final = "TaskQueue-List-EvaluateWorkerAttributes"
_BULK: Final = "TaskQueueBulkRealTimeStatistics-Create"

LOWER_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {_WORKERS_BY_EXPRESSION: 3, _QUEUES_BY_ATTRIBUTES: 3, _BULK: 5}
)
"""Requests per second of the resource keys that are documented to have less than the others."""


@frozen
class Route:
    """One operation of the API.

    Attributes:
        method: the only HTTP method that it has.
        path: its path, SIDs named in braces.
        resource_key: what its rate limit is counted under.
        answer: makes the JSON, or raises the ``Refusal``.
        limited_parameters: resource keys by the parameter that moves a request there.
    """

    method: str
    path: str
    resource_key: str
    answer: Callable[[World, SimulatedRequest], dict[str, Any]]
    limited_parameters: Mapping[str, str] = field(factory=dict[str, str])

    def key(self, query: Collection[str]) -> str:
        """Return what a request with these parameters is counted under."""
        for parameter, key in self.limited_parameters.items():
            if parameter in query:
                return key
        return self.resource_key


def _get(
    path: str,
    key: str,
    answer: Callable[[World, SimulatedRequest], dict[str, Any]],
    **limited_parameters: str,
) -> Route:
    return Route("GET", path, key, answer, limited_parameters)


ROUTES: Final = (
    _get("/v1/Workspaces", "Workspace-List", resource_handlers.workspaces),
    _get(_WORKSPACE, "Workspace-Fetch", resource_handlers.workspace),
    _get(f"{_WORKSPACE}/Activities", "Activity-List", resource_handlers.activities),
    _get(f"{_WORKSPACE}/TaskChannels", "TaskChannel-List", resource_handlers.task_channels),
    _get(f"{_WORKSPACE}/Workflows", "Workflow-List", resource_handlers.workflows),
    _get(
        f"{_WORKSPACE}/TaskQueues",
        "TaskQueue-List",
        resource_handlers.task_queues,
        EvaluateWorkerAttributes=_QUEUES_BY_ATTRIBUTES,
    ),
    _get(
        f"{_WORKSPACE}/Workers",
        "Worker-List",
        resource_handlers.workers,
        TargetWorkersExpression=_WORKERS_BY_EXPRESSION,
    ),
    _get(f"{_WORKSPACE}/Statistics", "WorkspaceStatistics-Fetch", statistics_handlers.workspace),
    _get(
        f"{_WORKSPACE}/CumulativeStatistics",
        "WorkspaceCumulativeStatistics-Fetch",
        statistics_handlers.workspace_cumulative,
    ),
    _get(
        f"{_WORKSPACE}/RealTimeStatistics",
        "WorkspaceRealTimeStatistics-Fetch",
        statistics_handlers.workspace_now,
    ),
    # before the worker, whose SID stands in the same place
    _get(
        f"{_WORKSPACE}/Workers/Statistics", "WorkersStatistics-Fetch", statistics_handlers.workers
    ),
    _get(
        f"{_WORKSPACE}/Workers/CumulativeStatistics",
        "WorkersCumulativeStatistics-Fetch",
        statistics_handlers.all_workers_cumulative,
    ),
    _get(
        f"{_WORKSPACE}/Workers/RealTimeStatistics",
        "WorkersRealTimeStatistics-Fetch",
        statistics_handlers.all_workers_now,
    ),
    _get(_WORKER, "Worker-Fetch", resource_handlers.worker),
    _get(f"{_WORKER}/Channels", "WorkerChannel-List", resource_handlers.worker_channels),
    _get(f"{_WORKER}/Statistics", "WorkerStatistics-Fetch", statistics_handlers.worker),
    _get(
        f"{_WORKSPACE}/TaskQueues/Statistics",
        "TaskQueueStatistics-List",
        statistics_handlers.task_queues,
    ),
    Route(
        "POST",
        f"{_WORKSPACE}/TaskQueues/RealTimeStatistics",
        _BULK,
        statistics_handlers.task_queues_bulk,
    ),
    _get(f"{_QUEUE}/Statistics", "TaskQueueStatistics-Fetch", statistics_handlers.task_queue),
    _get(
        f"{_QUEUE}/CumulativeStatistics",
        "TaskQueueCumulativeStatistics-Fetch",
        statistics_handlers.task_queue_cumulative,
    ),
    _get(
        f"{_QUEUE}/RealTimeStatistics",
        "TaskQueueRealTimeStatistics-Fetch",
        statistics_handlers.task_queue_now,
    ),
    _get(f"{_WORKFLOW}/Statistics", "WorkflowStatistics-Fetch", statistics_handlers.workflow),
    _get(
        f"{_WORKFLOW}/CumulativeStatistics",
        "WorkflowCumulativeStatistics-Fetch",
        statistics_handlers.workflow_cumulative,
    ),
    _get(
        f"{_WORKFLOW}/RealTimeStatistics",
        "WorkflowRealTimeStatistics-Fetch",
        statistics_handlers.workflow_now,
    ),
)

RESOURCE_KEYS: Final = tuple(
    dict.fromkeys(
        key for route in ROUTES for key in (route.resource_key, *route.limited_parameters.values())
    )
)
"""Everything that a rate limit is counted under."""
