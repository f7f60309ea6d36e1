"""One constructor for each operation, such as ``queries.worker_statistics(…)``.

A constructor checks its arguments and returns a value; it sends nothing. ``session.fetch`` sends
a ``Query`` and returns the answer; ``session.iterate`` reads a ``Listing``.
"""

from .task_queues import (
    task_queue_cumulative_statistics,
    task_queue_real_time_statistics,
    task_queue_statistics,
    task_queues,
    task_queues_bulk_real_time_statistics,
    task_queues_statistics,
)
from .workers import (
    worker,
    worker_channels,
    worker_statistics,
    workers,
    workers_cumulative_statistics,
    workers_real_time_statistics,
    workers_statistics,
)
from .workflows import (
    workflow_cumulative_statistics,
    workflow_real_time_statistics,
    workflow_statistics,
    workflows,
)
from .workspaces import (
    activities,
    task_channels,
    workspace,
    workspace_cumulative_statistics,
    workspace_real_time_statistics,
    workspace_statistics,
    workspaces,
)

__all__ = [
    "activities",
    "task_channels",
    "task_queue_cumulative_statistics",
    "task_queue_real_time_statistics",
    "task_queue_statistics",
    "task_queues",
    "task_queues_bulk_real_time_statistics",
    "task_queues_statistics",
    "worker",
    "worker_channels",
    "worker_statistics",
    "workers",
    "workers_cumulative_statistics",
    "workers_real_time_statistics",
    "workers_statistics",
    "workflow_cumulative_statistics",
    "workflow_real_time_statistics",
    "workflow_statistics",
    "workflows",
    "workspace",
    "workspace_cumulative_statistics",
    "workspace_real_time_statistics",
    "workspace_statistics",
    "workspaces",
]
