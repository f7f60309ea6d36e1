"""Answers to the open questions."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import TaskRouterSession, errors
from taskrouter_stats.cli.doctor.checks import Checks
from taskrouter_stats.cli.doctor.open_questions import open_questions, quoted
from taskrouter_stats.cli.doctor.recorder import RecordedReply, ReplyRecorder
from taskrouter_stats.models import Credentials, WorkerStatistics, structure

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIMITS = {"x-rate-limit-limit": "50", "x-rate-limit-remaining": "49"}


def reply(status=200, place="/Workers/WK…/Statistics", at=0.0, **headers):
    """Return a recorded reply."""
    sent = NOON + timedelta(seconds=at)
    return RecordedReply(place, status, headers, sent, sent, 0.0)


def answers(*replies, region=None, **results):
    """Return all answers by their question."""
    session = TaskRouterSession(Credentials.auth_token("AC" + "3" * 32, "none"))
    recorder = ReplyRecorder(replies=list(replies))
    checks = Checks(session, recorder, "WS" + "1" * 32, **results)
    return dict(open_questions(checks, region=region))


def statistics(**duration):
    """Return one worker's statistics with one activity."""
    sids = {"worker_sid": "WK" + "2" * 32, "workspace_sid": "WS" + "1" * 32}
    payload = {**sids, "cumulative": {"activity_durations": [duration]}}
    return structure(payload, WorkerStatistics)


def test_headers_are_counted_on_successes():
    """Twilio documents the headers for successes only; errors are counted separately."""
    replies = (reply(**LIMITS), reply(), reply(404))
    assert answers(*replies)["rate-limit headers"] == "on 1 of 2 successes"
    assert answers(reply(404, **LIMITS))["headers on other errors"] == "HTTP 404 with"


def test_remaining_is_compared_in_two_successes():
    """The answer has both values as text, and the time between them."""
    second = reply(at=0.5, **LIMITS | {"x-rate-limit-remaining": "x"})
    text = answers(reply(**LIMITS), second)["changes of Remaining"]
    assert text == "'49', then 'x' after 0.50 s and one more request"
    assert "not known" in answers(reply(**LIMITS))["changes of Remaining"]


@pytest.mark.parametrize(
    ("headers", "limits", "after"),
    [
        ({}, "on 0 of 1 refusals", "absent"),
        (LIMITS, "on 1 of 1 refusals", "absent"),
        ({"retry-after": "Thu"}, "on 0 of 1 refusals", "'Thu'"),
    ],
)
def test_the_headers_of_a_429_are_reported(headers, limits, after):
    """Rate-limit headers and Retry-After have one answer each."""
    found = answers(reply(429, **headers))
    assert (found["headers on a 429"], found["Retry-After on a 429"]) == (limits, after)


def test_without_a_429_its_headers_are_not_known():
    """The answer says that no 429 was received."""
    found = answers(reply(**LIMITS))
    assert found["headers on a 429"] == found["Retry-After on a 429"] == "no 429 was received"


@pytest.mark.parametrize(
    ("results", "says"),
    [
        ({}, "not known: the workers could not be counted"),
        ({"workers": 100}, "not known: the workspace has 100 workers"),
        ({"workers": 101}, "not known: no reply"),
        ({"workers": 101, "statistics": statistics()}, "worker statistics are enabled"),
        (
            {"workers": 101, "refused": errors.Forbidden(403, 20403)},
            "refused with HTTP 403, code 20403",
        ),
    ],
)
def test_only_a_large_workspace_answers_the_default(results, says):
    """The documented default applies to workspaces of more than 100 workers."""
    assert answers(**results)["over 100 workers"] == says


@pytest.mark.parametrize(
    ("duration", "says"),
    [
        ({"avg": 1.5, "min": 1, "max": 2, "total": 3}, "in 1 of 4 numbers"),
        ({"avg": 2.0}, "in 0 of 1 numbers"),
        ({}, "not known: no duration was received"),
    ],
)
def test_fractions_are_counted(duration, says):
    """The count includes all durations of all activities."""
    assert answers(statistics=statistics(**duration))["fractions in durations"] == says


def test_the_region_ie1_has_an_answer_if_it_was_used():
    """No known document names the host of TaskRouter in ie1."""
    assert "region ie1" not in answers()
    assert answers(region="ie1", answered=True)["region ie1"] == "TaskRouter answers in ie1"
    assert answers(region="ie1")["region ie1"] == "no answer from ie1"


def test_long_headers_are_shortened():
    """A header has 60 characters at most in the report."""
    assert quoted("x" * 1000) == f"'{'x' * 60}…'"
    assert (quoted(None), quoted("")) == ("-", "''")
