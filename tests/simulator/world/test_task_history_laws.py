"""The laws of a world's tasks."""

from functools import lru_cache
from operator import add, sub

from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats.simulator.world import task_history
from taskrouter_stats.simulator.world.task_history import ALL_CHANNELS, ALL_QUEUES
from taskrouter_stats.simulator.world.worker_days import WorkerTotals
from taskrouter_stats.simulator.world.world import World

NOW = 1_795_000_000
DAY = 86_400
worlds = st.builds(lru_cache(lambda seed: World(seed, 25)), st.integers(0, 5))
moments = st.integers(NOW - 12 * DAY, NOW)
lengths = st.integers(0, 2 * DAY)


def numbers(totals):
    """Return what adds up over windows."""
    waits = (totals.accepted_waits, totals.canceled_waits)
    sizes = [figure for wait in waits for figure in (len(wait), sum(wait))]
    return [totals.entered, *totals.ended, totals.created, *totals.outcomes, *sizes]


def added(parts):
    """Return the sums over several totals."""
    return [sum(column) for column in zip(*map(numbers, parts), strict=True)]


@given(worlds, moments, lengths, lengths)
def test_adjacent_windows_add_up(world, start, first, second):
    """Totals of two adjacent windows sum to those of both."""
    middle, end = start + first, start + first + second
    one, other = world.task_history.totals(start, middle), world.task_history.totals(middle, end)
    both = world.task_history.totals(start, end)
    assert list(map(add, numbers(one), numbers(other))) == numbers(both)


@given(worlds, moments, lengths)
def test_queues_and_channels_add_up(world, start, length):
    """The totals of all queues, and of all channels, sum to those without a filter."""
    window = (start, start + length)
    everything = numbers(world.task_history.totals(*window))
    assert (
        added(world.task_history.totals(*window, queues=[queue]) for queue in ALL_QUEUES)
        == everything
    )
    assert (
        added(world.task_history.totals(*window, channels=[at]) for at in ALL_CHANNELS)
        == everything
    )


@given(worlds, moments, lengths)
def test_reservations_are_those_of_the_workers(world, start, length):
    """Tasks have the reservations that the workers have, with the same outcomes."""
    workers = WorkerTotals()
    for worker in world.workers:
        world.totals(worker, start, start + length, into=workers)
    tasks = world.task_history.totals(start, start + length)
    assert (tasks.created, tasks.outcomes) == (workers.created, workers.outcomes)
    assert len(tasks.accepted_waits) == tasks.outcomes[0]


@settings(max_examples=50)
@given(worlds, moments, lengths)
def test_tasks_that_entered_and_did_not_end_are_open(world, start, length):
    """Open tasks before a window, plus entered, minus ended, are the open tasks after it."""
    before = len(world.task_history.open_tasks(start - 1))
    totals = world.task_history.totals(start, start + length)
    after = len(world.task_history.open_tasks(start + length - 1))
    assert sub(before + totals.entered, sum(totals.ended)) == after


@settings(max_examples=30)
@given(worlds, moments)
def test_a_task_is_in_a_queue_of_its_worker(world, now):
    """The worker that accepted an open task is eligible for its queue and handles its channel."""
    open_tasks = world.task_history.open_tasks(now)
    assert [one.created for one in open_tasks] == sorted(one.created for one in open_tasks)
    for one in open_tasks:
        if one.task.worker >= 0:
            worker = world.workers[one.task.worker]
            assert one.task.queue in world.queues_of(worker)
            assert one.task.channel in worker.profile.channels


def test_each_open_task_has_a_sid():
    """Each open task has a unique SID that does not change."""
    world = World(2, 80)
    open_tasks = world.task_history.open_tasks(NOW)
    sids = {world.task_history.task_sid(one) for one in open_tasks}
    assert len(sids) == len(open_tasks) > 5
    later = {world.task_history.task_sid(one) for one in world.task_history.open_tasks(NOW + 5)}
    assert sids & later


def test_memory_is_bounded(monkeypatch):
    """Few large days stay in memory, and results do not change."""
    monkeypatch.setattr(task_history, "_KEPT_TASKS", 300)
    world = World(4, 20)
    before = numbers(world.task_history.totals(NOW - DAY, NOW))
    world.task_history.totals(NOW - 20 * DAY, NOW - 2 * DAY)
    assert len(world.task_history._columns) <= task_history._KEPT_DAYS
    assert len(world.task_history._site_days) <= 3
    kept = sum(tasks for tasks, _ in world.task_history._columns.values())
    assert world.task_history._tasks == kept
    assert numbers(world.task_history.totals(NOW - DAY, NOW)) == before


def test_equal_worlds_have_equal_tasks():
    """Two worlds of one seed and size have the same tasks, whatever was computed before."""
    one, twin = World(9, 30), World(9, 30)
    twin.task_history.totals(NOW - 9 * DAY, NOW - 8 * DAY)
    assert one.task_history.open_tasks(NOW) == twin.task_history.open_tasks(NOW)
    assert numbers(one.task_history.totals(NOW - DAY, NOW)) == numbers(
        twin.task_history.totals(NOW - DAY, NOW)
    )


def test_an_empty_world_has_no_tasks():
    """A world without workers has no tasks."""
    world = World(0, 0)
    assert world.task_history.open_tasks(NOW) == []
    assert not any(numbers(world.task_history.totals(NOW - DAY, NOW)))
