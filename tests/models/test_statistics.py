"""Tests of the statistics' records with Twilio's example."""

from datetime import UTC, datetime

import attrs
import pytest

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import (
    ActivityDuration,
    WorkerCumulative,
    WorkerStatistics,
    structure,
    to_dict,
)

ACTIVITY = "WA" + "a" * 32
EXAMPLE = {
    "cumulative": {
        "reservations_created": 100,
        "reservations_accepted": 99,
        "reservations_rejected": 1,
        "reservations_timed_out": 2,
        "reservations_canceled": 3,
        "reservations_rescinded": 4,
        "activity_durations": [
            {
                "max": 0,
                "min": 900,
                "sid": ACTIVITY,
                "friendly_name": "Offline",
                "avg": 1080,
                "total": 5400,
            }
        ],
        "start_time": "2008-01-02T00:00:00Z",
        "end_time": "2008-01-02T00:15:00Z",
    },
    "account_sid": "AC" + "a" * 32,
    "workspace_sid": "WS" + "a" * 32,
    "worker_sid": "WK" + "a" * 32,
    "url": "https://taskrouter.twilio.com/v1/x",
}
RECORD = WorkerStatistics(
    account_sid="AC" + "a" * 32,
    workspace_sid="WS" + "a" * 32,
    worker_sid="WK" + "a" * 32,
    url="https://taskrouter.twilio.com/v1/x",
    cumulative=WorkerCumulative(
        start_time=datetime(2008, 1, 2, tzinfo=UTC),
        end_time=datetime(2008, 1, 2, 0, 15, tzinfo=UTC),
        reservations_created=100,
        reservations_accepted=99,
        reservations_rejected=1,
        reservations_timed_out=2,
        reservations_canceled=3,
        reservations_rescinded=4,
        activity_durations=(
            ActivityDuration(
                sid=ACTIVITY, friendly_name="Offline", avg=1080.0, min=900.0, max=0.0, total=5400.0
            ),
        ),
    ),
)


def test_the_documented_example_is_read():
    """Twilio's example becomes this record, with its maximum below the minimum."""
    assert structure(EXAMPLE, WorkerStatistics) == RECORD


def test_the_documented_example_is_written():
    """The record becomes Twilio's example again."""
    assert to_dict(RECORD) == EXAMPLE


def test_old_replies_are_read():
    """Values of replies of 2015 (a zero with a fraction, a key more) are read and kept."""
    old = {"activity_durations": [{"avg": 0.0, "total": 7}], "tasks_assigned": 3}
    record = structure(old, WorkerCumulative)
    assert record.activity_durations == (ActivityDuration(avg=0.0, total=7.0),)
    assert record.extra == {"tasks_assigned": 3}


@pytest.mark.parametrize("name", ["workspace_sid", "worker_sid", "cumulative"])
@pytest.mark.parametrize("change", ["absent", "null"])
def test_an_answer_without_a_required_field_is_refused(name, change):
    """An answer without its Worker's SID or its ``cumulative`` part is refused."""
    payload = {**EXAMPLE, name: None}
    if change == "absent":
        del payload[name]
    with pytest.raises(PayloadError, match=rf"\$\.{name}: "):
        structure(payload, WorkerStatistics)


def test_the_account_may_be_missing():
    """An answer without its account is read: Twilio calls that SID nullable."""
    assert structure({**EXAMPLE, "account_sid": None}, WorkerStatistics).account_sid is None


def test_records_are_frozen_and_hashable():
    """A record cannot be changed, and can be in a set despite unknown keys."""
    record = structure({**EXAMPLE, "news": {"a": []}}, WorkerStatistics)
    assert len({record, RECORD}) == 2
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.url = "elsewhere"


def test_records_do_not_share_their_extra():
    """Each record has a separate mapping for unknown keys."""
    assert WorkerCumulative().extra is not WorkerCumulative().extra
