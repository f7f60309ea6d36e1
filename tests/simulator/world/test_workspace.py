"""The routing data of a workspace."""

import re

from taskrouter_stats.simulator.world.expressions import parse
from taskrouter_stats.simulator.world.workspace import QUEUES, WORKFLOWS
from taskrouter_stats.simulator.world.world import World

WORLD = World(seed=3, workers=150)


def test_each_task_queue_has_one_workflow():
    """Each task queue belongs to exactly one workflow."""
    positions = [position for _, queues in WORKFLOWS for position in queues]
    assert sorted(positions) == list(range(len(QUEUES)))


def test_every_worker_is_eligible_for_two_or_three_queues():
    """A worker is eligible for its site's queue and for one queue of each skill."""
    sizes = [len(WORLD.queues_of(worker)) for worker in WORLD.workers]
    assert set(sizes) == {2, 3}


def test_every_queue_has_workers():
    """Each target expression is valid and selects at least one worker."""
    assert all(parse(target) for _, target in QUEUES)
    assert {at for worker in WORLD.workers for at in WORLD.queues_of(worker)} == set(
        range(len(QUEUES))
    )


def test_sids_have_their_shape():
    """SIDs of task queues and workflows have their prefix, and differ between worlds."""
    sids = [thing.sid for thing in (*WORLD.task_queues, *WORLD.workflows)]
    assert all(re.fullmatch(r"W[QW][0-9a-f]{32}", sid) for sid in sids)
    other = World(seed=4, workers=0)
    assert not set(sids) & {thing.sid for thing in (*other.task_queues, *other.workflows)}
