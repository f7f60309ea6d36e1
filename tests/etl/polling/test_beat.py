"""The beat: fixed distances, late beats skipped and counted, none bunched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.etl.polling.beat import ON_TIME, Beat

seconds = st.floats(0.0, 1e5)


def run(every, durations, oversleeps=()):
    """Return the times at which beats of these durations begin, and the beat."""
    beat, now, begun = Beat(every, 1000.0), 1000.0, []
    late = iter(oversleeps)
    for duration in durations:
        while delay := beat.delay(now):
            now += delay + next(late, 0.0)
        beat.take(now)
        begun.append(now)
        now += duration
    return begun, beat


def test_beats_have_a_fixed_distance():
    """Short snapshots begin at the start and then once each beat, without drift."""
    begun, beat = run(30, [1, 29.9, 0, 12])
    assert begun == [1000, 1030, 1060, 1090]
    assert (beat.number, beat.skipped) == (3, 0)


def test_a_long_snapshot_skips_beats():
    """The beats that pass during a long snapshot are skipped, and the next one is on time."""
    begun, beat = run(30, [70, 1, 1])
    assert begun == [1000, 1090, 1120]
    assert (beat.number, beat.skipped) == (4, 2)


def test_a_beat_may_begin_a_little_late():
    """A snapshot that ends just after the next beat delays it; it is not skipped."""
    begun, beat = run(30, [31, 0])
    assert begun == [1000, 1031]
    assert beat.skipped == 0
    assert beat.lateness(1031) == 1


def test_a_blocked_loop_skips_the_beat():
    """A beat that wakes up late is skipped, and the next one is waited for."""
    begun, beat = run(30, [0, 0], oversleeps=[45])
    assert begun == [1000, 1090]
    assert beat.skipped == 2


@given(st.floats(1.0, 3600.0), st.lists(seconds, min_size=1, max_size=30), st.lists(seconds))
def test_no_schedule_is_bunched_or_drifts(every, durations, oversleeps):
    """Each beat begins within a tenth of a beat of its time; taken and skipped add up."""
    beat, now, last, skipped = Beat(every, 1000.0), 1000.0, -1, 0
    late = iter(oversleeps)
    for duration in durations:
        while delay := beat.delay(now):
            now += delay + next(late, 0.0)
        missed = beat.missed(now)
        assert beat.take(now) == missed == beat.number - last - 1
        assert 0 <= beat.lateness(now) + 1e-6 <= ON_TIME * every + 2e-6
        last, skipped = beat.number, skipped + missed
        now += duration
    assert beat.number + 1 == len(durations) + beat.skipped
    assert beat.skipped == skipped


@pytest.mark.parametrize("every", [1.0, 30.0, 86_400.0])
def test_a_beat_is_due_at_once_at_the_start(every):
    """The first beat is due when the poll starts."""
    assert Beat(every, 5.0).delay(5.0) == 0
