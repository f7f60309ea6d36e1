"""The laws of everybody's tasks."""

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


def numbers(tally):
    """Return what must add up."""
    waits = (tally.accepted_waits, tally.canceled_waits)
    sizes = [figure for wait in waits for figure in (len(wait), sum(wait))]
    return [tally.entered, *tally.ended, tally.created, *tally.outcomes, *sizes]


def total(tallies):
    """Return the sums."""
    return [sum(column) for column in zip(*map(numbers, tallies), strict=True)]


@given(worlds, moments, lengths, lengths)
def test_adjacent_windows_add_up(world, start, first, second):
    """What happened in two adjacent windows is what happened in both."""
    middle, end = start + first, start + first + second
    one, other = world.task_history.tally(start, middle), world.task_history.tally(middle, end)
    both = world.task_history.tally(start, end)
    assert list(map(add, numbers(one), numbers(other))) == numbers(both)


@given(worlds, moments, lengths)
def test_queues_and_channels_add_up(world, start, length):
    """All queues, and all channels, are together everything."""
    window = (start, start + length)
    whole = numbers(world.task_history.tally(*window))
    assert total(world.task_history.tally(*window, queues=[queue]) for queue in ALL_QUEUES) == whole
    assert total(world.task_history.tally(*window, channels=[at]) for at in ALL_CHANNELS) == whole


@given(worlds, moments, lengths)
def test_reservations_are_those_of_the_workers(world, start, length):
    """Tasks have the reservations that the workers have, with the same outcomes."""
    workers = WorkerTotals()
    for worker in world.workers:
        world.tally(worker, start, start + length, into=workers)
    tasks = world.task_history.tally(start, start + length)
    assert tasks.reservations() == workers.reservations()
    assert len(tasks.accepted_waits) == tasks.outcomes[0]


@settings(max_examples=50)
@given(worlds, moments, lengths)
def test_who_came_and_did_not_go_is_there(world, start, length):
    """Those alive before a window, plus who entered, minus who ended, are those alive after it."""
    before = len(world.task_history.alive(start - 1))
    tally = world.task_history.tally(start, start + length)
    after = len(world.task_history.alive(start + length - 1))
    assert sub(before + tally.entered, sum(tally.ended)) == after


@settings(max_examples=30)
@given(worlds, moments)
def test_a_task_is_in_a_queue_of_its_worker(world, now):
    """Whoever accepted a living task is eligible for its queue and handles its channel."""
    living = world.task_history.alive(now)
    assert [one.created for one in living] == sorted(one.created for one in living)
    for one in living:
        if one.task.worker >= 0:
            worker = world.workers[one.task.worker]
            assert one.task.queue in world.queues_of(worker)
            assert one.task.channel in worker.habit.channels


def test_tasks_have_sids_of_their_own():
    """Each living task has its SID, and keeps it."""
    world = World(2, 80)
    living = world.task_history.open_tasks(NOW)
    sids = {world.task_history.task_sid(one) for one in living}
    assert len(sids) == len(living) > 5
    later = {world.task_history.task_sid(one) for one in world.task_history.open_tasks(NOW + 5)}
    assert sids & later


def test_what_is_kept_is_bounded(monkeypatch):
    """However much is asked for, few large days are kept, and answers don't change."""
    monkeypatch.setattr(task_history, "_KEPT_TASKS", 300)
    world = World(4, 20)
    before = numbers(world.task_history.tally(NOW - DAY, NOW))
    world.task_history.tally(NOW - 20 * DAY, NOW - 2 * DAY)
    assert len(world.task_history._columns) <= task_history._KEPT_DAYS
    assert len(world.task_history._tales) <= 3
    kept = sum(tasks for tasks, _ in world.task_history._columns.values())
    assert world.task_history._tasks == kept
    assert numbers(world.task_history.tally(NOW - DAY, NOW)) == before


def test_equal_worlds_have_equal_tasks():
    """Two worlds of one seed and size tell the same tale, whatever was asked before."""
    one, twin = World(9, 30), World(9, 30)
    twin.task_history.tally(NOW - 9 * DAY, NOW - 8 * DAY)
    assert one.task_history.open_tasks(NOW) == twin.task_history.open_tasks(NOW)
    assert numbers(one.task_history.tally(NOW - DAY, NOW)) == numbers(
        twin.task_history.tally(NOW - DAY, NOW)
    )


def test_an_empty_world_has_no_tasks():
    """Without workers nothing happens."""
    world = World(0, 0)
    assert world.task_history.open_tasks(NOW) == []
    assert not any(numbers(world.task_history.tally(NOW - DAY, NOW)))
