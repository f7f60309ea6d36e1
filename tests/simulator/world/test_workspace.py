"""What a workspace routes with."""

import re

from taskrouter_stats.simulator.world.expressions import parse
from taskrouter_stats.simulator.world.workspace import QUEUES, WORKFLOWS
from taskrouter_stats.simulator.world.world import World

WORLD = World(seed=3, workers=150)


def test_each_task_queue_has_one_workflow():
    """The workflows share the task queues out among them."""
    positions = [position for _, queues in WORKFLOWS for position in queues]
    assert sorted(positions) == list(range(len(QUEUES)))


def test_every_worker_is_eligible_for_two_or_three_queues():
    """A worker has the queue of its site and one for each skill."""
    sizes = [len(WORLD.queues_of(worker)) for worker in WORLD.workers]
    assert set(sizes) == {2, 3}


def test_every_queue_has_workers():
    """Each target expression can be read, and somebody is selected by it."""
    assert all(parse(target) for _, target in QUEUES)
    assert {at for worker in WORLD.workers for at in WORLD.queues_of(worker)} == set(
        range(len(QUEUES))
    )


def test_sids_have_their_shape():
    """Task queues and workflows have SIDs of their kind, other ones in another world."""
    sids = [thing.sid for thing in (*WORLD.task_queues, *WORLD.workflows)]
    assert all(re.fullmatch(r"W[QW][0-9a-f]{32}", sid) for sid in sids)
    other = World(seed=4, workers=0)
    assert not set(sids) & {thing.sid for thing in (*other.task_queues, *other.workflows)}
