"""Errors that the documents explain say what the documents say."""

import pytest

from taskrouter_stats import Window, errors, queries
from taskrouter_stats.core.error_hints import hint_for

WS, WK, WW = "WS" + "a" * 32, "WK" + "b" * 32, "WW" + "c" * 32
ONE_WORKER = queries.worker_statistics(WS, WK, Window.last(days=40))
DATE = {"date": "Mon, 23 Nov 2026 12:00:00 GMT"}


def test_a_start_that_is_too_old():
    """14241 names the retention and the earliest start at the time of the reply."""
    error = errors.BadRequest(400, 14241, headers=DATE)
    assert hint_for(error, ONE_WORKER) == (
        "statistics are kept for 30 days: the earliest start was 2026-10-24T12:00:00Z"
    )


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_a_start_that_is_too_old_at_an_unknown_time(date):
    """14241 without a readable date still names the retention."""
    error = errors.BadRequest(400, 14241, headers={"date": date})
    assert hint_for(error, ONE_WORKER) == "statistics are kept for 30 days"


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_date_at_the_end_of_the_calendar(year):
    """A reply's date from which no 30 days can be counted back still leaves the retention."""
    error = errors.BadRequest(400, 14241, headers={"date": f"Mon, 01 Jan {year} 00:00:00 GMT"})
    assert hint_for(error, ONE_WORKER).startswith("statistics are kept for 30 days")


def test_a_proxy_that_requires_credentials():
    """407 is the proxy's word, and has nothing to do with the number of workers."""
    hint = hint_for(errors.BadRequest(407), ONE_WORKER)
    assert "the proxy requires credentials" in hint
    assert "100 Workers" not in hint


def test_a_404_without_a_code():
    """Only Twilio's own body has a code: without one a gateway may have answered."""
    assert "a gateway or proxy" in hint_for(errors.NotFound(404), ONE_WORKER)


def test_bad_credentials():
    """20003 names the secret, the account and the region."""
    hint = hint_for(errors.Unauthorized(401, 20003), ONE_WORKER)
    assert hint is not None
    assert all(word in hint for word in ("secret", "subaccount", "region", "IE1", "TWILIO_REGION"))


@pytest.mark.parametrize("error", [errors.Forbidden(403), errors.BadRequest(400, 45000)])
@pytest.mark.parametrize(
    "ask",
    [
        ONE_WORKER,
        queries.workers_statistics(WS),
        queries.workflow_cumulative_statistics(WS, WW),
    ],
)
def test_statistics_that_may_be_closed(error, ask):
    """A refusal of worker or workflow statistics points at the default for 100 Workers."""
    hint = hint_for(error, ask)
    assert hint is not None
    assert hint.startswith("one possible cause: ")
    assert "100 Workers" in hint


@pytest.mark.parametrize(
    ("error", "ask"),
    [
        (errors.Forbidden(403), queries.workspace_statistics(WS)),
        (errors.Forbidden(403), queries.workers(WS)),
        (errors.BadRequest(400, 20001), ONE_WORKER),
        (errors.NotFound(404, 20404), ONE_WORKER),
        (errors.ServerError(500), ONE_WORKER),
    ],
)
def test_nothing_is_made_up(error, ask):
    """Where the documents have nothing to say, the status's own hint stays."""
    assert hint_for(error, ask) is None
