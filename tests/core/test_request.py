"""What goes over the wire, and from which budget."""

import re
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, queries
from taskrouter_stats.core.request import (
    BudgetKey,
    Request,
    build_page_request,
    build_request,
    path_for,
)

WORKSPACE, WORKER, ACCOUNT = "WS" + "a" * 32, "WK" + "b" * 32, "AC" + "c" * 32
printable = st.text(min_size=1, max_size=20).filter(str.isprintable)
filters = st.fixed_dictionaries(
    {},
    optional={
        "friendly_name": printable,
        "task_queue_name": printable,
        "ordering": printable,
        "target_workers_expression": printable,
        "available": st.booleans(),
    },
)


def parameters(target):
    """Return the decoded parameters of a target, in order."""
    return tuple(parse_qsl(urlsplit(target).query, keep_blank_values=True, strict_parsing=True))


@given(filters, st.integers(1, 1000))
def test_a_listing_says_what_was_asked(given_filters, size):
    """Every filter is read back from the URL as it was given, then the size of a page."""
    listing = queries.workers(WORKSPACE, page_size=size, **given_filters)
    target = build_request(listing, ACCOUNT).target
    assert parameters(target) == (*listing.filters, ("PageSize", str(size)))
    assert urlsplit(target).path == f"/v1/Workspaces/{WORKSPACE}/Workers"


@given(filters)
def test_targets_are_clean(given_filters):
    """A target is visible ASCII without a fragment, whatever the filters hold."""
    target = build_request(queries.workers(WORKSPACE, **given_filters), ACCOUNT).target
    assert re.fullmatch(r"/[!-~]+", target)
    assert "#" not in target
    assert "+" not in target


def test_a_query_of_a_relative_window():
    """A relative window is sent as minutes."""
    query = queries.worker_statistics(WORKSPACE, WORKER)
    request = build_request(query, ACCOUNT)
    assert request == Request(
        "GET",
        f"/v1/Workspaces/{WORKSPACE}/Workers/{WORKER}/Statistics?Minutes=15",
        BudgetKey(ACCOUNT, WORKSPACE, "WorkerStatistics-Fetch"),
        retry_safe=True,
        ask=query,
    )


@given(st.datetimes(timezones=st.timezones()).filter(lambda time: 1 < time.year < 9999), printable)
def test_a_query_of_absolute_times(now, channel):
    """Absolute times are sent as two dates, without minutes, beside the filter."""
    window = Window.last(hours=1).at(now)
    query = queries.worker_statistics(WORKSPACE, WORKER, window, task_channel=channel)
    found = parameters(build_request(query, ACCOUNT).target)
    assert found == (("TaskChannel", channel), *window.parameters())
    assert "Minutes" not in dict(found)


@given(filters)
def test_budgets(given_filters):
    """A list filtered by an expression spends from a budget of its own, others from the list's."""
    budget = build_request(queries.workers(WORKSPACE, **given_filters), ACCOUNT).budget
    expression = "target_workers_expression" in given_filters
    key = "Worker-List-TargetWorkersExpression" if expression else "Worker-List"
    assert budget == BudgetKey(ACCOUNT, WORKSPACE, key)


def test_further_pages_spend_from_the_same_budget():
    """A page that the server named costs what the first page costs."""
    listing = queries.workers(WORKSPACE, target_workers_expression="a == 1")
    page = build_page_request(listing, "/v1/x?PageToken=y", ACCOUNT)
    assert page.target == "/v1/x?PageToken=y"
    assert page.budget == build_request(listing, ACCOUNT).budget


def test_paths_do_not_mix_questions_up():
    """Two questions of one kind differ in their paths by their SIDs alone."""
    other = "WK" + "d" * 32
    first, second = (
        path_for(queries.worker_statistics(WORKSPACE, worker)) for worker in (WORKER, other)
    )
    assert first.replace(WORKER, other) == second
    assert first != second
