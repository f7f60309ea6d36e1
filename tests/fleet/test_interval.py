"""How often a process reports: often while anything changes, seldom while nothing does."""

import math

import pytest

from taskrouter_stats.core.throttle import Throttle, Wait
from taskrouter_stats.fleet.interval import (
    INTERVAL,
    MAX_INTERVAL,
    STEADY_INTERVAL,
    ReportInterval,
)

PACE = Wait(0.5, "pace")


def steady(remaining=5.0):
    """Return a throttle of 50 requests a second, of which so many remained at least."""
    throttle = Throttle(0.0)
    throttle.estimator.limit, throttle.estimator.min_remaining = 50.0, remaining
    return throttle


def calm(throttle=None, reports=40, wait=PACE, lost=0):
    """Return the interval after so many reports at which nothing changed."""
    interval = ReportInterval()
    for _ in range(reports):
        interval.reported(lost, throttle or steady(), wait, 100.0)
    return interval


def test_a_known_pace_needs_few_reports():
    """While bulk requests go at a pace that uses the budget up, the interval grows to its bound."""
    assert calm().seconds == STEADY_INTERVAL
    assert calm(reports=2).seconds < 1.2 * INTERVAL


@pytest.mark.parametrize("remaining", [math.inf, 30.0])
def test_a_burst_is_not_held_up(remaining):
    """While much of the budget remains, or nobody knows, the interval does not grow."""
    assert calm(steady(remaining)).seconds == INTERVAL


@pytest.mark.parametrize("reason", ["probe", "in_flight", "paused", "leave"])
def test_a_change_is_reported_at_once(reason):
    """Whatever a request waits for but the pace makes the interval short again."""
    interval = calm()
    interval.reported(0, steady(), Wait(1.0, reason), 100.0)
    assert interval.seconds == INTERVAL


def test_interactive_requests_keep_it_short():
    """While any process has interactive requests, bulk slots are not granted far ahead."""
    throttle = steady()
    throttle.check(99.0, interactive=True)
    assert calm(throttle).seconds == INTERVAL


def test_processes_that_write_at_the_same_time_write_less_often():
    """Lost comparisons make the interval longer up to its bound, writes at once make it shorter."""
    interval = calm(lost=2, wait=Wait(1.0, "in_flight"))
    assert interval.seconds == MAX_INTERVAL
    for _ in range(60):
        interval.reported(0, steady(), Wait(1.0, "in_flight"), 100.0)
    assert interval.seconds == INTERVAL
