"""Whether the server is there at all."""

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.circuit_breaker import Breaker


def opened(now=0.0):
    """A breaker that has just opened."""
    breaker = Breaker()
    for _ in range(10):
        breaker.failed(now)
    return breaker


def test_ten_in_a_row_open_it():
    """Nine sends without a reply do not open it, the tenth does."""
    breaker = Breaker()
    for _ in range(9):
        breaker.failed(5.0)
    assert (breaker.open, breaker.ask(5.0), breaker.down_for(5.0)) == (False, 0.0, 0.0)
    breaker.failed(5.0)
    assert (breaker.open, breaker.ask(5.0), breaker.down_for(6.0)) == (True, 0.5, 0.0)


def test_three_timeouts_in_a_row_open_it():
    """Three sends that hung as long as they may open it, unless one between them failed at once."""
    breaker = Breaker()
    for timed_out in (True, True, False, True, True):
        breaker.failed(1.0, timed_out=timed_out)
    assert not breaker.open
    breaker.failed(1.0, timed_out=True)
    assert breaker.open
    breaker.failed(2.0)
    assert breaker.open
    breaker.replied()
    assert not breaker.open


def test_the_last_cause_is_kept():
    """What the last failed send met is there for the error that tells of it."""
    breaker = Breaker()
    breaker.failed(1.0, cause="reset")
    breaker.failed(1.0, cause="refused")
    assert breaker.cause == "refused"


def test_nobody_is_told_before_a_probe_went_out():
    """While a pause keeps every probe back, the server is not yet known to be down."""
    breaker = opened(1.0)
    assert breaker.down_for(100.0) == 0.0
    breaker.sent(100.0)
    assert breaker.down_for(101.0) == 1.0


def test_a_probe_that_got_no_leave_was_none():
    """A probe that was not sent starts no clock, and the next one may ask at once."""
    breaker = opened(1.0)
    breaker.probe()
    assert breaker.ask(2.0) == 0.5
    breaker.not_sent()
    assert (breaker.ask(2.0), breaker.down_for(60.0)) == (0.0, 0.0)


def test_a_reply_closes_it():
    """One reply closes it, and the count begins anew."""
    breaker = opened()
    breaker.replied()
    for _ in range(9):
        breaker.failed(1.0)
    assert not breaker.open


def test_probes_half_a_second_apart():
    """While it is open one request goes every half second, though none of them ends."""
    breaker, went = opened(), []
    for step in range(33):
        now = step / 16
        if breaker.ask(now) == 0:
            breaker.probe()
            assert breaker.ask(now) == 0.5
            breaker.sent(now)
            went.append(now)
    assert went == [0.5, 1.0, 1.5, 2.0]


def test_failures_of_probes_change_nothing():
    """It tells since when probes go unanswered, however many have failed since."""
    breaker = opened(1.0)
    breaker.sent(1.5)
    breaker.failed(9.0)
    assert (breaker.down_for(10.0), breaker.ask(1.75)) == (8.5, 0.25)


@given(st.lists(st.integers(0, 9)))
def test_it_stays_closed_while_the_server_lives(failures):
    """No number of failures opens it when a reply stands among every ten."""
    breaker = Breaker()
    for count in failures:
        for _ in range(count):
            breaker.failed(0.0)
        assert not breaker.open
        breaker.replied()
