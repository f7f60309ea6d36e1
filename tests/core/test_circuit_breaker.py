"""Tests of the circuit breaker."""

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.circuit_breaker import CircuitBreaker


def opened(now=0.0):
    """Return a breaker that has just opened."""
    breaker = CircuitBreaker()
    for _ in range(10):
        breaker.record_failure(now)
    return breaker


def test_ten_failures_in_a_row_open_the_circuit():
    """Nine sends without a reply do not open the circuit; the tenth does."""
    breaker = CircuitBreaker()
    for _ in range(9):
        breaker.record_failure(5.0)
    assert (breaker.open, breaker.delay(5.0), breaker.down_for(5.0)) == (False, 0.0, 0.0)
    breaker.record_failure(5.0)
    assert (breaker.open, breaker.delay(5.0), breaker.down_for(6.0)) == (True, 0.5, 0.0)


def test_three_timeouts_in_a_row_open_the_circuit():
    """Three timeouts in a row open the circuit, unless another failure stands between them."""
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
    """The breaker keeps the cause of the last failed send for its error."""
    breaker = CircuitBreaker()
    breaker.record_failure(1.0, cause="reset")
    breaker.record_failure(1.0, cause="refused")
    assert breaker.cause == "refused"


def test_a_server_is_not_down_before_a_probe():
    """Before the first probe was sent, the server does not count as down."""
    breaker = opened(1.0)
    assert breaker.down_for(100.0) == 0.0
    breaker.probe_sent(100.0)
    assert breaker.down_for(101.0) == 1.0


def test_a_probe_without_a_permit_does_not_count():
    """A probe that was not sent starts no clock, and the next probe may start at once."""
    breaker = opened(1.0)
    breaker.start_probe()
    assert breaker.delay(2.0) == 0.5
    breaker.probe_cancelled()
    assert (breaker.delay(2.0), breaker.down_for(60.0)) == (0.0, 0.0)


def test_a_reply_closes_the_circuit():
    """One reply closes the circuit and resets the count."""
    breaker = opened()
    breaker.record_reply()
    for _ in range(9):
        breaker.record_failure(1.0)
    assert not breaker.open


def test_probes_are_half_a_second_apart():
    """While the circuit is open, one probe is sent every half second, even if none ends."""
    breaker, went = opened(), []
    for step in range(33):
        now = step / 16
        if breaker.delay(now) == 0:
            breaker.start_probe()
            assert breaker.delay(now) == 0.5
            breaker.probe_sent(now)
            went.append(now)
    assert went == [0.5, 1.0, 1.5, 2.0]


def test_failed_probes_do_not_restart_the_outage():
    """The time of the outage counts from the first probe, however many have failed since."""
    breaker = opened(1.0)
    breaker.probe_sent(1.5)
    breaker.record_failure(9.0)
    assert (breaker.down_for(10.0), breaker.delay(1.75)) == (8.5, 0.25)


@given(st.lists(st.integers(0, 9)))
def test_a_reply_among_ten_keeps_the_circuit_closed(failures):
    """The circuit stays closed while every ten sends have a reply among them."""
    breaker = CircuitBreaker()
    for count in failures:
        for _ in range(count):
            breaker.record_failure(0.0)
        assert not breaker.open
        breaker.record_reply()
