"""Plans: workers by windows, oldest first."""

from datetime import UTC, date, datetime, timedelta

import pytest

from taskrouter_stats import Window, queries
from taskrouter_stats.errors import InvalidParameter, InvalidSid, InvalidWindow, UsageError
from taskrouter_stats.etl import Estimate, plan, worker_plan
from taskrouter_stats.etl.planning.plan import key_of, may_be_expired
from taskrouter_stats.etl.planning.tables import STATISTICS

WS = "WS" + "2" * 32
SIDS = tuple(f"WK{number:032x}" for number in range(2))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MONTH = Window.days(date(2026, 10, 26), date(2026, 11, 23), tz="UTC")


def test_windows_are_absolute_oldest_first_and_each_once():
    """A plan that starts has absolute windows, ordered by time, each once."""
    made = worker_plan(WS, [Window.last(hours=1), *reversed(MONTH), MONTH[0]]).at(NOW)
    starts = [window.start for window in made.windows]
    assert starts == sorted(set(starts))
    assert made.windows[-1].end == NOW


def test_relative_windows_depend_on_the_start():
    """The last eight hours, planned twice at an interval of an hour, are two windows."""
    made = worker_plan(WS, Window.last(hours=8))
    first, second = (made.at(NOW + timedelta(hours=hours)).windows for hours in (0, 1))
    assert second[0].start - first[0].start == timedelta(hours=1)


def test_workers_are_all_of_the_workspace_by_default():
    """A plan without workers reads the list; a plan with workers keeps them unchanged."""
    listing = queries.workers(WS, friendly_name="Ada")
    assert worker_plan(WS, MONTH).listing("workers") == queries.workers(WS)
    assert worker_plan(WS, MONTH, workers=listing).listing("workers") is listing
    made = worker_plan(WS, MONTH, workers=iter(SIDS))
    assert (made.listing("workers"), made.given["workers"]) == (None, SIDS)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("WK" + "2" * 32, MONTH), InvalidSid, "workspace_sid"),
        ((WS, []), InvalidWindow, "windows= is empty"),
        ((WS, ["yesterday"]), InvalidWindow, "windows='yesterday'"),
    ],
)
def test_a_wrong_plan_raises_an_error(arguments, error, match):
    """A plan with a wrong argument raises an error that names the argument."""
    with pytest.raises(error, match=match):
        worker_plan(*arguments)


def test_an_estimate_counts_requests_and_seconds():
    """15,000 workers by 30 days are 450,000 requests: two and a half hours at 50 a second."""
    days = Window.days(date(2026, 10, 1), date(2026, 10, 30), tz="UTC")
    estimate = Estimate(worker_plan(WS, days), {"workers": 15_000})
    assert (estimate.requests, estimate.lists) == (450_000, {"workers": 15, "activities": 1})
    assert round(estimate.seconds("worker_statistics", 50.0) / 3600, 1) == 2.5


def test_windows_that_expire_during_the_run_are_named():
    """At a pace too slow for a month of windows, an estimate names those that would expire."""
    estimate = Estimate(worker_plan(WS, MONTH), {"workers": 15_000})
    table = "worker_statistics"
    assert estimate.expiring(table, NOW, 500.0) == []
    assert estimate.expiring(table, NOW, 0.3) == MONTH[:1]
    assert estimate.expiring(table, NOW, 0.1) == MONTH


@pytest.mark.parametrize("channel", [None, "WK:/ABC", "Voice"])
def test_a_key_does_not_depend_on_the_case_of_its_sid(channel):
    """Digits in capitals name the same Worker; a channel keeps its letters."""
    queries_ = [
        queries.worker_statistics(WS, sid, MONTH[0], task_channel=channel)
        for sid in ("WK" + "ab" * 16, "WK" + "AB" * 16)
    ]
    assert [key_of(query) for query in queries_] == [queries_[0].key] * 2


@pytest.mark.parametrize(("hours", "old"), [(0, False), (1, False), (29 * 24, False), (697, True)])
def test_only_a_window_of_the_documented_age_may_be_expired(hours, old):
    """A window may be expired when it is older than 30 days less a day for clocks."""
    start = NOW - timedelta(hours=hours)
    assert may_be_expired(Window.between(start, start + timedelta(days=40)), NOW) == old
    assert not may_be_expired(None, NOW)
    assert not may_be_expired(Window.last(days=40), NOW)


def names_of(made):
    """Return the tables of a plan, and its dimensions with whether they are required."""
    dimensions = {dimension.name: dimension.required for dimension in made.dimensions}
    return [table.name for table in made.tables], dimensions


def test_a_statistics_table_brings_the_dimension_of_its_list():
    """Lists that are read anyway are stored; Activities come with Workers; others are named."""
    brought = {"workers": False, "task_queues": False, "workflows": False, "activities": False}
    assert names_of(plan(WS, MONTH)) == ([*STATISTICS], brought)
    assert names_of(plan(WS, MONTH, ["workspace_statistics"])) == (["workspace_statistics"], {})
    made = plan(WS, MONTH, ["worker_channels", "task_queue_statistics", "task_queues"])
    assert names_of(made) == (
        ["task_queue_statistics"],
        {"task_queues": True, "worker_channels": True},
    )
    assert made.lists == ("task_queues", "workers")
    assert names_of(worker_plan(WS, MONTH)) == names_of(plan(WS, MONTH, "worker_statistics"))


def test_filters_go_to_the_tables_that_take_them():
    """The TaskChannel filters every table, thresholds those with waiting times."""
    made = plan(WS, MONTH, task_channel="voice", split_by_wait_time=[5, 10])
    split = {"TaskChannel": "voice", "SplitByWaitTime": "5,10"}
    assert {table.name: dict(table.filters) for table in made.tables} == {
        "worker_statistics": {"TaskChannel": "voice"},
        "workers_statistics": {"TaskChannel": "voice"},
        "task_queue_statistics": split,
        "workflow_statistics": split,
        "workspace_statistics": split,
    }


@pytest.mark.parametrize(
    ("tables", "options", "error", "match"),
    [
        (["queues"], {}, InvalidParameter, "one of worker_statistics, task_queue_statistics"),
        (["task_queue_wait_splits"], {}, InvalidParameter, "name task_queue_statistics, which"),
        ([], {}, InvalidParameter, "at least one of"),
        (5, {}, InvalidParameter, "a list of names"),
        (["workers_statistics"], {"workers": SIDS}, InvalidParameter, "has statistics of workers"),
        (["worker_statistics"], {"split_by_wait_time": [5]}, InvalidParameter, "waiting times"),
        (["task_queue_statistics"], {"task_queues": SIDS}, InvalidSid, "task_queue_sid"),
        (["workflow_statistics"], {"workflows": "WW"}, UsageError, "workflows= takes an iterable"),
        (
            ["workflow_statistics"],
            {"workflows": queries.task_queues(WS)},
            UsageError,
            "takes queries.workflows",
        ),
    ],
)
def test_a_wrong_plan_of_tables_raises_an_error(tables, options, error, match):
    """A wrong table, or an argument that no table uses, is refused with what is expected."""
    with pytest.raises(error, match=match):
        plan(WS, MONTH, tables, **options)


def test_an_estimate_counts_each_table_and_each_list():
    """Each table costs its resources by windows, each list a page a thousand, channels one each."""
    made = plan(WS, MONTH, [*STATISTICS, "worker_channels"], workflows=["WW" + "1" * 32])
    estimate = Estimate(made, {"workers": 1_500, "task_queues": 40, "workflows": 1})
    assert estimate.tables == {
        "worker_statistics": 1_500 * len(MONTH),
        "task_queue_statistics": 40 * len(MONTH),
        "workflow_statistics": len(MONTH),
        "workspace_statistics": len(MONTH),
        "workers_statistics": len(MONTH),
    }
    lists = {"workers": 2, "task_queues": 1, "activities": 1, "worker_channels": 1_500}
    assert estimate.lists == lists
