"""The statistics' records, by the documents' own example."""

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


def test_the_documents_example():
    """The documents' example becomes this record, a maximum below the minimum included."""
    assert structure(EXAMPLE, WorkerStatistics) == RECORD


def test_the_documents_example_again():
    """The record becomes the documents' example again."""
    assert to_dict(RECORD) == EXAMPLE


def test_old_replies_are_read():
    """What replies of 2015 had (a zero with a fraction, a key more) is read and kept."""
    old = {"activity_durations": [{"avg": 0.0, "total": 7}], "tasks_assigned": 3}
    record = structure(old, WorkerCumulative)
    assert record.activity_durations == (ActivityDuration(avg=0.0, total=7.0),)
    assert record.extra == {"tasks_assigned": 3}


@pytest.mark.parametrize("name", ["workspace_sid", "worker_sid", "cumulative"])
@pytest.mark.parametrize("change", ["absent", "null"])
def test_an_answer_without_its_name_or_its_part_is_refused(name, change):
    """An answer that does not name its Worker, or lacks the part it exists for, tells nothing."""
    payload = {**EXAMPLE, name: None}
    if change == "absent":
        del payload[name]
    with pytest.raises(PayloadError, match=rf"\$\.{name}: "):
        structure(payload, WorkerStatistics)


def test_the_account_may_be_missing():
    """An answer without its account is read: the description calls that SID nullable."""
    assert structure({**EXAMPLE, "account_sid": None}, WorkerStatistics).account_sid is None


def test_records_are_frozen_and_hashable():
    """A record can't be changed and can stand in a set, its unknown keys notwithstanding."""
    record = structure({**EXAMPLE, "news": {"a": []}}, WorkerStatistics)
    assert len({record, RECORD}) == 2
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.url = "elsewhere"


def test_records_do_not_share_their_extra():
    """Each record has an empty mapping of its own for unknown keys."""
    assert WorkerCumulative().extra is not WorkerCumulative().extra
