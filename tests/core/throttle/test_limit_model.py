"""What the two headers count, told by the own sends."""

import math

import pytest

from taskrouter_stats.core.throttle.limit_model import TEN_SECOND_AVERAGE
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
