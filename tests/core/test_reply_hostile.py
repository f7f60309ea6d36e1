"""Tests of hostile replies: each becomes a value or one of our errors."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats import errors, models
from taskrouter_stats.core import rate_limit
from taskrouter_stats.core.reply import Reply, decode_reply
from taskrouter_stats.models.converter import structure

DIGITS = b"9" * 10_000
NAMES = ["account_sid", "worker_sid", "cumulative", "start_time", "reservations_created",
         "activity_durations", "avg", "total", "friendly_name", "url", "unknown"]  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=8)
)
keys = st.sampled_from(NAMES)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5)
)
LIKE_JSON = st.lists(
    st.sampled_from([b"{", b"}", b"[", b"]", b",", b":", b'"cumulative"', b'"total"', b"1e999",
                     b"-0", b"NaN", b"null", b'"\xff"', rb'"\ud800"', b"9" * 400, b" "]),
    max_size=12,
).map(b"".join)  # fmt: skip


def read(body):
    """Return the Worker statistics of such a body, or raise our error."""
    try:
        return structure(decode_reply(Reply(200, {}, body)), models.WorkerStatistics)
    except errors.PayloadError as error:
        return error


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"cumulative":' * 100_000,
        b'{"cumulative":{"reservations_created":NaN}}',
        b'{"cumulative":{"reservations_created":Infinity}}',
        b'{"cumulative":{"reservations_created":-Infinity}}',
        b'{"cumulative":{"reservations_created":1e400}}',
        b'{"cumulative":{"reservations_created":' + DIGITS + b"}}",
        b'{"cumulative":{"reservations_created":"' + DIGITS + b'"}}',
        b'{"worker_sid":"\xff\xfe"}',
        b'{"worker_sid":"\xed\xa0\x80"}',
        rb'{"worker_sid":"\ud800"}',
        b'{"worker_sid":' + DIGITS + b"}",
        b'{"cumulative":[]}',
        b'{"cumulative":{"activity_durations":{}}}',
        b'{"cumulative":{"activity_durations":[[]]}}',
        b'{"cumulative":{"start_time":5}}',
        b'{"cumulative":{"start_time":"99999-01-01T00:00:00Z"}}',
        b"[]",
        b"null",
        b'"text"',
    ],
    ids=lambda body: body[:40].decode("ascii", "replace"),
)
def test_a_hostile_body_is_a_payload_error(body):
    """A body that is not a Worker's statistics is a PayloadError with a short text."""
    error = read(body)
    assert isinstance(error, errors.PayloadError)
    assert len(str(error)) < 600


def test_the_last_of_repeated_keys_counts():
    """Of a repeated key the last value counts, at every level."""
    body = (
        b'{"worker_sid":"WK%s","worker_sid":"WK%s","workspace_sid":"WS%s",'
        b'"cumulative":{"reservations_created":1,"reservations_created":2}}'
    ) % (b"a" * 32, b"b" * 32, b"c" * 32)
    found = read(body)
    assert found.worker_sid == "WK" + "b" * 32
    assert found.cumulative.reservations_created == 2


@settings(max_examples=400)
@given(LIKE_JSON | st.binary(max_size=80) | trees.map(orjson.dumps))
def test_any_body_becomes_statistics_or_an_error(body):
    """Any bytes become statistics that can be written as JSON, or a PayloadError."""
    found = read(body)
    assert isinstance(found, errors.PayloadError) or orjson.loads(models.to_json(found)) is not None


@settings(max_examples=400)
@given(trees)
def test_any_payload_becomes_statistics_or_an_error(payload):
    """Any decoded JSON becomes statistics, or a PayloadError that names a path."""
    problems = ["$"]
    try:
        structure(payload, models.WorkerStatistics)
    except errors.PayloadError as error:
        problems = error.problems
    assert problems
    assert [problem for problem in problems if not problem.startswith("$")] == []


DATES = st.text("MonTueJa ,:0123456789+-GMT()", max_size=40) | st.sampled_from(
    ["Wed, 21 Oct 2026 07:28:00 GMT", "1 Jan 99999 0:0:0", "Thu, 01 Jan 1970 00:00:00 -9999", "0"]
)
VALUES = st.text(max_size=40) | DATES | st.floats().map(str) | st.integers().map(str)


@settings(max_examples=600)
@given(
    st.dictionaries(
        st.sampled_from(["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-config",
                         "retry-after", "date", "twilio-concurrent-requests"]),
        VALUES,
    )
)  # fmt: skip
def test_any_rate_limit_headers_are_parsed(headers):
    """Any headers are parsed without an error, into finite numbers or None."""
    told = rate_limit.parse_headers(headers)
    numbers = (told.limit, told.remaining, told.retry_after, told.concurrent_requests)
    assert all(number is None or abs(number) < float("inf") for number in numbers)
    assert told.retry_after is None or told.retry_after >= 0
