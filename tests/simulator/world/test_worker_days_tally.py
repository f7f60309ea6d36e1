"""Cutting windows out of days, by hand."""

from array import array

from taskrouter_stats.simulator.world.profiles import DAY
from taskrouter_stats.simulator.world.worker_days import (
    AVAILABLE,
    BREAK,
    OFFLINE,
    UNDECIDED,
    Day,
    Reservations,
    WorkerTotals,
    count,
)

VOICE = Reservations(array("i", [150, 200, 200, 450]), bytes([0, 1, UNDECIDED, 0]))
WORKED = Day(
    array("i", [0, 100, 300, 400, 500]),
    bytes([OFFLINE, AVAILABLE, BREAK, AVAILABLE, OFFLINE]),
    (None, VOICE, None, None),
)


def counted(start, end, offset=0, **options):
    """Return what is counted in a window when every day is the same."""
    tally = WorkerTotals()
    count(tally, lambda _number: WORKED, offset, (start, end), **options)
    return tally


def test_a_window_cuts_spells():
    """Spells are counted with the part of them that lies inside the window."""
    tally = counted(150, 450)
    assert tally.total == [0, 200, 0, 100, 0, 0]
    assert tally.spells == [0, 2, 0, 1, 0, 0]
    assert (tally.least[AVAILABLE], tally.most[AVAILABLE]) == (50, 150)


def test_reservations_count_from_the_start_up_to_the_end():
    """The window's first second counts, the second after its last doesn't."""
    tally = counted(150, 450)
    assert tally.created == 3
    assert tally.outcomes == [1, 1, 0, 0, 0]


def test_an_undecided_reservation_is_only_created():
    """A reservation without an outcome counts as created and as nothing else."""
    tally = counted(200, 201)
    assert (tally.created, sum(tally.outcomes)) == (2, 1)


def test_a_spell_that_runs_on_over_midnight_is_one():
    """Two days join: the evening and the next morning offline are one spell."""
    tally = counted(450, DAY + 100)
    assert tally.spells == [1, 1, 0, 0, 0, 0]
    assert tally.most[OFFLINE] == DAY - 400


def test_an_empty_window_counts_nothing():
    """A window without a second has no spell and no reservation."""
    assert counted(150, 150) == WorkerTotals()


def test_days_begin_at_the_offset():
    """A window is seen from the beginning of the worker's own day."""
    assert counted(150, 450) == counted(1_150, 1_450, offset=1_000)


def test_channels_filter_reservations_only():
    """Without channels no reservation counts, but the durations stay."""
    tally = counted(150, 450, channels=range(2, 4))
    assert tally.created == 0
    assert tally.total == counted(150, 450).total


def test_durations_have_every_activity():
    """Activities that were never entered are there with zeros; averages are rounded down."""
    durations = counted(150, 451).durations(("WA0", "WA1", "WA2", "WA3", "WA4", "WA5"))
    assert durations[1] == {
        "sid": "WA1",
        "friendly_name": "Available",
        "min": 51,
        "max": 150,
        "avg": 100,
        "total": 201,
    }
    assert {durations[0][key] for key in ("min", "max", "avg", "total")} == {0}


def test_reservations_have_the_names_of_the_json():
    """The six counts stand under the names that the JSON gives them."""
    assert counted(0, DAY).reservations() == {
        "reservations_created": 4,
        "reservations_accepted": 2,
        "reservations_rejected": 1,
        "reservations_timed_out": 0,
        "reservations_canceled": 0,
        "reservations_rescinded": 0,
    }
