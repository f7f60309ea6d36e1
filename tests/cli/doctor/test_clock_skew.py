"""The difference between two clocks."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from taskrouter_stats.cli.doctor.clock_skew import (
    clock_finding,
    skew_from_dates,
    skew_from_end_time,
)
from taskrouter_stats.cli.doctor.recorder import RecordedReply

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def reply(at, *, ahead, trip=0.1, **headers):
    """Return a reply to a request ``at`` seconds after noon, of a server that is ahead."""
    sent = NOON + timedelta(seconds=at)
    server = sent + timedelta(seconds=trip / 2 + ahead)
    date = format_datetime(server.replace(microsecond=0), usegmt=True)
    received = sent + timedelta(seconds=trip)
    return RecordedReply("/", 200, {"date": date} | headers, sent, received, trip)


@pytest.mark.parametrize("ahead", [-3600.0, -7.3, -0.4, 0.0, 0.4, 2.0, 100.0])
def test_the_skew_is_right_within_its_margin(ahead):
    """Replies at any fraction of a second give a skew whose margin contains the truth."""
    replies = [reply(at, ahead=ahead) for at in (0.0, 0.3, 1.15, 2.75)]
    skew = skew_from_dates(replies)
    assert abs(skew.seconds - ahead) <= skew.margin
    assert skew.margin < 0.5


def test_more_replies_give_a_smaller_margin():
    """Each reply reduces the margin, because it is at another fraction of a second."""
    replies = [reply(at, ahead=0.2) for at in (0.0, 0.3, 1.15, 2.75)]
    assert skew_from_dates(replies).margin < skew_from_dates(replies[:1]).margin


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 9999 99:99:99 GMT"])
def test_a_date_that_cannot_be_read_is_ignored(date):
    """Without a readable date, the skew is not known."""
    skew = skew_from_dates([reply(0, ahead=0, date=date)])
    assert skew is None
    assert clock_finding(skew).verdict == "not known"


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"])
def test_dates_at_the_ends_of_the_calendar_are_not_ok(date):
    """A difference of thousands of years is a finding and not an exception."""
    finding = clock_finding(skew_from_dates([reply(0, ahead=0, date=date)]))
    assert finding.verdict == "not ok"


def test_an_end_time_replaces_a_date():
    """The finding names ``end_time`` as its source."""
    skew = skew_from_end_time(reply(0, ahead=0), NOON + timedelta(seconds=60))
    assert skew.seconds == pytest.approx(60.45)
    assert "end_time" in clock_finding(skew).detail


@pytest.mark.parametrize(
    ("ahead", "trip", "verdict", "says"),
    [
        (0.0, 0.1, "ok", "agrees with the server's within"),
        (3.0, 0.1, "ok", "behind the server's"),
        (-3.0, 0.1, "ok", "ahead of the server's"),
        (90.0, 0.1, "not ok", "behind the server's"),
        (150.0, 0.1, "not ok", "2m 30s behind"),
        (-7200.0, 0.1, "not ok", "2h ahead of"),
        (7.0, 20.0, "not known", "8s behind"),
    ],
)
def test_five_seconds_are_tolerated(ahead, trip, verdict, says):
    """A larger skew is not ok, or not known if its margin is too large."""
    finding = clock_finding(skew_from_dates([reply(0, ahead=ahead, trip=trip)]))
    assert finding.verdict == verdict
    assert says in finding.detail
