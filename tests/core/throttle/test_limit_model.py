"""What the two headers count, told by the own sends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle.limit_model import TEN_SECOND_AVERAGE, CostTest
from taskrouter_stats.core.throttle.send_log import SendLog, SendTicket
from tests.core.throttle.throttle_scenarios import RTT, answer, opened, told


def burst_into(memory: float, most: int = 400):
    """Return the throttle after a quick burst into an average over so many seconds."""
    throttle, now, count = opened(), 0.2, 1
    while count < most:
        sent = [throttle.reserve(now) for _ in range(10)]
        count += 10
        answer(throttle, sent, now + RTT, told(remaining=math.floor(50.0 - count / memory)))
        now += RTT / 5.0
    return throttle


def test_ten_seconds_are_believed_where_they_fit():
    """A tenth of a unit per request is the documented average."""
    assert burst_into(10.0).estimator.model is TEN_SECOND_AVERAGE


@pytest.mark.parametrize("memory", [4.0, 5.0, 30.0, 60.0])
def test_other_averages_are_bounded_by_the_counter(memory):
    """The budget is never taken for larger, nor the memory for shorter, and both come near."""
    model = burst_into(memory, most=int(0.8 * 50 * memory)).estimator.model
    assert 0.6 * memory < 1.0 / model.cost <= memory
    assert memory <= model.memory < 2.0 * memory


def test_a_counter_of_whole_requests_is_no_average():
    """Where each request costs one, the model stays short."""
    assert burst_into(1.0, most=45).estimator.model.is_short


@given(st.integers(2, 60), st.floats(1e-6, 0.99), st.floats(1e-6, 1.0))
def test_a_window_of_whole_seconds_within_the_bounds_is_never_overspent(memory, below, above):
    """A request is not taken for cheaper than it is, nor for forgotten sooner."""
    cost = 1.0 / memory
    test = CostTest(low=cost * (1.0 - below), high=cost * (1.0 + above), is_documented=False)
    model = test.model()
    assert model.cost >= cost - 1e-9
    assert model.memory >= memory - 1e-9


def test_bounds_that_hold_one_number_of_seconds_name_it():
    """Windows last whole seconds, so bounds within 20% of five name five."""
    model = CostTest(low=0.18, high=0.23).model()
    assert (model.cost, model.memory) == (0.2, 5.0)


def test_bounds_that_hold_no_whole_second_are_taken_as_they_are():
    """A window of four and a half seconds is not rounded to one that is longer or shorter."""
    model = CostTest(low=0.21, high=0.24).model()
    assert (model.cost, model.memory) == (0.24, 1.0 / 0.21)


@pytest.mark.parametrize(("high", "documented"), [(0.25, False), (0.15, True)])
def test_a_sign_of_others_leaves_the_documented_memory_where_it_is_nearly_known(high, documented):
    """Only while a request may cost twice as much, a shorter memory explains the sign."""
    test = CostTest(low=0.08, high=high)
    assert test.model() is TEN_SECOND_AVERAGE
    assert test.doubts() is not documented
    assert (test.model() is TEN_SECOND_AVERAGE) is documented


@given(st.integers(2, 60), st.integers(40, 400))
def test_a_proof_of_an_average_bounds_the_cost_below_one(max_used, extra):
    """The surplus that proves it took at most two uses of the counter."""
    test = CostTest(first=1.0, max_used=float(max_used))
    ticket = SendTicket(0.0, number=1, surplus=2.2 * max_used + extra)
    assert test.proves_average(ticket, 0)
    assert test.high < 1.0
    assert test.high * ticket.surplus >= 2.0 * max_used


@pytest.mark.parametrize(("sent", "surplus"), [(80, 5.0), (1, 1.0)])
def test_what_came_back_before_the_limit_was_known_is_no_surplus(sent, surplus):
    """Of the requests of a second and a half, 75 came back where fifty do so a second."""
    test, log = CostTest(), SendLog()
    for _ in range(sent):
        log.record(10.0)
    test.begin(log, 11.5, 50.0)
    assert (test.surplus, test.surplus_at, test.first) == (surplus, 11.5, 1)


def test_an_earlier_reply_vouches_for_the_rest_of_its_unit():
    """When a unit of sixty requests has just gone, the credit is the rest of that unit."""
    memory, before = 60.0, 2930
    throttle, now = burst_into(memory, most=before), 7.0
    for count in range(before + 1, 2942):
        left = float(math.floor(50.0 - count / memory))
        answer(throttle, [throttle.reserve(now)], now + RTT, told(remaining=left))
        now += 2.0 * RTT
    assert left == 0.0
    assert 40.0 < throttle.estimator.credit(now) <= 50.0 * memory - count


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.sampled_from([20.0, 60.0, 61.0]))
def test_a_coarse_counter_never_vouches_for_too_much(bursts, memory):
    """In a fixed window of the own requests alone, what all replies vouch for is really left."""
    throttle, count, now = burst_into(memory, most=200), 200, 3.0
    for size in bursts:
        sent = [throttle.reserve(now) for _ in range(size)]
        count += size
        answer(throttle, sent, now + RTT, told(remaining=math.floor(50.0 - count / memory)))
        now += 5.0 * RTT
        assert throttle.estimator.credit(now) <= 50.0 * memory - count


def test_what_others_used_is_not_vouched_for():
    """Earlier replies count no more once others used the budget, or a request costs more."""
    test = CostTest(low=0.01, high=0.02)
    test.vouch(300.0, goes_on=True)
    test.vouch(250.0, goes_on=True)
    assert test.vouched == 300.0
    test.vouch(250.0, goes_on=False)
    assert test.vouched == 250.0
