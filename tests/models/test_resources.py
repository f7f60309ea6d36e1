"""Tests of Workers and of a page's meta object."""

from datetime import UTC, datetime

import pytest

from taskrouter_stats.models import PageMeta, Worker, structure, to_dict

WORKER = {
    "sid": "WK" + "a" * 32,
    "friendly_name": "testWorker",
    "account_sid": "AC" + "a" * 32,
    "activity_sid": "WA" + "a" * 32,
    "activity_name": "Offline",
    "workspace_sid": "WS" + "a" * 32,
    "attributes": '{"languages": ["en"]}',
    "available": False,
    "date_created": "2017-05-30T23:05:29Z",
    "date_updated": "2017-05-30T23:05:30Z",
    "date_status_changed": "2017-05-30T23:05:31Z",
    "url": "https://taskrouter.twilio.com/v1/x",
    "links": {"statistics": "https://taskrouter.twilio.com/v1/Statistics"},
}


def test_the_documented_worker_round_trips():
    """Every key of Twilio's example has a field and is written back."""
    worker = structure(WORKER, Worker)
    assert worker.extra == {}
    assert worker.date_status_changed == datetime(2017, 5, 30, 23, 5, 31, tzinfo=UTC)
    assert to_dict(worker) == WORKER


@pytest.mark.parametrize("attributes", [None, "", "{}", "no JSON at all"])
def test_attributes_stay_text(attributes):
    """A Worker's attributes are the server's text, or None."""
    assert (
        structure({"sid": WORKER["sid"], "attributes": attributes}, Worker).attributes == attributes
    )


def test_workers_are_hashable():
    """A Worker with links can be in a set."""
    assert len({structure(WORKER, Worker), structure(WORKER, Worker)}) == 1


def test_a_null_next_page_is_none():
    """A null next page is None, and page numbers are counts in any form."""
    meta = structure({"next_page_url": None, "page": "3", "page_size": 50.0}, PageMeta)
    assert meta == PageMeta(page=3, page_size=50)
