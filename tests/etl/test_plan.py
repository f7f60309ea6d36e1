"""Plans: workers by windows, oldest first."""

from datetime import UTC, date, datetime, timedelta

import pytest

from taskrouter_stats import Window, queries
from taskrouter_stats.errors import InvalidSid, InvalidWindow
from taskrouter_stats.etl import Estimate, worker_plan
from taskrouter_stats.etl.plan import key_of, may_be_expired

WS = "WS" + "2" * 32
SIDS = tuple(f"WK{number:032x}" for number in range(2))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MONTH = Window.days(date(2026, 10, 26), date(2026, 11, 23), tz="UTC")


def test_windows_are_absolute_oldest_first_and_each_once():
    """A plan that starts has absolute windows, in time's order, none of them twice."""
    plan = worker_plan(WS, [Window.last(hours=1), *reversed(MONTH), MONTH[0]]).at(NOW)
    starts = [window.start for window in plan.windows]
    assert starts == sorted(set(starts))
    assert plan.windows[-1].end == NOW


def test_relative_windows_move_with_the_start():
    """The last eight hours, planned twice an hour apart, are two windows."""
    plan = worker_plan(WS, Window.last(hours=8))
    first, second = (plan.at(NOW + timedelta(hours=hours)).windows for hours in (0, 1))
    assert second[0].start - first[0].start == timedelta(hours=1)


def test_workers_are_all_of_the_workspace_by_default():
    """Without workers the plan reads the list; given ones are asked about as they are."""
    listing = queries.workers(WS, friendly_name="Ada")
    assert worker_plan(WS, MONTH).listing() == queries.workers(WS)
    assert worker_plan(WS, MONTH, workers=listing).listing() is listing
    assert worker_plan(WS, MONTH, workers=iter(SIDS)).workers == SIDS


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("WK" + "2" * 32, MONTH), InvalidSid, "workspace_sid"),
        ((WS, []), InvalidWindow, "at least one window"),
        ((WS, ["yesterday"]), InvalidWindow, "windows='yesterday': Window objects"),
    ],
)
def test_what_can_not_be_planned_is_refused(arguments, error, match):
    """A plan that can't be is refused before anything is sent."""
    with pytest.raises(error, match=match):
        worker_plan(*arguments)


def test_an_estimate_counts_requests_and_seconds():
    """15,000 workers by 30 days are 450,000 requests: two and a half hours at 50 a second."""
    estimate = Estimate(15_000, tuple(Window.days(date(2026, 10, 1), date(2026, 10, 30), tz="UTC")))
    assert (estimate.requests, estimate.pages) == (450_000, 15)
    assert round(estimate.seconds(50.0) / 3600, 1) == 2.5


def test_windows_that_expire_before_their_turn_are_told():
    """At a pace too slow for a month of windows, those that would be forgotten are named."""
    estimate = Estimate(15_000, tuple(MONTH))
    assert estimate.expiring(NOW, 500.0) == []
    assert estimate.expiring(NOW, 0.3) == MONTH[:1]
    assert estimate.expiring(NOW, 0.1) == MONTH


@pytest.mark.parametrize("channel", [None, "WK:/ABC", "Voice"])
def test_a_key_is_the_same_however_its_sid_is_written(channel):
    """Digits in capitals name the same Worker; a channel's letters are kept."""
    queries_ = [
        queries.worker_statistics(WS, sid, MONTH[0], task_channel=channel)
        for sid in ("WK" + "ab" * 16, "WK" + "AB" * 16)
    ]
    assert [key_of(query) for query in queries_] == [queries_[0].key] * 2


@pytest.mark.parametrize(("hours", "old"), [(0, False), (1, False), (29 * 24, False), (697, True)])
def test_only_a_window_of_the_documented_age_may_be_expired(hours, old):
    """Thirty days are documented, and a day of margin is left for clocks."""
    start = NOW - timedelta(hours=hours)
    assert may_be_expired(Window.between(start, start + timedelta(days=40)), NOW) == old
    assert not may_be_expired(None, NOW)
    assert not may_be_expired(Window.last(days=40), NOW)
