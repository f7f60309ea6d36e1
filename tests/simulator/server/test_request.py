"""Parameters of requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.server.request import LOOKBACK, ErrorReply, SimulatedRequest, is_sid
from taskrouter_stats.simulator.server.resources import iso

NOW = 1_795_000_000


def ask(**query):
    """Return a request with this query."""
    return SimulatedRequest(path="/v1/x", sids={}, query=query, now=NOW, origin="https://h")


def code(question, *arguments):
    """Return the code of the error reply."""
    with pytest.raises(ErrorReply) as caught:
        question(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (NOW - 900, NOW)),
        ({"Minutes": "240"}, (NOW - 14_400, NOW)),
        ({"StartDate": iso(NOW - 100), "EndDate": iso(NOW - 50)}, (NOW - 100, NOW - 50)),
        ({"StartDate": iso(NOW - 100)}, (NOW - 100, NOW)),
        ({"EndDate": iso(NOW - 50)}, (NOW - 950, NOW - 50)),
        ({"StartDate": iso(NOW - 100), "EndDate": iso(NOW + 9**9)}, (NOW - 100, NOW)),
        ({"StartDate": iso(NOW + 50)}, (NOW + 50, NOW + 50)),
        ({"StartDate": iso(NOW - 50), "EndDate": iso(NOW - 50)}, (NOW - 50, NOW - 50)),
        ({"StartDate": iso(NOW - LOOKBACK)}, (NOW - LOOKBACK, NOW)),
        ({"Minutes": "43200"}, (NOW - LOOKBACK, NOW)),
    ],
)
def test_windows(query, expected):
    """Minutes, a start, an end or both select a window that never ends in the future."""
    assert ask(**query).window() == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"Minutes": "15", "StartDate": iso(NOW - 100)}, 20001),
        ({"Minutes": "15", "EndDate": iso(NOW)}, 20001),
        ({"Minutes": "0"}, 20001),
        ({"Minutes": "-5"}, 20001),
        ({"Minutes": "1.5"}, 20001),
        ({"Minutes": "1" * 5_000}, 20001),
        ({"Minutes": "\u0665"}, 20001),
        ({"Minutes": "43201"}, 14241),
        ({"StartDate": iso(NOW - LOOKBACK - 1)}, 14241),
        ({"EndDate": iso(NOW - LOOKBACK)}, 14241),
        ({"StartDate": iso(NOW - 50), "EndDate": iso(NOW - 100)}, 20001),
        ({"StartDate": "yesterday"}, 20001),
        ({"StartDate": "2026-11-20T08:00:00 02:00"}, 20001),
        ({"EndDate": ""}, 20001),
    ],
)
def test_refused_windows(query, expected):
    """A malformed, backward or too old window raises an error with the fitting code."""
    assert code(ask(**query).window) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-18T10:26:40Z",
        "2026-11-18T11:26:40+01:00",
        "2026-11-18T10:26:40",
        "2026-11-18T10:26:40.9Z",
    ],
)
def test_times_are_gmt_in_whole_seconds(text):
    """Times are converted to UTC, which is the default, and fractions of seconds are dropped."""
    assert ask(StartDate=text).window()[0] == 1_794_997_600


@given(st.text())
def test_any_text_is_parsed_or_refused(text):
    """Any text of a date gives a window or an error reply."""
    try:
        start, end = ask(StartDate=text).window()
    except ErrorReply:
        return
    assert NOW - LOOKBACK <= start <= end


def test_integers_have_bounds():
    """An integer outside its bounds raises an error."""
    question = ask(PageSize="1000", Page="-1")
    assert question.integer("PageSize", 50, 1, 1000) == 1000
    assert question.integer("Other", 50, 1, 1000) == 50
    assert code(question.integer, "PageSize", 50, 1, 999) == 20001
    assert code(question.integer, "Page", 0, 0, 9) == 20001


def test_sids_are_of_their_kind():
    """A value that is not a SID of this kind raises an error."""
    sid = "WQ" + "0aF" * 10 + "00"
    assert ask(TaskQueueSid=sid).sid("TaskQueueSid", "WQ") == sid
    assert ask().sid("TaskQueueSid", "WQ") is None
    assert code(ask(TaskQueueSid=sid).sid, "TaskQueueSid", "WK") == 20001
    assert code(ask(TaskQueueSid=sid + "\n").sid, "TaskQueueSid", "WQ") == 20001
    assert not is_sid(7, "WQ")


def test_thresholds_are_seconds():
    """Thresholds are whole seconds separated by commas, with or without spaces."""
    assert ask(SplitByWaitTime="5, 30,0").thresholds() == [5, 30, 0]
    assert ask().thresholds() is None
    assert code(ask(SplitByWaitTime="5;30").thresholds) == 20001
