"""The 24 operations: method, path, resource key of the rate limit, and handler.

The paths are not taken from the client's table, so that the server does not repeat an error in that
table. Resource keys have the form of the two that Twilio's documents name
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

__all__ = ["LOWER_LIMITS", "RESOURCE_KEYS", "ROUTES", "Route"]

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
"""Requests per second of the resource keys with a documented limit below the default."""


@frozen
class Route:
    """One operation of the API.

    Attributes:
        method: The HTTP method.
        path: The path, with names of SIDs in braces.
        resource_key: The key by which the rate limit counts requests.
        answer: Returns the JSON, or raises ``ErrorReply``.
        key_by_parameter: Other resource keys, by the query parameter that selects them.
    """

    method: str
    path: str
    resource_key: str
    answer: Callable[[World, SimulatedRequest], dict[str, Any]]
    key_by_parameter: Mapping[str, str] = field(factory=dict[str, str])

    def key(self, query: Collection[str]) -> str:
        """Return the resource key of a request with these parameters."""
        for parameter, key in self.key_by_parameter.items():
            if parameter in query:
                return key
        return self.resource_key


def _get(
    path: str,
    key: str,
    answer: Callable[[World, SimulatedRequest], dict[str, Any]],
    **key_by_parameter: str,
) -> Route:
    return Route("GET", path, key, answer, key_by_parameter)


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
    # before ``Workers/{worker}``, which would match these paths
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
        key for route in ROUTES for key in (route.resource_key, *route.key_by_parameter.values())
    )
)
"""All resource keys."""
