"""Whether the server is there at all."""

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.circuit_breaker import CircuitBreaker


def opened(now=0.0):
    """A breaker that has just opened."""
    breaker = CircuitBreaker()
    for _ in range(10):
        breaker.record_failure(now)
    return breaker


def test_ten_in_a_row_open_it():
    """Nine sends without a reply do not open it, the tenth does."""
    breaker = CircuitBreaker()
    for _ in range(9):
        breaker.record_failure(5.0)
    assert (breaker.open, breaker.delay(5.0), breaker.down_for(5.0)) == (False, 0.0, 0.0)
    breaker.record_failure(5.0)
    assert (breaker.open, breaker.delay(5.0), breaker.down_for(6.0)) == (True, 0.5, 0.0)


def test_three_timeouts_in_a_row_open_it():
    """Three sends that hung as long as they may open it, unless one between them failed at once."""
    breaker = CircuitBreaker()
    for timed_out in (True, True, False, True, True):
        breaker.record_failure(1.0, timed_out=timed_out)
    assert not breaker.open
    breaker.record_failure(1.0, timed_out=True)
    assert breaker.open
    breaker.record_failure(2.0)
    assert breaker.open
    breaker.record_reply()
    assert not breaker.open


def test_the_last_cause_is_kept():
    """What the last failed send met is there for the error that tells of it."""
    breaker = CircuitBreaker()
    breaker.record_failure(1.0, cause="reset")
    breaker.record_failure(1.0, cause="refused")
    assert breaker.cause == "refused"


def test_nobody_is_told_before_a_probe_went_out():
    """While a pause keeps every probe back, the server is not yet known to be down."""
    breaker = opened(1.0)
    assert breaker.down_for(100.0) == 0.0
    breaker.probe_sent(100.0)
    assert breaker.down_for(101.0) == 1.0


def test_a_probe_that_got_no_leave_was_none():
    """A probe that was not sent starts no clock, and the next one may ask at once."""
    breaker = opened(1.0)
    breaker.start_probe()
    assert breaker.delay(2.0) == 0.5
    breaker.probe_cancelled()
    assert (breaker.delay(2.0), breaker.down_for(60.0)) == (0.0, 0.0)


def test_a_reply_closes_it():
    """One reply closes it, and the count begins anew."""
    breaker = opened()
    breaker.record_reply()
    for _ in range(9):
        breaker.record_failure(1.0)
    assert not breaker.open


def test_probes_half_a_second_apart():
    """While it is open one request goes every half second, though none of them ends."""
    breaker, went = opened(), []
    for step in range(33):
        now = step / 16
        if breaker.delay(now) == 0:
            breaker.start_probe()
            assert breaker.delay(now) == 0.5
            breaker.probe_sent(now)
            went.append(now)
    assert went == [0.5, 1.0, 1.5, 2.0]


def test_failures_of_probes_change_nothing():
    """It tells since when probes go unanswered, however many have failed since."""
    breaker = opened(1.0)
    breaker.probe_sent(1.5)
    breaker.record_failure(9.0)
    assert (breaker.down_for(10.0), breaker.delay(1.75)) == (8.5, 0.25)


@given(st.lists(st.integers(0, 9)))
def test_it_stays_closed_while_the_server_lives(failures):
    """No number of failures opens it when a reply stands among every ten."""
    breaker = CircuitBreaker()
    for count in failures:
        for _ in range(count):
            breaker.record_failure(0.0)
        assert not breaker.open
        breaker.record_reply()
