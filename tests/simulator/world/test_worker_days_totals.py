"""Totals of windows of a few days, computed by hand."""

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
    """Return a window's totals when every day is the same."""
    totals = WorkerTotals()
    count(totals, lambda _number: WORKED, offset, (start, end), **options)
    return totals


def test_a_window_cuts_spells():
    """A spell counts with its part inside the window."""
    totals = counted(150, 450)
    assert totals.total == [0, 200, 0, 100, 0, 0]
    assert totals.spells == [0, 2, 0, 1, 0, 0]
    assert (totals.least[AVAILABLE], totals.most[AVAILABLE]) == (50, 150)


def test_reservations_count_from_the_start_up_to_the_end():
    """The window's start is included and its end excluded."""
    totals = counted(150, 450)
    assert totals.created == 3
    assert totals.outcomes == [1, 1, 0, 0, 0]


def test_an_undecided_reservation_is_only_created():
    """A reservation without an outcome counts as created only."""
    totals = counted(200, 201)
    assert (totals.created, sum(totals.outcomes)) == (2, 1)


def test_a_spell_across_midnight_is_one_spell():
    """Offline in the evening and in the next morning is one spell."""
    totals = counted(450, DAY + 100)
    assert totals.spells == [1, 1, 0, 0, 0, 0]
    assert totals.most[OFFLINE] == DAY - 400


def test_an_empty_window_counts_nothing():
    """A window of no length has no spell and no reservation."""
    assert counted(150, 150) == WorkerTotals()


def test_days_begin_at_the_offset():
    """A worker's days begin at its offset after midnight UTC."""
    assert counted(150, 450) == counted(1_150, 1_450, offset=1_000)


def test_channels_filter_reservations_only():
    """A channel without reservations has none, and the durations do not change."""
    totals = counted(150, 450, channels=range(2, 4))
    assert totals.created == 0
    assert totals.total == counted(150, 450).total
