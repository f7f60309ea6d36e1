"""The numbers of a progress line."""

import pytest

from taskrouter_stats import Progress
from taskrouter_stats.cli.progress import ProgressSnapshot, RateMeter, clock, plain_line


def progress(elapsed, done, total=100):
    """A run at some moment."""
    rate = done / elapsed if elapsed else 0.0
    return Progress(done, 0, total, 0, 0, elapsed, rate, None)


def test_the_pace_is_that_of_the_last_seconds():
    """A fast beginning is forgotten after a few seconds."""
    meter = RateMeter()
    for second, done in enumerate((0, 50, 60, 70, 80, 90)):
        standing = meter.read(progress(float(second), done), None)
    assert standing.pace == 10.0
    assert standing.eta == 1.0


def test_it_remembers_little():
    """However long a run takes, a handful of samples is enough."""
    meter = RateMeter()
    for tick in range(10_000):
        meter.read(progress(tick / 10, tick, None), None)
    assert len(meter._samples) < 40


def test_before_anything_came_nothing_is_claimed():
    """No pace, no time to go, no limit."""
    standing = RateMeter().read(progress(0.0, 0, None), None)
    assert standing == ProgressSnapshot(0, 0, None, 0.0, None, None, 0, None)
    assert plain_line(standing) == "0/? workers, 0.0/s, 0 refused"


def test_a_plain_line_tells_all():
    """Numbers and words, for a log."""
    standing = ProgressSnapshot(1500, 2, 3000, 49.81, 50.0, 12.0, 3, 90.0)
    assert plain_line(standing) == (
        "1,500/3,000 workers, 49.8/s, 12 of 50 left, 3 refused, 2 failed, about 1:30 to go"
    )


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3661, "1:01:01")])
def test_a_clock_shows_minutes(seconds, text):
    """Hours only when there are any."""
    assert clock(seconds) == text
