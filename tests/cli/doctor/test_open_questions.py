"""What a run answers of the open questions."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import TaskRouterSession, errors
from taskrouter_stats.cli.doctor.checks import Checks
from taskrouter_stats.cli.doctor.open_questions import open_questions, quoted
from taskrouter_stats.cli.doctor.recorder import RecordedReply, ReplyRecorder
from taskrouter_stats.models import Credentials, WorkerStatistics, structure

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIMITS = {"x-rate-limit-limit": "50", "x-rate-limit-remaining": "49"}


def heard(status=200, place="/Workers/WK…/Statistics", at=0.0, **headers):
    """The head of a reply."""
    sent = NOON + timedelta(seconds=at)
    return RecordedReply(place, status, headers, sent, sent, 0.0)


def answers(*replies, region=None, **seen):
    """All answers by their question."""
    session = TaskRouterSession(Credentials.auth_token("AC" + "3" * 32, "none"))
    run = Checks(session, ReplyRecorder(heard=list(replies)), "WS" + "1" * 32, **seen)
    return dict(open_questions(run, region=region))


def statistics(**duration):
    """A Worker's statistics with one Activity."""
    sids = {"worker_sid": "WK" + "2" * 32, "workspace_sid": "WS" + "1" * 32}
    payload = {**sids, "cumulative": {"activity_durations": [duration]}}
    return structure(payload, WorkerStatistics)


def test_headers_are_counted_on_successes():
    """Other replies are not said to have them."""
    replies = (heard(**LIMITS), heard(), heard(404))
    assert answers(*replies)["rate-limit headers"] == "on 1 of 2 successes"
    assert answers(heard(404, **LIMITS))["headers on other errors"] == "HTTP 404 with"


def test_remaining_is_told_of_two_answers():
    """As text, with the time between them."""
    second = heard(at=0.5, **LIMITS | {"x-rate-limit-remaining": "x"})
    told = answers(heard(**LIMITS), second)["what Remaining does"]
    assert told == "'49', then 'x' after 0.50 s and one more request"
    assert "not known" in answers(heard(**LIMITS))["what Remaining does"]


@pytest.mark.parametrize(
    ("headers", "limits", "after"),
    [
        ({}, "on 0 of 1 refusals", "absent"),
        (LIMITS, "on 1 of 1 refusals", "absent"),
        ({"retry-after": "Thu"}, "on 0 of 1 refusals", "'Thu'"),
    ],
)
def test_a_429_tells_what_comes_with_it(headers, limits, after):
    """Rate-limit headers and Retry-After each have their answer."""
    told = answers(heard(429, **headers))
    assert (told["headers on a 429"], told["Retry-After on a 429"]) == (limits, after)


def test_without_a_429_nothing_is_claimed():
    """Absence of a refusal is no absence of headers."""
    told = answers(heard(**LIMITS))
    assert told["headers on a 429"] == told["Retry-After on a 429"] == "no 429 came"


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({}, "not known: the Workers could not be counted"),
        ({"workers": 100}, "not known: 100 Workers here"),
        ({"workers": 101}, "not known: no answer"),
        ({"workers": 101, "statistics": statistics()}, "worker statistics are open"),
        (
            {"workers": 101, "refused": errors.Forbidden(403, 20403)},
            "refused with HTTP 403, code 20403",
        ),
    ],
)
def test_large_workspaces(seen, told):
    """Only more than 100 Workers settle the documented default."""
    assert answers(**seen)["over 100 Workers"] == told


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        ({"avg": 1.5, "min": 1, "max": 2, "total": 3}, "in 1 of 4 numbers"),
        ({"avg": 2.0}, "in 0 of 1 numbers"),
        ({}, "no duration came"),
    ],
)
def test_fractions_are_counted(duration, told):
    """Over everything that is seconds."""
    assert answers(statistics=statistics(**duration))["fractions in durations"] == told


def test_ireland_is_told_when_it_was_asked():
    """Nobody has seen that host written down."""
    assert "region ie1" not in answers()
    assert answers(region="ie1", answered=True)["region ie1"] == "TaskRouter answers there"
    assert answers(region="ie1")["region ie1"] == "no answer from there"


def test_long_headers_are_cut():
    """A report stays readable."""
    assert quoted("x" * 1000) == f"'{'x' * 60}…'"
    assert (quoted(None), quoted("")) == ("-", "''")
