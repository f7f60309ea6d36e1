"""Tests of the hints for errors that Twilio documents."""

import pytest

from taskrouter_stats import Window, errors, queries
from taskrouter_stats.core.error_hints import hint_for

WS, WK, WW = "WS" + "a" * 32, "WK" + "b" * 32, "WW" + "c" * 32
ONE_WORKER = queries.worker_statistics(WS, WK, Window.last(days=40))
DATE = {"date": "Mon, 23 Nov 2026 12:00:00 GMT"}


def test_14241_names_the_earliest_start():
    """The hint for 14241 names the retention and the earliest start at the time of the reply."""
    error = errors.BadRequest(400, 14241, headers=DATE)
    assert hint_for(error, ONE_WORKER) == (
        "Twilio documents 30 days of history: the earliest start was 2026-10-24T12:00:00Z"
    )


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_14241_without_a_date_names_the_retention(date):
    """Without a readable date, the hint for 14241 names the retention only."""
    error = errors.BadRequest(400, 14241, headers={"date": date})
    assert hint_for(error, ONE_WORKER) == "Twilio documents 30 days of history"


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_date_near_year_1_names_the_retention(year):
    """A date too early to subtract 30 days from leaves the retention in the hint."""
    error = errors.BadRequest(400, 14241, headers={"date": f"Mon, 01 Jan {year} 00:00:00 GMT"})
    assert hint_for(error, ONE_WORKER).startswith("Twilio documents 30 days of history")


def test_407_names_the_proxy():
    """The hint for 407 names the proxy's credentials, not the number of Workers."""
    hint = hint_for(errors.BadRequest(407), ONE_WORKER)
    assert "the proxy requires credentials" in hint
    assert "100 Workers" not in hint


def test_a_404_without_a_code_names_the_gateway():
    """A 404 without Twilio's code may come from a gateway, and the hint says so."""
    assert "a gateway or proxy" in hint_for(errors.NotFound(404), ONE_WORKER)


def test_20003_names_the_credentials():
    """The hint for 20003 names the secret, the account and the region."""
    hint = hint_for(errors.Unauthorized(401, 20003), ONE_WORKER)
    assert hint is not None
    assert all(word in hint for word in ("secret", "subaccount", "region", "IE1", "TWILIO_REGION"))


@pytest.mark.parametrize("error", [errors.Forbidden(403), errors.BadRequest(400, 45000)])
@pytest.mark.parametrize(
    "query",
    [
        ONE_WORKER,
        queries.workers_statistics(WS),
        queries.workflow_cumulative_statistics(WS, WW),
    ],
)
def test_closed_statistics_name_the_default(error, query):
    """A refusal of Worker or Workflow statistics names the default for 100 Workers."""
    hint = hint_for(error, query)
    assert hint is not None
    assert hint.startswith("one possible cause: ")
    assert "100 Workers" in hint


@pytest.mark.parametrize(
    ("error", "query"),
    [
        (errors.Forbidden(403), queries.workspace_statistics(WS)),
        (errors.Forbidden(403), queries.workers(WS)),
        (errors.BadRequest(400, 20001), ONE_WORKER),
        (errors.NotFound(404, 20404), ONE_WORKER),
        (errors.ServerError(500), ONE_WORKER),
    ],
)
def test_other_errors_keep_the_hint_of_their_status(error, query):
    """An error that the documents do not explain keeps the hint of its status."""
    assert hint_for(error, query) is None
