"""The routing data of a Workspace: activities, task channels, task queues and workflows.

Worlds differ only in the SIDs of these. Five task queues select workers by skill and three by site,
so each worker is eligible for two or three; each task queue belongs to one workflow.
"""

from attrs import frozen

from .profiles import DAY, random_stream, sid
from .worker_days import ACTIVITIES, CHANNELS

__all__ = [
    "OPENED",
    "QUEUES",
    "RESERVATION_TIMEOUT",
    "WORKFLOWS",
    "Activity",
    "TaskChannel",
    "TaskQueue",
    "Workflow",
    "activities",
    "task_channels",
    "task_queues",
    "workflows",
]

OPENED = 1_669_852_800
"""When the workspace was created: 1 December 2022, before its first worker."""

RESERVATION_TIMEOUT = 15
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
"""Name and target expression of each task queue; a task holds the position."""

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
    """A workflow of the workspace; ``queues`` are the positions of its task queues."""

    index: int
    sid: str
    friendly_name: str
    queues: tuple[int, ...]


def activities(seed: int) -> tuple[Activity, ...]:
    """Return the activities of the world with this seed."""
    return tuple(
        Activity(index, sid("WA", seed, name), name, available)
        for index, (name, available) in enumerate(ACTIVITIES)
    )


def task_channels(seed: int) -> tuple[TaskChannel, ...]:
    """Return the task channels of the world with this seed."""
    return tuple(
        TaskChannel(index, sid("TC", seed, name), name, _CHANNEL_NAMES[index])
        for index, name in enumerate(CHANNELS)
    )


def task_queues(seed: int) -> tuple[TaskQueue, ...]:
    """Return the task queues of the world with this seed."""
    changed = random_stream(seed, "queues").random
    return tuple(
        TaskQueue(index, sid("WQ", seed, name), name, target, OPENED + int(changed() * 900 * DAY))
        for index, (name, target) in enumerate(QUEUES)
    )


def workflows(seed: int) -> tuple[Workflow, ...]:
    """Return the workflows of the world with this seed."""
    return tuple(
        Workflow(index, sid("WW", seed, name), name, queues)
        for index, (name, queues) in enumerate(WORKFLOWS)
    )
