"""Tests of the constructors: the right query, or an error that names the argument."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Listing, Query, Window, queries
from taskrouter_stats.errors import InvalidParameter, InvalidSid, InvalidWindow
from taskrouter_stats.models import Worker, WorkerStatistics

WORKSPACE, WORKER = "WS" + "a" * 32, "WK" + "b" * 32
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TEXT_FILTERS = [
    "activity_name",
    "friendly_name",
    "target_workers_expression",
    "task_queue_name",
    "ordering",
]
NO_TEXTS = ["", 5, True, b"x", ["a"], "a\nb", "a\0", "\ud800", "\u2028"]


def test_worker_statistics_is_a_query():
    """Statistics of one Worker are a query of that model, for the last 15 minutes by default."""
    query = queries.worker_statistics(WORKSPACE, WORKER)
    assert type(query) is Query
    assert (query.endpoint.model, query.sids) == (WorkerStatistics, (WORKSPACE, WORKER))
    assert query.window == Window.last(minutes=15)
    assert query.filters == ()
    assert query.context == Worker(sid=WORKER, workspace_sid=WORKSPACE)


def test_workers_is_a_listing():
    """The Workers are a listing of that model, with 1000 items per page by default."""
    listing = queries.workers(WORKSPACE)
    assert type(listing) is Listing
    assert (listing.endpoint.model, listing.sids) == (Worker, (WORKSPACE,))
    assert (listing.window, listing.filters, listing.page_size) == (None, (), 1000)


def test_filters_that_are_none_are_left_out():
    """A filter of None is left out."""
    assert queries.workers(WORKSPACE, friendly_name=None) == queries.workers(WORKSPACE)


def test_filters_have_the_documented_names():
    """Each argument becomes the parameter that Twilio documents."""
    listing = queries.workers(
        WORKSPACE,
        activity_name="Idle",
        activity_sid="WA" + "c" * 32,
        available=False,
        friendly_name="Ann",
        target_workers_expression="a == 1",
        task_queue_name="Sales",
        task_queue_sid="WQ" + "d" * 32,
        ordering="DateStatusChanged:desc",
    )
    assert dict(listing.filters) == {
        "ActivityName": "Idle",
        "ActivitySid": "WA" + "c" * 32,
        "Available": "false",
        "FriendlyName": "Ann",
        "TargetWorkersExpression": "a == 1",
        "TaskQueueName": "Sales",
        "TaskQueueSid": "WQ" + "d" * 32,
        "Ordering": "DateStatusChanged:desc",
    }


@given(st.text(min_size=1).filter(str.isprintable) | st.just("Zoë\u00a0\U0001f469\u200d\U0001f4bb"))
def test_text_is_unchanged(text):
    """A name in any script reaches the query unchanged."""
    assert queries.workers(WORKSPACE, friendly_name=text).filters == (("FriendlyName", text),)


@pytest.mark.parametrize("name", TEXT_FILTERS)
@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_other_values_are_not_text(name, value):
    """Empty, unprintable and non-text filters are refused by the argument's name."""
    with pytest.raises(InvalidParameter) as caught:
        queries.workers(WORKSPACE, **{name: value})
    assert caught.value.parameter == name


@pytest.mark.parametrize("value", [0, 1, "true", "yes"])
def test_other_values_are_not_booleans(value):
    """Availability is True or False, because the server reads any other word as False."""
    with pytest.raises(InvalidParameter, match="available"):
        queries.workers(WORKSPACE, available=value)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("workspace_sid", lambda: queries.workers(WORKER)),
        ("workspace_sid", lambda: queries.worker_statistics(WORKER, WORKSPACE)),
        ("worker_sid", lambda: queries.worker_statistics(WORKSPACE, WORKSPACE)),
        ("worker_sid", lambda: queries.worker_statistics(WORKSPACE, WORKER + "/../x")),
        ("worker_sid", lambda: queries.worker_statistics(WORKSPACE, None)),
        ("activity_sid", lambda: queries.workers(WORKSPACE, activity_sid="Idle")),
        ("task_queue_sid", lambda: queries.workers(WORKSPACE, task_queue_sid=WORKER)),
    ],
)
def test_wrong_sids_are_refused(name, call):
    """A SID of another kind, or another value, is refused by the argument's name."""
    with pytest.raises(InvalidSid) as caught:
        call()
    assert caught.value.parameter == name


@pytest.mark.parametrize("window", [None, 15, "last 15 min", NOON, (NOON, NOON)])
def test_other_values_are_not_windows(window):
    """Minutes, text and datetimes are not windows."""
    with pytest.raises(InvalidWindow, match=r"Window\.last"):
        queries.worker_statistics(WORKSPACE, WORKER, window)


@pytest.mark.parametrize("size", [0, -1, 1001, True, 1.0, "50", None])
def test_page_sizes_have_bounds(size):
    """A page size outside 1 to 1000 is refused."""
    with pytest.raises(InvalidParameter, match="page_size"):
        queries.workers(WORKSPACE, page_size=size)
