"""What a workspace routes with: its channels, activities, task queues and workflows.

All of it is the same in every world but for the SIDs. Five task queues select by skill and three by
site, so each worker is eligible for two or three of them; each task queue belongs to one workflow.
"""

from typing import Any

import orjson
from attrs import frozen

from .profiles import DAY, random_stream, sid
from .worker_days import ACTIVITIES, CHANNELS

OPENED = 1_669_852_800
"""When the workspace was made: 1 December 2022, before anybody was hired."""

RING_LIMIT = 15
"""Seconds after which an unanswered reservation times out."""

_CHANNEL_NAMES = ("Default", "Voice", "Chat", "SMS")

QUEUES = (
    ("Billing", 'skills HAS "billing"'),
    ("Sales", 'skills HAS "sales"'),
    ("Support", 'skills HAS "support"'),
    ("Retention", 'skills HAS "retention"'),
    ("Returns", 'skills HAS "returns"'),
    ("Dublin front desk", 'site == "Dublin"'),
    ("Austin front desk", 'site == "Austin"'),
    ("Manila front desk", 'site == "Manila"'),
)
"""Name and target expression of each task queue; tasks hold the position."""

WORKFLOWS = (
    ("Customer care", (0, 2, 4)),
    ("Sales floor", (1, 3)),
    ("Front desks", (5, 6, 7)),
)
"""Name of each workflow, and the positions of its task queues."""


@frozen
class Activity:
    """An activity of the workspace."""

    index: int
    sid: str
    friendly_name: str
    available: bool


@frozen
class TaskChannel:
    """A task channel of the workspace."""

    index: int
    sid: str
    unique_name: str
    friendly_name: str


@frozen
class TaskQueue:
    """A task queue of the workspace."""

    index: int
    sid: str
    friendly_name: str
    target_workers: str
    updated: int


@frozen
class Workflow:
    """A workflow of the workspace, and the positions of its task queues."""

    index: int
    sid: str
    friendly_name: str
    queues: tuple[int, ...]
    configuration: str


def activities(seed: int) -> tuple[Activity, ...]:
    """Return the activities of the world with that seed."""
    return tuple(
        Activity(index, sid("WA", seed, name), name, available)
        for index, (name, available) in enumerate(ACTIVITIES)
    )


def task_channels(seed: int) -> tuple[TaskChannel, ...]:
    """Return its task channels."""
    return tuple(
        TaskChannel(index, sid("TC", seed, name), name, _CHANNEL_NAMES[index])
        for index, name in enumerate(CHANNELS)
    )


def task_queues(seed: int) -> tuple[TaskQueue, ...]:
    """Return its task queues."""
    changed = random_stream(seed, "queues").random
    return tuple(
        TaskQueue(index, sid("WQ", seed, name), name, target, OPENED + int(changed() * 900 * DAY))
        for index, (name, target) in enumerate(QUEUES)
    )


def workflows(seed: int) -> tuple[Workflow, ...]:
    """Return its workflows."""
    queues = task_queues(seed)
    return tuple(
        Workflow(
            index,
            sid("WW", seed, name),
            name,
            positions,
            _configuration([queues[position] for position in positions]),
        )
        for index, (name, positions) in enumerate(WORKFLOWS)
    )


def _configuration(queues: list[TaskQueue]) -> str:
    """Return a workflow's rules as Twilio keeps them, JSON as text."""
    filters: list[dict[str, Any]] = [
        {
            "filter_friendly_name": queue.friendly_name,
            "expression": f'topic == "{queue.friendly_name.lower()}"',
            "targets": [{"queue": queue.sid}],
        }
        for queue in queues
    ]
    rules = {"task_routing": {"filters": filters, "default_filter": {"queue": queues[0].sid}}}
    return orjson.dumps(rules).decode()
