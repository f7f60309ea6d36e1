"""One worker's generated days."""

from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.world.profiles import DAY, make_profile
from taskrouter_stats.simulator.world.worker_days import (
    ACTIVITIES,
    AVAILABLE,
    BREAK,
    LUNCH,
    MEETING,
    OFFLINE,
    UNAVAILABLE,
    UNDECIDED,
    generate_day,
)

PROFILE = evolve(make_profile(0, 0).profile, kind="shift", channels=(1, 2, 3))
numbers = st.integers(0, 40_000)
indexes = st.integers(0, 500)


@given(st.integers(0, 2**63 - 1), indexes, numbers)
def test_a_day_is_filled_by_spells_in_order(seed, index, number):
    """Spells begin at 0, each after the previous, all inside the day."""
    day = generate_day(seed, index, make_profile(seed, index).profile, number)
    assert day.begins[0] == 0
    assert all(earlier < later for earlier, later in pairwise(day.begins))
    assert day.begins[-1] < DAY
    assert len(day.begins) == len(day.activities)
    assert max(day.activities) < len(ACTIVITIES)


@given(indexes, numbers)
def test_a_shift_begins_and_ends_offline(index, number):
    """A worker with a shift is offline at both ends of the day, so adjacent days agree."""
    day = generate_day(0, index, PROFILE, number)
    assert day.activities[0] == day.activities[-1] == OFFLINE


@given(indexes, numbers)
def test_reservations_are_made_while_available(index, number):
    """Each reservation is made while the worker is available, in order of time."""
    day = generate_day(0, index, PROFILE, number)
    for reservations in filter(None, day.reservations):
        assert list(reservations.times) == sorted(reservations.times)
        assert len(reservations.times) == len(reservations.outcomes)
        for at in reservations.times:
            spell = max(i for i, begin in enumerate(day.begins) if begin <= at)
            assert day.activities[spell] == AVAILABLE


def test_a_year_has_every_activity_and_every_outcome():
    """A year has breaks, lunch, meetings, days off and each outcome."""
    days = [generate_day(0, 0, PROFILE, number) for number in range(20_000, 20_365)]
    assert set().union(*(day.activities for day in days)) == {
        OFFLINE,
        AVAILABLE,
        UNAVAILABLE,
        BREAK,
        LUNCH,
        MEETING,
    }
    assert any(len(day.begins) == 1 for day in days)
    outcomes = set().union(
        *(
            reservations.outcomes
            for day in days
            for reservations in day.reservations
            if reservations
        )
    )
    assert outcomes == set(range(UNDECIDED + 1))


def test_weekends_are_quieter():
    """On Saturdays and Sundays far fewer workers work than on the other days."""
    here = [
        len(generate_day(0, index, PROFILE, 19_997 + index % 7).begins) > 1 for index in range(700)
    ]
    weekday = [(19_997 + index % 7 + 3) % 7 for index in range(700)]
    present = [0] * 7
    for day, worked in zip(weekday, here, strict=True):
        present[day] += worked
    assert min(present[:5]) > 80
    assert max(present[5:]) < 50


def test_offline_and_idle_workers_have_one_spell():
    """An offline or idle worker has one spell a day and no reservation."""
    for kind, activity in (("offline", OFFLINE), ("idle", AVAILABLE)):
        day = generate_day(0, 0, evolve(PROFILE, kind=kind), 20_000)
        assert (list(day.begins), list(day.activities)) == ([0], [activity])
        assert not any(day.reservations)
