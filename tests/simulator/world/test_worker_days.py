"""How a day is lived."""

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

HABIT = evolve(make_profile(0, 0).habit, kind="shift", channels=(1, 2, 3))
numbers = st.integers(0, 40_000)
indexes = st.integers(0, 500)


@given(st.integers(0, 2**63 - 1), indexes, numbers)
def test_a_day_is_filled_by_spells_in_order(seed, index, number):
    """Spells begin at zero, each after the one before, all inside the day."""
    day = generate_day(seed, index, make_profile(seed, index).habit, number)
    assert day.begins[0] == 0
    assert all(earlier < later for earlier, later in pairwise(day.begins))
    assert day.begins[-1] < DAY
    assert len(day.begins) == len(day.activities)
    assert max(day.activities) < len(ACTIVITIES)


@given(indexes, numbers)
def test_a_shift_begins_and_ends_offline(index, number):
    """Someone who works shifts is offline at both ends of the day, so days join without a jump."""
    day = generate_day(0, index, HABIT, number)
    assert day.activities[0] == day.activities[-1] == OFFLINE


@given(indexes, numbers)
def test_reservations_are_made_while_available(index, number):
    """Every reservation lies inside a spell of being available, in order of time."""
    day = generate_day(0, index, HABIT, number)
    for offers in filter(None, day.offers):
        assert list(offers.times) == sorted(offers.times)
        assert len(offers.times) == len(offers.outcomes)
        for at in offers.times:
            spell = max(i for i, begin in enumerate(day.begins) if begin <= at)
            assert day.activities[spell] == AVAILABLE


def test_a_year_has_every_activity_and_every_outcome():
    """Over a year everything happens: breaks, lunch, meetings, days off, each outcome."""
    days = [generate_day(0, 0, HABIT, number) for number in range(20_000, 20_365)]
    assert set().union(*(day.activities for day in days)) == {
        OFFLINE,
        AVAILABLE,
        UNAVAILABLE,
        BREAK,
        LUNCH,
        MEETING,
    }
    assert any(len(day.begins) == 1 for day in days)
    outcomes = set().union(*(offers.outcomes for day in days for offers in day.offers if offers))
    assert outcomes == set(range(UNDECIDED + 1))


def test_weekends_are_quieter():
    """On Saturdays and Sundays far fewer come in than on the other days."""
    here = [
        len(generate_day(0, index, HABIT, 19_997 + index % 7).begins) > 1 for index in range(700)
    ]
    weekday = [(19_997 + index % 7 + 3) % 7 for index in range(700)]
    present = [0] * 7
    for day, worked in zip(weekday, here, strict=True):
        present[day] += worked
    assert min(present[:5]) > 80
    assert max(present[5:]) < 50


def test_the_offline_and_the_idle_do_one_thing_all_day():
    """Steady habits give one spell and no reservation."""
    for kind, activity in (("offline", OFFLINE), ("idle", AVAILABLE)):
        day = generate_day(0, 0, evolve(HABIT, kind=kind), 20_000)
        assert (list(day.begins), list(day.activities)) == ([0], [activity])
        assert not any(day.offers)
