"""The pace of a known limit: how a sharer grows, and how slow it gets."""

import pytest

from taskrouter_stats.core.throttle.rate import DECREASE, MEMORY
from tests.core.throttle.throttle_scenarios import opened


def test_growth_of_a_shared_budget_is_in_proportion() -> None:
    """A sharer of a sixteenth grows by a sixteenth of what a lone sharer would."""
    throttle = opened(remaining=30.0)
    for rate in (3.0, 30.0):
        throttle.pace.rate = rate
        throttle.pace.increase_shared(50.0, 25.0, probes=False)
        assert throttle.pace.rate - rate == pytest.approx(0.225 * rate + 0.1)


@pytest.mark.parametrize(("remaining", "growth"), [(0.0, -1.0 / 12.0), (1.0, 1.0 / 12.0)])
def test_a_sharer_of_few_requests_leaves_half_a_request(remaining: float, growth: float) -> None:
    """Where one request is a third of the limit, no counter can show 5% of it."""
    throttle = opened(3.0)
    throttle.pace.rate = 1.0
    throttle.pace.increase_shared(3.0, remaining, probes=False)
    assert throttle.pace.rate == pytest.approx(1.0 + growth + 0.006)


def test_no_refusal_slows_a_process_below_three_requests_in_ten_seconds() -> None:
    """A process that hardly asks learns too late that there is more."""
    throttle = opened(3.0)
    throttle.pace.rate = 2.0
    for now in range(1, 30):
        throttle.pace.decrease(DECREASE, 3.0, float(now))
    assert throttle.pace.rate == pytest.approx(3.0 / MEMORY)
