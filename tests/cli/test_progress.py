"""Numbers and plain lines of progress."""

from taskrouter_stats import Progress
from taskrouter_stats.cli.progress import ProgressSnapshot, RateMeter, plain_line


def progress(elapsed, done, total=100):
    """Return the progress of a run at one moment."""
    rate = done / elapsed if elapsed else 0.0
    return Progress(done, 0, total, 0, 0, elapsed, rate, None)


def test_the_pace_is_that_of_the_last_seconds():
    """A fast start does not change the pace after a few seconds."""
    meter = RateMeter()
    for second, done in enumerate((0, 50, 60, 70, 80, 90)):
        snapshot = meter.read(progress(float(second), done), None)
    assert snapshot.pace == 10.0
    assert snapshot.eta == 1.0


def test_the_meter_keeps_few_samples():
    """The number of samples does not depend on the length of the run."""
    meter = RateMeter()
    for tick in range(10_000):
        meter.read(progress(tick / 10, tick, None), None)
    assert len(meter._samples) < 40


def test_without_outcomes_limit_and_eta_are_unknown():
    """Before the first outcome, the pace is 0, and limit and ETA are None."""
    snapshot = RateMeter().read(progress(0.0, 0, None), None)
    assert snapshot == ProgressSnapshot(0, 0, None, 0.0, None, None, 0, None)
    assert plain_line(snapshot) == "0/? answers, 0.0/s, 0 refused"


def test_a_plain_line_has_all_numbers():
    """A line for logs has each number with its meaning."""
    snapshot = ProgressSnapshot(1500, 2, 3000, 49.81, 50.0, 12.0, 3, 90.0)
    assert plain_line(snapshot) == (
        "1,500/3,000 answers, 49.8/s, 12 of 50 left, 3 refused, 2 failed, about 1m 30s to go"
    )
