"""The policy of a session's cache."""

import math

import pytest

from taskrouter_stats import CachePolicy
from taskrouter_stats.core.cache_policy import as_cache_policy
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.errors import InvalidParameter

COUNTS = {
    "worker_statistics",
    "workers_cumulative_statistics",
    "task_queue_cumulative_statistics",
    "workflow_cumulative_statistics",
    "workspace_cumulative_statistics",
}


@pytest.mark.parametrize("endpoint", [row for row in ENDPOINTS.values() if row.items is None])
def test_only_sums_over_a_window_have_the_cumulative_ttl(endpoint):
    """An answer that holds a current state has the ttl of real-time statistics."""
    expected = 30 if endpoint.name in COUNTS else 5
    assert CachePolicy(real_time=5, cumulative=30).ttl(endpoint) == expected


@pytest.mark.parametrize("name", ["real_time", "cumulative", "stale"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "5", None, True])
def test_seconds_are_checked(name, value):
    """Seconds are finite numbers, 0 or more."""
    with pytest.raises(InvalidParameter, match=name):
        CachePolicy(**{name: value})


@pytest.mark.parametrize("value", [0, -1, 1.5, None, True])
def test_the_number_of_entries_is_checked(value):
    """The number of entries is whole, 1 or more."""
    with pytest.raises(InvalidParameter, match="max_entries"):
        CachePolicy(max_entries=value)


def test_a_number_is_the_ttl_of_every_kind():
    """A number of seconds stands for both kinds, without stale values."""
    assert as_cache_policy(15) == CachePolicy(real_time=15, cumulative=15, stale=0)
    assert as_cache_policy(None) is None
