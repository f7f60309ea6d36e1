"""How many of the last requests with credit are kept to see that a counter came back."""

import pytest

from taskrouter_stats.core.throttle.scouts import is_unproven
from tests.core.throttle.throttle_scenarios import opened


@pytest.mark.parametrize(
    ("beyond", "kept"), [(100, 20), (488, 12), (999, 4), (500, 20), (988, 12), (0, 20)]
)
def test_looks_keep_no_more_than_the_last_window_can_spare(beyond: int, kept: int) -> None:
    """Of 500, looks keep 4%, or what the last window has room for, but four at least."""
    estimator = opened(500.0).estimator
    assert not is_unproven(estimator, float(kept), kept + beyond)
    assert is_unproven(estimator, kept - 1.0, kept - 1 + beyond)


def test_one_refill_proves_a_small_limit() -> None:
    """A limit of 50 per second keeps nothing for looks, and needs none once it came back."""
    estimator = opened().estimator
    assert not is_unproven(estimator, 1.0, 500)
    assert is_unproven(estimator, 0.0, 500)
    estimator.refills.saw(1.0, 49.0)
    assert not is_unproven(estimator, 0.0, 500)
