"""The report of an export, and when it is complete."""

from datetime import UTC, datetime, timedelta

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Failure, Window, errors
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.etl import ExportReport, FailedQuery
from taskrouter_stats.etl.failed_query import failure_kind
from tests.support.fakes import WORKSPACE, worker_query

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WHOLE = ExportReport(
    run="r",
    place="p",
    workspace_sid=WORKSPACE,
    windows=2,
    planned=10,
    written=4,
    already_done=3,
    gone=2,
    expired=1,
    listed=True,
    finished=True,
)


def window(**ago):
    """Return an hour that began that long ago."""
    start = NOW - timedelta(**ago)
    return Window.between(start, start + timedelta(hours=1))


def test_a_report_is_complete_when_each_query_has_a_result():
    """A report is complete if all queries are written, done before, gone or expired."""
    assert (WHOLE.not_asked, WHOLE.complete, WHOLE.to_dict()["complete"]) == (0, True, True)


@pytest.mark.parametrize(
    "change",
    [
        {"written": 3},
        {"written": 5},
        {"written": 3, "failed": 1},
        {"listed": False},
        {"finished": False},
        {"stopped": True},
    ],
)
def test_a_report_with_anything_missing_is_incomplete(change):
    """A query without a result or counted twice, a failure, or an unfinished list is incomplete."""
    report = attrs.evolve(WHOLE, **change)
    assert (report.complete, report.to_dict()["complete"]) == (False, False)


@pytest.mark.parametrize(
    ("error", "ago", "expected"),
    [
        (errors.NotFound(404, 20404), {"days": 1}, "gone"),
        (errors.NotFound(404), {"days": 1}, "failed"),
        (errors.NotFound(404, 20001), {"days": 1}, "failed"),
        (errors.BadRequest(400, 20404), {"days": 1}, "failed"),
        (errors.BadRequest(400, 14241), {"days": 29, "seconds": 1}, "expired"),
        (errors.BadRequest(400, 14241), {"days": 29}, "failed"),
        (errors.BadRequest(400, 14241), {"days": 4}, "failed"),
        (errors.BadRequest(400, 20001), {"days": 40}, "failed"),
        (errors.TimedOut(1), {"days": 40}, "failed"),
        (errors.PayloadError(["$"]), {"days": 40}, "failed"),
    ],
)
def test_errors_have_kinds(error, ago, expected):
    """Gone requires Twilio's code, and expired requires an old window."""
    assert failure_kind(error, window(**ago), NOW) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Fri, 20 Nov 2026 12:00:00 GMT", "expired"),
        ("Fri, 30 Oct 2026 12:00:00 GMT", "failed"),
        ("Sun, 20 Nov 9999 12:00:00 GMT", "expired"),
        ("soon", "expired"),
        ("", "expired"),
    ],
)
def test_expired_must_agree_with_the_servers_date(date, expected):
    """A Date header must agree with this machine's clock, unless it can't be read."""
    error = errors.BadRequest(400, 14241, headers={"date": date})
    assert failure_kind(error, window(days=31), NOW) == expected
    assert failure_kind(error, window(days=31)) == "failed"


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_any_failure_can_be_written(message, request_id):
    """A line of failures escapes text that is not Unicode, such as a header in another encoding."""
    error = errors.BadRequest(400, 20001, message)
    failure = Failure(worker_query(1, window(days=1)), error, Meta(400, request_id=request_id))
    failed = FailedQuery.of(failure)
    line = orjson.loads(failed.to_line())
    assert (line["key"], line["message"]) == (failed.key, failed.message)
    spoilt = attrs.evolve(failed, message=message, code=2**70, hint="\udcff")
    assert orjson.loads(spoilt.to_line())["code"] == str(2**70)
