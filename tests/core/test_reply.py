"""Tests of decoding: a reply becomes a payload or one of our errors."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import errors
from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit
from taskrouter_stats.core.reply import Reply, decode_reply, json_object
from taskrouter_stats.models.redaction import SecretRedactor

BODY = {
    "code": 20429,
    "message": "Too Many Requests",
    "more_info": "https://www.twilio.com/docs/errors/20429",
    "status": 429,
}
words = st.text(st.characters(codec="utf-8"), max_size=10)
values = st.none() | st.booleans() | st.integers(-5, 10**9) | words | st.lists(words, max_size=2)
told = st.dictionaries(
    st.sampled_from(["code", "message", "more_info", "detail", "title", "type", "status"]), values
)
bodies = st.binary(max_size=60) | told.map(orjson.dumps) | values.map(orjson.dumps)
headers = st.dictionaries(st.sampled_from(["twilio-request-id", "content-type", "x"]), words)


def refusal(status, body=b"", *, limits=NO_HEADERS, **headers):
    """Return the error of such a reply."""
    with pytest.raises(errors.ApiError) as caught:
        decode_reply(Reply(status, headers, body), limits)
    return caught.value


@given(st.integers(-1, 1200), headers, bodies)
def test_any_reply_is_a_payload_or_our_error(status, headers, body):
    """Any reply becomes a payload or our error with its status and request ID."""
    reply = Reply(status, headers, body)
    try:
        payload = decode_reply(reply)
    except (errors.ApiError, errors.PayloadError) as error:
        found = error
    else:
        found = None
        assert orjson.dumps(payload) is not None
    success = 200 <= status < 300
    assert isinstance(found, errors.ApiError) == (not success)
    assert found is None or found.request_id == headers.get("twilio-request-id")
    assert success or (found.status, found.headers) == (status, headers)


@given(st.integers(200, 299), values | told)
def test_a_success_is_its_json(status, value):
    """The payload of a success is the JSON of its body."""
    assert decode_reply(Reply(status, {}, orjson.dumps(value))) == value


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (199, errors.ApiError),
        (301, errors.ApiError),
        (304, errors.ApiError),
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (408, errors.BadRequest),
        (422, errors.BadRequest),
        (429, errors.RateLimited),
        (499, errors.BadRequest),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_each_status_raises_its_class(status, cls):
    """Each status raises its class."""
    assert type(refusal(status)) is cls


def test_a_classic_error_body_is_read():
    """Twilio's classic body gives code, message and link, beside the limits."""
    error = refusal(429, orjson.dumps(BODY), limits=RateLimit(50.0, 0.0, None, 2.0))
    assert (error.code, error.message) == (20429, "Too Many Requests")
    assert error.more_info == "https://www.twilio.com/docs/errors/20429"
    assert (error.limit, error.remaining, error.retry_after) == (50.0, 0.0, 2.0)


def test_problem_details_are_read():
    """A body of RFC 9457 gives its detail, else its title, and its type."""
    body = {"type": "https://x/y", "title": "Bad", "status": 400, "code": 20001, "detail": "Worse"}
    error = refusal(400, orjson.dumps(body))
    assert (error.code, error.message, error.more_info) == (20001, "Worse", "https://x/y")
    del body["detail"]
    assert refusal(400, orjson.dumps(body)).message == "Bad"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b"[]", b"5", b"\xff\xfe", b"[" * 100_000, b'{"code":true}']
)
def test_a_useless_error_body_changes_nothing(body):
    """An error with a useless body is still the error of its status."""
    error = refusal(404, body)
    assert (error.code, error.message, error.more_info) == (None, None, None)


def test_a_long_message_is_cut():
    """A page of HTML in the message is cut."""
    error = refusal(500, orjson.dumps({"message": "x" * 10**6}))
    assert len(error.message) == 500


def test_only_the_beginning_of_a_long_message_is_redacted():
    """An error's message of many escapes is cut before it is redacted."""
    lengths = []

    class Recording(SecretRedactor):
        def text(self, text):
            lengths.append(len(text))
            return super().text(text)

    body = orjson.dumps({"message": "%41" * 10**6})
    with pytest.raises(errors.BadRequest) as caught:
        decode_reply(Reply(400, {}, body, Recording(["a secret of many letters"])))
    assert len(caught.value.message) == 500
    assert max(lengths) <= 2**16


def test_redirects_are_errors():
    """A redirect is an error, and its target is not requested."""
    error = refusal(302, b"", location="https://elsewhere.example/")
    assert "redirect" in str(error)
    assert error.headers == {"location": "https://elsewhere.example/"}


def test_header_names_are_lower_case():
    """The headers of an error have lower-case names."""
    error = refusal(500, b"", Date="now", **{"X-Rate-Limit-Limit": "50"})
    assert error.headers == {"date": "now", "x-rate-limit-limit": "50"}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"NaN", b"1e999", b"{}{}", b"\xef\xbb\xbf{}", b"[" * 2000, b'"\xff']
)
def test_a_success_without_json_is_a_payload_error(body):
    """A success that is not JSON is a payload error with its beginning and content type."""
    headers = {"twilio-request-id": "RQ1", "content-type": "text/html"}
    with pytest.raises(errors.PayloadError) as caught:
        decode_reply(Reply(200, headers, body))
    text = str(caught.value)
    assert [part for part in (f"{len(body)} bytes", "text/html", "RQ1") if part not in text] == []
    assert len(text) < 400


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (rb'{"a":"\ud83d"}', "\ufffd"),
        (rb'{"a":"\uDE00 \ud83d\ude00 \ud83d"}', "\ufffd \U0001f600 \ufffd"),
        (rb'{"a":"\\ud83d \ud83d"}', "\\ud83d \ufffd"),
        (rb'{"a":"\ud83d\ud83d\ude00"}', "\ufffd\U0001f600"),
        (b'{"a":"\xff"}', "\ufffd"),
        (b'{"a":"\xed\xa0\xbd"}', "\ufffd" * 3),
    ],
)
def test_broken_characters_are_replaced(body, read):
    """Half a surrogate pair, or a byte that is not UTF-8, becomes one U+FFFD."""
    assert decode_reply(Reply(200, {}, body)) == {"a": read}
    told = orjson.dumps({"code": 20404}).replace(b"20404", b'20404,"message":' + body[5:-1])
    assert refusal(404, told).message == read


def test_only_429_is_rate_limited():
    """A reply is rate-limited exactly if its status is 429."""
    assert [s for s in range(100, 600) if Reply(s, {}, b"").is_rate_limited] == [429]


@given(values)
def test_json_object_is_a_dict(value):
    """A value that is not a JSON object becomes an empty one."""
    assert json_object(value) == {}
    assert json_object({"a": value}) == {"a": value}


def test_a_code_may_be_text():
    """A code as numeric text is the same code."""
    with pytest.raises(errors.Unauthorized) as raised:
        decode_reply(Reply(401, {}, b'{"code": "20003"}'))
    assert raised.value.code == 20003


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Thu, 26 Nov 2026 08:00:05 GMT", datetime(2026, 11, 26, 8, 0, 5, tzinfo=UTC)),
        ("Thu, 26 Nov 2026 09:00:05 +0100", datetime(2026, 11, 26, 8, 0, 5, tzinfo=UTC)),
        ("26 Nov 2026 08:00:05", datetime(2026, 11, 26, 8, 0, 5, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("Thu, 99 Nov 2026 08:00:05 GMT", None),
        ("", None),
        ("soon", None),
        (None, None),
    ],
)
def test_the_servers_time_is_its_date_header(text, time):
    """The server's time is the ``Date`` header in UTC, or None if that is not readable."""
    assert Reply(200, {} if text is None else {"date": text}, b"{}").served_at == time


@given(words)
def test_any_date_header_is_a_time_or_none(text):
    """No text of a ``Date`` header raises an error."""
    found = Reply(200, {"date": text}, b"{}").served_at
    assert found is None or found.tzinfo is UTC
