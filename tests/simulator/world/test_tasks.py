"""How a site's day is told as tasks."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats.simulator.world.profiles import DAY, make_profile, random_stream
from taskrouter_stats.simulator.world.tasks import (
    ACCEPTED,
    ASSIGNED,
    CANCELED,
    FATES,
    FIRST,
    LAST,
    PENDING,
    RESERVED,
    WRAPPING,
    Shift,
    SiteDay,
    Task,
    generate_tasks,
)
from taskrouter_stats.simulator.world.worker_days import generate_day

seeds = st.integers(0, 2**63 - 1)
days = st.integers(20_000, 21_000)


def shifts(seed, number, size=12):
    """Return a day of people who can be given the tasks of all queues but one."""
    habits = [make_profile(seed, index).habit for index in range(size)]
    return [
        Shift(index, generate_day(seed, index, habit, number), (0, 1 + index % 7))
        for index, habit in enumerate(habits)
    ]


def told(seed, number):
    """Return that day's tale."""
    return generate_tasks(shifts(seed, number), random_stream(seed, "tale").random)


@settings(max_examples=30)
@given(seeds, days)
def test_every_reservation_has_one_task(seed, number):
    """The tasks' reservations are the workers': as many, at the same times, with the outcomes."""
    lived = Counter(
        (at, channel, outcome)
        for shift in shifts(seed, number)
        for channel, offers in enumerate(shift.day.offers)
        if offers
        for at, outcome in zip(offers.times, offers.outcomes, strict=True)
    )
    assert lived == Counter(
        (begin, task.channel, outcome)
        for task in told(seed, number).tasks
        for begin, _, outcome in task.reservations
    )


@settings(max_examples=30)
@given(seeds, days)
def test_a_life_is_in_order(seed, number):
    """A task is created, reserved one time after the other, perhaps accepted, and ends that day."""
    for task in told(seed, number).tasks:
        assert FIRST <= task.created <= task.reservations[0][0]
        assert all(before[1] <= after[0] for before, after in pairwise(task.reservations))
        assert task.reservations[-1][1] <= task.ended < LAST
        last = task.reservations[-1][2]
        assert (task.worker >= 0) == (last == ACCEPTED) == (FATES[task.ending] == "completed")
        if last == ACCEPTED:
            assert task.reservations[-1][1] == task.accepted <= task.wrapping <= task.ended
        if last == CANCELED:
            assert FATES[task.ending] == "canceled"
        assert not {ACCEPTED, CANCELED} & {ring[2] for ring in task.reservations[:-1]}


@settings(max_examples=30)
@given(seeds, days)
def test_nobody_has_two_tasks_in_a_channel(seed, number):
    """A worker's task in a channel is over when the next one is accepted."""
    taken = {}
    for task in told(seed, number).tasks:
        if task.worker >= 0:
            taken.setdefault((task.worker, task.channel), []).append((task.accepted, task.ended))
    for spans in taken.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


@settings(max_examples=20)
@given(seeds, days, st.integers(0, DAY - 1))
def test_the_living_are_found(seed, number, at):
    """Those alive at a moment are created by then and not ended yet, in order of creation."""
    tale = told(seed, number)
    assert list(tale.alive(at)) == [task for task in tale.tasks if task.created <= at < task.ended]


def test_a_year_has_every_fate():
    """Over some days tasks end in each way, some after several reservations."""
    tasks = [task for number in range(20_000, 20_050) for task in told(3, number).tasks]
    assert {task.ending for task in tasks} == set(range(len(FATES)))
    assert {task.priority for task in tasks} == {0, 5, 10}
    assert max(len(task.reservations) for task in tasks) > 2
    assert sum(len(task.reservations) == 1 for task in tasks) > len(tasks) / 2


@pytest.mark.parametrize(
    ("at", "status"),
    [
        (5, PENDING),
        (10, RESERVED),
        (14, RESERVED),
        (15, PENDING),
        (40, RESERVED),
        (45, ASSIGNED),
        (80, WRAPPING),
    ],
)
def test_the_status_by_hand(at, status):
    """A task is pending but while a reservation is open, then assigned, then wrapping."""
    rings = [(10, 15, 1), (40, 45, ACCEPTED)]
    task = Task(0, 0, 1, 0, 5, rings, worker=3, accepted=45, wrapping=80, ended=90)
    assert task.status(at) == status


def test_an_empty_day_has_no_tasks():
    """A day on which nobody works is told in no words."""
    tale = generate_tasks([], random_stream("x").random)
    assert (tale.tasks, list(tale.alive(100))) == ([], [])
    assert list(SiteDay([]).alive(0)) == []
