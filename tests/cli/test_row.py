"""A worker's statistics as a row."""

from datetime import UTC, datetime

import attrs
import orjson
import pytest

from taskrouter_stats import Window, queries
from taskrouter_stats.cli.row import worker_row
from taskrouter_stats.core.outcome import Meta, Success
from taskrouter_stats.models import Worker, WorkerStatistics, structure

WS, WK, AC = "WS" + "1" * 32, "WK" + "2" * 32, "AC" + "3" * 32
WINDOW = Window.between(
    datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 1, 16, 0, 1, tzinfo=UTC)
)
PAYLOAD = {
    "account_sid": AC,
    "workspace_sid": WS,
    "worker_sid": WK,
    "url": "https://taskrouter.twilio.com/v1/x",
    "new_at_the_top": [1],
    "cumulative": {
        "start_time": "2026-11-01T08:00:00Z",
        "end_time": "2026-11-01T16:00:00Z",
        "reservations_created": 7,
        "reservations_accepted": "5",
        "new_inside": True,
        "activity_durations": [
            {"sid": "WA", "friendly_name": "Lunch", "avg": 1, "min": 1, "max": 1.5, "total": 2},
            {"sid": "WB", "friendly_name": "Offline", "median": 4},
        ],
    },
}


def success(payload=PAYLOAD, **fields):
    """An answered query."""
    query = queries.worker_statistics(WS, WK, WINDOW, task_channel="voice")
    query = attrs.evolve(query, context=Worker(sid=WK, friendly_name="Ada", account_sid=AC))
    return Success(attrs.evolve(query, **fields), structure(payload, WorkerStatistics), Meta())


def test_a_row_holds_what_was_asked_and_what_was_served():
    """Names, both windows, counts, activities: each under its own key."""
    row = worker_row(success())
    activities = row.pop("activity_durations")
    assert row == {
        "workspace_sid": WS,
        "worker_sid": WK,
        "worker_name": "Ada",
        "account_sid": AC,
        "task_channel": "voice",
        "window_start": WINDOW.start,
        "window_end": WINDOW.end,
        "start_time": datetime(2026, 11, 1, 8, tzinfo=UTC),
        "end_time": datetime(2026, 11, 1, 16, tzinfo=UTC),
        "reservations_created": 7,
        "reservations_accepted": 5,
        "reservations_rejected": None,
        "reservations_timed_out": None,
        "reservations_canceled": None,
        "reservations_rescinded": None,
        "url": "https://taskrouter.twilio.com/v1/x",
        "extra": {"new_at_the_top": [1], "cumulative": {"new_inside": True}},
    }
    assert [activity["friendly_name"] for activity in activities] == ["Lunch", "Offline"]


def test_an_activity_keeps_what_no_model_knows():
    """Unknown keys of an activity stay with it; a known one has no empty extra."""
    lunch, offline = worker_row(success())["activity_durations"]
    assert lunch == {
        "sid": "WA",
        "friendly_name": "Lunch",
        "avg": 1.0,
        "min": 1.0,
        "max": 1.5,
        "total": 2.0,
    }
    assert offline["extra"] == {"median": 4}
    assert offline["total"] is None


@pytest.mark.parametrize("payload", [{}, {"cumulative": None}, {"cumulative": {}}])
def test_without_numbers_the_row_has_the_same_keys(payload):
    """A null cumulative gives nulls, under the keys of every other row."""
    row = worker_row(success(payload))
    assert list(row) == list(worker_row(success()))
    assert row["reservations_created"] is None
    assert row["activity_durations"] is None


def test_a_worker_given_by_its_sid_has_no_name():
    """Without a Worker as context the name is null."""
    assert worker_row(success(context=None))["worker_name"] is None


def test_a_row_is_plain_json():
    """Nothing in it needs help to become JSON."""
    assert orjson.loads(orjson.dumps(worker_row(success())))["worker_sid"] == WK
