"""Tests of requests and their budgets."""

import re
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Window, queries
from taskrouter_stats.core import request as request_module
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
def test_a_listings_url_has_every_filter(given_filters, size):
    """The URL of a listing holds every filter as given, then the page size."""
    listing = queries.workers(WORKSPACE, page_size=size, **given_filters)
    target = build_request(listing, ACCOUNT).target
    assert parameters(target) == (*listing.filters, ("PageSize", str(size)))
    assert urlsplit(target).path == f"/v1/Workspaces/{WORKSPACE}/Workers"


@given(filters)
def test_targets_are_clean(given_filters):
    """A target is visible ASCII without a fragment, for any filters."""
    target = build_request(queries.workers(WORKSPACE, **given_filters), ACCOUNT).target
    assert re.fullmatch(r"/[!-~]+", target)
    assert "#" not in target
    assert "+" not in target


def test_a_relative_window_is_sent_as_minutes():
    """A relative window is sent as ``Minutes``."""
    query = queries.worker_statistics(WORKSPACE, WORKER)
    request = build_request(query, ACCOUNT)
    assert request == Request(
        "GET",
        f"/v1/Workspaces/{WORKSPACE}/Workers/{WORKER}/Statistics?Minutes=15",
        BudgetKey(ACCOUNT, WORKSPACE, "WorkerStatistics-Fetch"),
        retry_safe=True,
        query=query,
    )


@given(
    st.datetimes(timezones=st.timezones(), allow_imaginary=False).filter(
        lambda time: 1 < time.year < 9999
    ),
    printable,
)
def test_an_absolute_window_is_sent_as_dates(now, channel):
    """An absolute window is sent as two dates, without ``Minutes``, beside the filter."""
    window = Window.last(hours=1).at(now)
    query = queries.worker_statistics(WORKSPACE, WORKER, window, task_channel=channel)
    found = parameters(build_request(query, ACCOUNT).target)
    assert found == (("TaskChannel", channel), *window.parameters())
    assert "Minutes" not in dict(found)


@given(filters)
def test_filtered_lists_have_separate_budgets(given_filters):
    """A list filtered by an expression has a separate budget; other filters use the list's."""
    budget = build_request(queries.workers(WORKSPACE, **given_filters), ACCOUNT).budget
    expression = "target_workers_expression" in given_filters
    key = "Worker-List-TargetWorkersExpression" if expression else "Worker-List"
    assert budget == BudgetKey(ACCOUNT, WORKSPACE, key)


def test_all_pages_use_the_same_budget():
    """A next page uses the budget of the first page."""
    listing = queries.workers(WORKSPACE, target_workers_expression="a == 1")
    page = build_page_request(listing, "/v1/x?PageToken=y", ACCOUNT)
    assert page.target == "/v1/x?PageToken=y"
    assert page.budget == build_request(listing, ACCOUNT).budget


def test_paths_differ_by_sids():
    """Two queries of one operation differ in their paths only by their SIDs."""
    other = "WK" + "d" * 32
    first, second = (
        path_for(queries.worker_statistics(WORKSPACE, worker)) for worker in (WORKER, other)
    )
    assert first.replace(WORKER, other) == second
    assert first != second


def test_thousands_of_accounts_share_the_text_of_a_target(monkeypatch):
    """The query text is built once for all accounts that ask the same, in turns; budgets differ."""
    built = []
    text = request_module._query_text
    monkeypatch.setattr(
        request_module, "_query_text", lambda *given: built.append(1) or text(*given)
    )
    query = queries.workspace_statistics(WORKSPACE, Window.last(minutes=77))
    accounts = [f"AC{number:032x}" for number in range(2000)]
    requests = [build_request(query, account) for account in (*accounts, *accounts)]
    assert len(built) <= 1  # 0 if another test asked the same
    assert len({request.target for request in requests}) == 1
    assert [request.budget.account for request in requests] == [*accounts, *accounts]
