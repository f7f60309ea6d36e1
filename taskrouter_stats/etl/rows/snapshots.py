"""Rows of the dimension tables: what the server listed at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final

from taskrouter_stats.models import (
    Activity,
    TaskChannel,
    TaskQueue,
    Worker,
    WorkerChannel,
    Workflow,
)
from taskrouter_stats.models.record import NamedRecord

from .values import Tables, measures, plain_sids, plain_time, unknown_keys, zone_name

__all__ = ["snapshot_rows"]

_TABLES: Final[Mapping[type[NamedRecord], tuple[str, str]]] = MappingProxyType(
    {
        Worker: ("workers", "worker"),
        Activity: ("activities", "activity"),
        TaskQueue: ("task_queues", "task_queue"),
        Workflow: ("workflows", "workflow"),
        TaskChannel: ("task_channels", "task_channel"),
        WorkerChannel: ("worker_channels", "worker_channel"),
    }
)
"""The table of each resource, and the beginning of its columns for SID and name."""


def snapshot_rows(resource: NamedRecord, at: datetime, tz: tzinfo = UTC) -> Tables:
    """Return the row of a resource as the server listed it at a time.

    Args:
        resource: a Worker, Activity, TaskQueue, Workflow, TaskChannel or WorkerChannel.
        at: when it was listed, aware.
        tz: the zone of the column ``day``.
    """
    table, thing = _TABLES[type(resource)]
    at = plain_time(at) or at
    known: dict[str, Any] = {
        f"{thing}_sid": resource.sid,
        f"{thing}_name": getattr(resource, "friendly_name", None),
        "snapshot_time": at,
        "day": at.astimezone(tz).date(),
        "tz": zone_name(tz, at),
        "extra": unknown_keys(resource),
    }
    return plain_sids({table: [measures(table, resource, known)]})
