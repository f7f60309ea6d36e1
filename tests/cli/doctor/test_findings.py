"""Findings, those about the environment included, and their exit code."""

import pytest

from taskrouter_stats import errors
from taskrouter_stats.cli.doctor.findings import (
    Finding,
    address_finding,
    credentials_finding,
    exit_code,
    failed,
)

OK, UNKNOWN = Finding("clock", "ok", ""), Finding("clock", "not known", "", code=2)
BAD, WORSE = Finding("clock", "not ok", ""), Finding("credentials", "not ok", "", code=2)
ACCOUNT, KEY, SECRET = "AC" + "3" * 32, "SK" + "4" * 32, "nobody-may-see-this"
NAMES = ("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")


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


def found(*values):
    """Return the finding for these four values."""
    environ = {name: value for name, value in zip(NAMES, values, strict=True) if value}
    finding, credentials = credentials_finding(environ)
    assert SECRET not in f"{finding}{credentials!r}"
    assert (credentials is None) == (finding.verdict == "not ok")
    return finding


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((None, None, ACCOUNT, SECRET), f"auth token of account {ACCOUNT}"),
        ((KEY, SECRET, None, None), f"API key {KEY}; set: TWILIO_API_KEY, TWILIO_API_SECRET"),
        ((KEY, SECRET, ACCOUNT, None), f"API key {KEY} of account {ACCOUNT}"),
    ],
)
def test_the_finding_names_the_kind_of_credentials(values, says):
    """The finding has the names of the variables, and no secret."""
    assert found(*values).detail.startswith(says)


def test_an_unused_token_is_reported():
    """With a key and a token, the finding says which one is used."""
    assert "TWILIO_AUTH_TOKEN, which is not used" in found(KEY, SECRET, ACCOUNT, SECRET).advice


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((None, None, None, None), "there are no credentials; no variable is set"),
        ((KEY, None, ACCOUNT, SECRET), "TWILIO_API_SECRET is missing; set: TWILIO_API_KEY, "),
        ((None, SECRET, None, None), "TWILIO_API_KEY is missing; set: TWILIO_API_SECRET"),
        ((None, None, ACCOUNT, None), "TWILIO_AUTH_TOKEN is missing; set: TWILIO_ACCOUNT_SID"),
        ((None, None, None, SECRET), "TWILIO_ACCOUNT_SID is missing; set: TWILIO_AUTH_TOKEN"),
        ((None, None, SECRET, SECRET), "account_sid='(not shown)'"),
        ((None, None, ACCOUNT, f" {SECRET}"), "the token "),
    ],
)
def test_missing_or_wrong_credentials_are_2(values, says):
    """The finding names the missing variable or the error, and has advice."""
    finding = found(*values)
    assert finding.detail.startswith(says)
    assert (finding.verdict, finding.code) == ("not ok", 2)
    assert "export TWILIO_API_KEY" in finding.advice


@pytest.mark.parametrize(
    ("url", "options", "says", "advice"),
    [
        ("https://taskrouter.twilio.com", {}, "region not set (us1), edge not set", None),
        ("https://taskrouter.dublin.ie1.twilio.com", {"region": "ie1", "edge": "dublin"}, "", None),
        ("https://taskrouter.ie1.twilio.com", {"region": "ie1"}, "", "TWILIO_EDGE=dublin"),
        ("https://taskrouter.au1.twilio.com", {"region": "au1"}, "", "us1 and ie1 only"),
        ("http://[::1]:80", {"base_url": "http://[::1]:80"}, "a base URL", "not Twilio's"),
        ("https://twilio.com.example", {"base_url": "x"}, "a base URL", "not Twilio's"),
    ],
)
def test_the_finding_names_the_address_and_its_source(url, options, says, advice):
    """An unusual address is ok, and has advice."""
    finding = address_finding(url, options, proxied=False)
    assert finding.verdict == "ok"
    assert says in finding.detail
    assert finding.detail.startswith(url)
    assert (advice is None and finding.advice is None) or advice in finding.advice
