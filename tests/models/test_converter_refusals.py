"""Tests of what the converter refuses, and of its messages."""

import math

import pytest

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import (
    ActivityDuration,
    PageMeta,
    Worker,
    WorkerCumulative,
    WorkerStatistics,
    structure,
)

NAMED = {"worker_sid": "WK" + "b" * 32, "workspace_sid": "WS" + "a" * 32, "cumulative": {}}
MODELS = [ActivityDuration, PageMeta, Worker, WorkerCumulative, WorkerStatistics]
NO_NUMBERS = [
    True,
    False,
    "",
    " ",
    "many",
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "1e999",
    "0x10",
    "1_000",
    "1,5",
    "٣",
    "²",
    "5 s",
    "9" * 41,
    [],
    [1],
    {},
    math.inf,
    math.nan,
    b"5",
    10**400,
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:20])
def test_other_values_are_not_durations(value):
    """Booleans, containers, words, infinities and Python's number syntax are not durations."""
    with pytest.raises(PayloadError, match=r"\$\.total: expected a number, got "):
        structure({"total": value}, ActivityDuration)


@pytest.mark.parametrize("value", [*NO_NUMBERS[:-1], 0.5, "0.5", -1e-9], ids=lambda v: repr(v)[:20])
def test_other_values_are_not_counts(value):
    """A value that is not a number, or has a fraction, is not a count."""
    with pytest.raises(PayloadError, match=r"\$\.reservations_created: expected a whole number, "):
        structure({"reservations_created": value}, WorkerCumulative)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 1e30, "1e30", "9" * 40, 10**400])
def test_a_count_has_64_bits(value):
    """A count that JSON could not hold again is refused."""
    with pytest.raises(PayloadError, match=r"\$\.reservations_created: expected a whole number"):
        structure({"reservations_created": value}, WorkerCumulative)


@pytest.mark.parametrize("value", [0, 1, "true", "yes", "", [], {}])
def test_other_values_are_not_booleans(value):
    """Only JSON's true and false are booleans."""
    with pytest.raises(PayloadError, match=r"\$\.available: expected a boolean, got "):
        structure({"available": value}, Worker)


@pytest.mark.parametrize("value", [0, 1.5, True, [], {}])
def test_other_values_are_not_text(value):
    """A value of another type never becomes text in an answer."""
    with pytest.raises(PayloadError, match=r"\$\.friendly_name: expected text, got "):
        structure({"friendly_name": value}, ActivityDuration)


@pytest.mark.parametrize("value", ["", "soon", 0, 1_700_000_000, "2026-02-30T00:00:00Z", [], True])
def test_other_values_are_not_times(value):
    """Only ISO 8601 text of an existing day is a time."""
    with pytest.raises(PayloadError, match=r"\$\.start_time: expected an ISO 8601 time, got "):
        structure({"start_time": value}, WorkerCumulative)


@pytest.mark.parametrize(
    "value", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00",
              "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "2026-06-30T23:59:60Z"]
)  # fmt: skip
def test_times_out_of_range_are_refused(value):
    """A time at the edge of the calendar, or a leap second, is refused without overflow."""
    with pytest.raises(PayloadError, match=r"\$\.start_time: expected an ISO 8601 time"):
        structure({"start_time": value}, WorkerCumulative)


@pytest.mark.parametrize(
    "value",
    ["", "WK", "WK" + "a" * 31, "WK" + "a" * 33, "wk" + "a" * 32, "WS" + "a" * 32, "WK" + "g" * 32,
     "WK" + "a" * 32 + "\n", "WK" + "a" * 31 + "\0", "x/../../escaped", "\ufffd", 5, None, [], {}],
)  # fmt: skip
def test_other_values_are_not_sids(value):
    """A value that is not a SID of the right kind never names an answer."""
    payload = {"worker_sid": value, "workspace_sid": "WS" + "a" * 32, "cumulative": {}}
    with pytest.raises(PayloadError, match=r"\$\.worker_sid: expected a Worker SID \(WK"):
        structure(payload, WorkerStatistics)


@pytest.mark.parametrize("value", ["AC\0", "x/../../escaped", "a=b/c=1", "WS" + "a" * 32, 7])
def test_other_values_are_not_accounts(value):
    """A wrong account SID refuses the answer, though a missing one does not."""
    payload = {**NAMED, "account_sid": value}
    with pytest.raises(PayloadError, match=r"\$\.account_sid: expected an Account SID"):
        structure(payload, WorkerStatistics)
    assert structure({**NAMED, "account_sid": ""}, WorkerStatistics).account_sid is None


@pytest.mark.parametrize("value", [{}, "", "WA", 5, False])
def test_other_values_are_not_lists(value):
    """An object or text in place of a list is refused."""
    with pytest.raises(PayloadError, match=r"\$\.activity_durations: expected a list, got "):
        structure({"activity_durations": value}, WorkerCumulative)


@pytest.mark.parametrize("value", [[], [[]], "", "{}", 5, True, None])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_other_values_are_not_objects(model, value):
    """JSON that is not an object is a payload error at the root."""
    with pytest.raises(PayloadError, match=r"\$: expected an object, got "):
        structure(value, model)


def test_every_problem_is_listed_with_its_path():
    """The error of several faults names each with its path."""
    payload = {
        **NAMED,
        "url": 5,
        "cumulative": {
            "start_time": "soon",
            "reservations_created": 1.5,
            "activity_durations": [{}, None, {"total": "many", "avg": True}, 7],
        },
    }
    with pytest.raises(PayloadError) as caught:
        structure(payload, WorkerStatistics)
    assert sorted(caught.value.problems) == [
        "$.cumulative.activity_durations[1]: expected an object, got null",
        "$.cumulative.activity_durations[2].avg: expected a number, got a boolean",
        "$.cumulative.activity_durations[2].total: expected a number, got 'many'",
        "$.cumulative.activity_durations[3]: expected an object, got 7",
        "$.cumulative.reservations_created: expected a whole number, got 1.5",
        "$.cumulative.start_time: expected an ISO 8601 time, got 'soon'",
        "$.url: expected text, got 5",
    ]


def test_a_path_in_a_value_is_not_the_path():
    """A value that looks like the end of a problem does not change the path."""
    with pytest.raises(PayloadError) as caught:
        structure({"start_time": "x @ $.sid"}, WorkerCumulative)
    assert caught.value.problems == ("$.start_time: expected an ISO 8601 time, got 'x @ $.sid'",)


def test_a_long_value_is_not_quoted_whole():
    """The error about a value of a megabyte is short."""
    with pytest.raises(PayloadError) as caught:
        structure({"start_time": "x" * 1_000_000}, WorkerCumulative)
    assert len(str(caught.value)) < 250
