"""Findings and their exit code."""

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
def test_the_exit_code_is_the_most_severe(findings, answered, code):
    """Usage errors come first, then a server that answers nothing, then other checks."""
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
def test_a_failed_check_has_an_exit_code(error, essential, code):
    """A 401 is a usage error, and so is a 404 for the workspace itself."""
    assert failed("workspace", error, essential=essential).code == code


def test_an_errors_hint_is_the_advice():
    """The hint is the advice, and not a part of the detail."""
    error = errors.Forbidden(403, 20403, "No", None, "RQ1")
    finding = failed("workers", error)
    assert finding.detail == "HTTP 403, code 20403: No [RQ1]"
    assert finding.advice == error.hint


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (errors.RateLimited(), "another client"),
        (errors.ConnectionFailed("no route"), "DNS"),
        (errors.PayloadError(["$: no JSON"]), "Twilio's; if it is"),
    ],
)
def test_other_errors_have_advice(error, says):
    """Errors without a hint have advice for the user."""
    assert says in failed("workers", error).advice
