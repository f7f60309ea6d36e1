"""The tasks of a site's day."""

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
    ENDINGS,
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
    """Return a day of workers, each eligible for two task queues."""
    profiles = [make_profile(seed, index).profile for index in range(size)]
    return [
        Shift(index, generate_day(seed, index, profile, number), (0, 1 + index % 7))
        for index, profile in enumerate(profiles)
    ]


def site_day(seed, number):
    """Return the tasks of a day."""
    return generate_tasks(shifts(seed, number), random_stream(seed, "site_day").random)


@settings(max_examples=30)
@given(seeds, days)
def test_every_reservation_has_one_task(seed, number):
    """Tasks have the workers' reservations: the same times, channels and outcomes."""
    expected = Counter(
        (at, channel, outcome)
        for shift in shifts(seed, number)
        for channel, reservations in enumerate(shift.day.reservations)
        if reservations
        for at, outcome in zip(reservations.times, reservations.outcomes, strict=True)
    )
    assert expected == Counter(
        (begin, task.channel, outcome)
        for task in site_day(seed, number).tasks
        for begin, _, outcome in task.reservations
    )


@settings(max_examples=30)
@given(seeds, days)
def test_the_events_of_a_task_are_in_order(seed, number):
    """A task is created, has reservations one after the other, and ends on the same day."""
    for task in site_day(seed, number).tasks:
        assert FIRST <= task.created <= task.reservations[0][0]
        assert all(before[1] <= after[0] for before, after in pairwise(task.reservations))
        assert task.reservations[-1][1] <= task.ended < LAST
        last = task.reservations[-1][2]
        assert (task.worker >= 0) == (last == ACCEPTED) == (ENDINGS[task.ending] == "completed")
        if last == ACCEPTED:
            assert task.reservations[-1][1] == task.accepted <= task.wrapping <= task.ended
        if last == CANCELED:
            assert ENDINGS[task.ending] == "canceled"
        assert not {ACCEPTED, CANCELED} & {reservation[2] for reservation in task.reservations[:-1]}


@settings(max_examples=30)
@given(seeds, days)
def test_no_worker_has_two_tasks_in_a_channel(seed, number):
    """A worker's task in a channel ends before the worker accepts the next."""
    taken = {}
    for task in site_day(seed, number).tasks:
        if task.worker >= 0:
            taken.setdefault((task.worker, task.channel), []).append((task.accepted, task.ended))
    for spans in taken.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


@settings(max_examples=20)
@given(seeds, days, st.integers(0, DAY - 1))
def test_open_tasks_are_found(seed, number, at):
    """Open tasks at a time were created by then and have not ended, in order of creation."""
    day = site_day(seed, number)
    assert list(day.open_at(at)) == [task for task in day.tasks if task.created <= at < task.ended]


def test_some_days_have_every_ending():
    """Over fifty days tasks have each ending, some after several reservations."""
    tasks = [task for number in range(20_000, 20_050) for task in site_day(3, number).tasks]
    assert {task.ending for task in tasks} == set(range(len(ENDINGS)))
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
    """A task is reserved during a reservation, else pending, then assigned, then wrapping."""
    reservations = [(10, 15, 1), (40, 45, ACCEPTED)]
    task = Task(0, 0, 1, 0, 5, reservations, worker=3, accepted=45, wrapping=80, ended=90)
    assert task.status(at) == status


def test_an_empty_day_has_no_tasks():
    """A day without shifts has no tasks."""
    day = generate_tasks([], random_stream("x").random)
    assert (day.tasks, list(day.open_at(100))) == ([], [])
    assert list(SiteDay([]).open_at(0)) == []
