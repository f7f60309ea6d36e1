"""The search for a rate where no header tells a limit."""

import pytest

from taskrouter_stats.core.throttle.blind import CROWD_REPLIES, MIN_RATE, START, BlindSearch


def test_it_grows_by_half_each_round_trip():
    """The first growth starts at one request per round trip, if that is more."""
    search = BlindSearch()
    search.increase(0.0, 0.5)
    assert search.rate == 1.5 * START
    search.increase(0.5, 0.02)
    assert search.rate == 50.0


def test_a_crowd_is_no_pace():
    """When most requests after the refused one are admitted, the rate returns to 70% at once."""
    search = BlindSearch(rate=1000.0)
    search.decrease(recent=100, number=10, now=1.0)
    assert search.rate < 200.0
    for number in range(11, 11 + CROWD_REPLIES):
        search.saw(number, refused=False)
    assert search.rate == pytest.approx(700.0)


def test_a_pace_is_no_crowd():
    """When most are refused, the rate stays cut."""
    search = BlindSearch(rate=1000.0)
    search.decrease(recent=100, number=10, now=1.0)
    for number in range(11, 11 + CROWD_REPLIES):
        search.saw(number, refused=number % 2 == 0)
    assert search.rate < 200.0


def test_a_long_outage_tells_a_long_memory():
    """After three seconds without an admission the own average of ten seconds is the rate."""
    search = BlindSearch(rate=500.0)
    search.saw_outage(2.9, 50.0)
    assert search.memory == 0.0
    search.saw_outage(3.1, 50.0)
    assert (search.memory, search.rate) == (10.0, 48.75)


def test_refusals_alone_never_stop_it():
    """A server that refuses every second request whatever the pace still gets some."""
    search = BlindSearch()
    for second in range(1000):
        search.decrease(recent=1, number=second, now=float(second))
    assert search.rate == MIN_RATE
