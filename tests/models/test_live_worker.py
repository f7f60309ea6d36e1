"""Tests of Workers as they are now: the seconds in their Activity."""

from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats.models import LiveWorker, Worker, to_dict

SINCE = datetime(2026, 11, 26, 8, tzinfo=UTC)
WORKER = Worker(
    sid="WK" + "a" * 32,
    friendly_name="Ada",
    activity_name="Available",
    available=True,
    attributes='{"languages": ["en"]}',
    date_status_changed=SINCE,
    extra={"shoe_size": 38},
)


@pytest.mark.parametrize(
    ("served", "now", "seconds"),
    [(90, 500, 90.0), (None, 500, 500.0), (-1, 500, 0.0), (0, 500, 0.0), (None, -5, 0.0)],
)
def test_seconds_count_to_the_replys_time(served, now, seconds):
    """Seconds count to the server's time, or else to this machine's, and are never negative."""
    served_at = None if served is None else SINCE + timedelta(seconds=served)
    here = SINCE + timedelta(seconds=now)
    live = LiveWorker.listed(WORKER, served_at, here)
    assert live.seconds_in_activity == seconds
    assert (live.as_of, live.by_server_clock) == (served_at or here, served is not None)


def test_an_unknown_change_gives_no_seconds():
    """A Worker without the time of its last change has no seconds."""
    assert LiveWorker.listed(Worker(sid=WORKER.sid), SINCE, SINCE).seconds_in_activity is None


def test_a_clock_that_is_far_behind_gives_no_seconds():
    """A reply's time long before the change of the Activity says nothing about the seconds."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    assert LiveWorker.listed(WORKER, long_ago, SINCE).seconds_in_activity is None


def test_a_live_worker_is_its_worker():
    """A live Worker has every value of its Worker, and its attributes as text and as a dict."""
    live = LiveWorker.listed(WORKER, SINCE, SINCE)
    assert isinstance(live, Worker)
    assert to_dict(live).items() > to_dict(WORKER).items()
    assert live.attributes_dict == {"languages": ["en"]}


def test_json_has_the_seconds():
    """The plain form, which a web handler returns, has the seconds and the time they count to."""
    plain = to_dict(LiveWorker.listed(WORKER, SINCE + timedelta(minutes=1), SINCE))
    assert (plain["seconds_in_activity"], plain["as_of"]) == (60.0, "2026-11-26T08:01:00Z")
    assert plain["by_server_clock"] is True
