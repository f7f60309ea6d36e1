"""Findings, and the exit code that they come to."""

import pytest

from taskrouter_stats import errors
from taskrouter_stats.cli.doctor.findings import Finding, exit_code, failed

OK, UNKNOWN = Finding("clock", "ok", ""), Finding("clock", "not known", "", code=2)
BAD, WORSE = Finding("clock", "not ok", ""), Finding("credentials", "not ok", "", code=2)


@pytest.mark.parametrize(
    ("findings", "answered", "code"),
    [
        ([], True, 0),
        ([OK, UNKNOWN], True, 0),
        ([OK, UNKNOWN], False, 0),
        ([OK, BAD], True, 3),
        ([OK, BAD], False, 5),
        ([OK, BAD, WORSE], True, 2),
        ([WORSE], False, 2),
    ],
)
def test_the_exit_code_is_the_gravest(findings, answered, code):
    """Credentials first, then a server that answers nothing, then any check."""
    assert exit_code(findings, answered=answered) == code


@pytest.mark.parametrize(
    ("error", "essential", "code"),
    [
        (errors.Unauthorized(401), False, 2),
        (errors.NotFound(404), True, 2),
        (errors.NotFound(404), False, 3),
        (errors.Forbidden(403), True, 3),
        (errors.TimedOut(3), True, 3),
        (errors.PayloadError(["$: no JSON"]), True, 3),
    ],
)
def test_a_failed_check_asks_for_a_code(error, essential, code):
    """A 401 always is about credentials, a 404 about the argument only at the Workspace itself."""
    assert failed("workspace", error, essential=essential).code == code


def test_an_errors_hint_is_the_advice():
    """It stands below the server's words and not among them."""
    error = errors.Forbidden(403, 20403, "No", None, "RQ1")
    finding = failed("workers", error)
    assert finding.detail == "HTTP 403, code 20403: No [RQ1]"
    assert finding.advice == error.hint


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (errors.RateLimited(), "something else spends"),
        (errors.ConnectionFailed("no route"), "DNS"),
        (errors.PayloadError(["$: no JSON"]), "Twilio's?"),
    ],
)
def test_other_errors_have_advice_of_their_own(error, says):
    """What a person at a terminal can do next."""
    assert says in failed("workers", error).advice
