"""Delays that blur the order of requests."""

from taskrouter_stats.core.throttle.latency import Latency


def test_a_server_that_falls_behind_forgets_late():
    """The longest delay beyond the fastest round trip is allowed for, and fades."""
    latency = Latency()
    for seconds in (0.03, 0.03, 0.25):
        latency.record(seconds)
    late = latency.late
    assert late > 0.22
    for _ in range(1000):
        latency.record(0.03)
    assert latency.late < late / 2.0


def test_jitter_is_not_falling_behind():
    """A delay within two of the fastest round trips hides no other client."""
    latency = Latency()
    for seconds in (0.1, 0.2, 0.15):
        latency.record(seconds)
    assert latency.behind == latency.reorder_seconds
