"""Tests of the parser of rate-limit headers, for a server that may send anything."""

import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit, parse_headers

NAMES = [
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-config",
    "retry-after",
    "twilio-concurrent-requests",
    "date",
]
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
odd = st.from_regex(r"-?[0-9_]{1,12}(\.[0-9]{0,3})?(e[0-9]{1,4})?|-?(nan|inf)", fullmatch=True)
datish = st.from_regex(
    r"((Wed|Xyz), )?[0-9]{1,22} (Jan|Feb|Oct) [0-9]{1,22} [0-9]{1,22}:[0-9]{1,3}(:[0-9]{1,22})?"
    r" (GMT|[+-][0-9]{1,22}|)",
    fullmatch=True,
)
header_texts = st.text(max_size=40) | odd | datish | st.just(DATE)
replies = st.dictionaries(st.sampled_from(NAMES), header_texts)


@given(replies)
@example({"retry-after": "1 Jan 2020 00:00:00 +99999999999999999", "date": DATE})
@example({"retry-after": "1 Jan 99999999999999999999 0:0:0 GMT", "date": DATE})
@example({"retry-after": DATE, "date": "1 Jan 2020 0:0:99999999999999999999999 GMT"})
def test_any_headers_are_parsed(headers):
    """For any headers nothing is raised, and every number is finite."""
    found = parse_headers(headers)
    numbers = (found.limit, found.remaining, found.retry_after, found.concurrent_requests)
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert found.retry_after is None or found.retry_after >= 0
    assert found.concurrent_requests is None or found.concurrent_requests >= 0
    assert found.config == headers.get("x-rate-limit-config")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_numbers_are_kept(number):
    """A finite number is kept, even negative or huge: the throttle decides what is credible."""
    text = repr(number)
    headers = {"x-rate-limit-limit": text, "x-rate-limit-remaining": text}
    assert parse_headers(headers) == RateLimit(limit=number, remaining=number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "string",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "1e999",
        "1,5",
        "50;w=1",
        "50, 50",
        "5_0",
        "\u0665\u0660",
        "0x32",
        "9" * 33,
        "9" * 5000,
        "5\0",
    ],
)
def test_other_texts_are_none(text):
    """Words, lists, infinities, foreign digits and long text become None."""
    headers = dict.fromkeys(set(NAMES) - {"x-rate-limit-config", "date"}, text)
    assert parse_headers(headers) == NO_HEADERS


def test_without_headers_every_field_is_none():
    """Without the headers every field is None."""
    assert parse_headers({"content-type": "application/json"}) == NO_HEADERS == RateLimit()


def test_each_header_has_its_field():
    """Each header becomes its field."""
    headers = {
        "x-rate-limit-limit": "50",
        "x-rate-limit-remaining": "48.6",
        "x-rate-limit-config": "whatever=1",
        "retry-after": "2",
        "twilio-concurrent-requests": "7",
    }
    assert parse_headers(headers) == RateLimit(50.0, 48.6, "whatever=1", 2.0, 7)


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("1.5", None, 1.5),
        ("-3", None, 0.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", DATE, 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", DATE, 0.0),
        ("Wed, 21 Oct 2015 08:28:30 +0100", DATE, 30.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", None, None),
        ("Wed, 21 Oct 2015 07:28:30 GMT", "yesterday", None),
        ("tomorrow", DATE, None),
        ("Wed, 21 Oct 2015 07:28:30 -0000", DATE, 30.0),
    ],
)
def test_retry_after_is_seconds(text, date, seconds):
    """Seconds are kept, a date counts from the reply's ``Date``, never below zero."""
    headers = {"retry-after": text} | ({"date": date} if date else {})
    assert parse_headers(headers).retry_after == seconds


@pytest.mark.parametrize(("text", "count"), [("7", 7), ("7.9", 7), ("0", 0), ("-1", None)])
def test_concurrent_requests_are_whole_numbers(text, count):
    """Concurrent requests are a whole number, and a negative one becomes None."""
    assert parse_headers({"twilio-concurrent-requests": text}).concurrent_requests == count


def test_this_machines_clock_is_not_used():
    """The parser imports no clock."""
    module = sys.modules[parse_headers.__module__]
    assert not {"time", "datetime"} & vars(module).keys()
