"""The tables that a plan can name: statistics tables with their operations, and dimensions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from taskrouter_stats.core import endpoints
from taskrouter_stats.core.endpoint import Endpoint
from taskrouter_stats.etl.schemas import SCHEMAS
from taskrouter_stats.session.resource_kinds import (
    TASK_QUEUES,
    WORKERS,
    WORKFLOWS,
    ResourceKind,
)

__all__ = ["DIMENSIONS", "KINDS", "PER_WORKER", "STATISTICS", "StatisticsTable", "hint_of"]


@frozen
class StatisticsTable:
    """A table of cumulative statistics.

    Attributes:
        name: the table.
        endpoint: the operation whose answers are its rows.
        kind: the resources that it has statistics of; None for the Workspace as a whole.
    """

    name: str
    endpoint: Endpoint[Any]
    kind: ResourceKind | None = None

    @property
    def splits_waits(self) -> bool:
        """Whether the operation takes ``split_by_wait_time``."""
        return "split_by_wait_time" in self.endpoint.filters


_ALL: Final = (
    StatisticsTable("worker_statistics", endpoints.WORKER_STATISTICS, WORKERS),
    StatisticsTable(
        "task_queue_statistics", endpoints.TASK_QUEUE_CUMULATIVE_STATISTICS, TASK_QUEUES
    ),
    StatisticsTable("workflow_statistics", endpoints.WORKFLOW_CUMULATIVE_STATISTICS, WORKFLOWS),
    StatisticsTable("workspace_statistics", endpoints.WORKSPACE_CUMULATIVE_STATISTICS),
    StatisticsTable("workers_statistics", endpoints.WORKERS_CUMULATIVE_STATISTICS),
)

STATISTICS: Final[Mapping[str, StatisticsTable]] = MappingProxyType(
    {table.name: table for table in _ALL}
)
"""The statistics tables by name."""

KINDS: Final[Mapping[str, ResourceKind]] = MappingProxyType(
    {kind.name: kind for kind in (WORKERS, TASK_QUEUES, WORKFLOWS)}
)
"""The kinds of resources by the names of their lists, which are dimensions as well."""

PER_WORKER: Final = "worker_channels"
"""The dimension that costs one request for each Worker."""

DIMENSIONS: Final[Mapping[str, Endpoint[Any]]] = MappingProxyType(
    {
        **{name: kind.endpoint for name, kind in KINDS.items()},
        "activities": endpoints.ACTIVITIES,
        "task_channels": endpoints.TASK_CHANNELS,
        PER_WORKER: endpoints.WORKER_CHANNELS,
    }
)
"""The dimension tables, and the operations that list them."""


def hint_of(table: object) -> str:
    """Return what to do about a name that is not a table of a plan."""
    schema = SCHEMAS.get(table) if isinstance(table, str) else None
    if schema is not None and schema.parent in STATISTICS:
        return f"name {schema.parent}, which brings it"
    return f"one of {', '.join((*STATISTICS, *DIMENSIONS))}"
