"""The headers of replies."""

import pytest

from taskrouter_stats.simulator.limits import Verdict
from taskrouter_stats.simulator.server.headers import GARBAGE, ServerOptions, headers_of

TOLD = {
    "X-Rate-Limit-Limit": "5",
    "X-Rate-Limit-Remaining": "3",
    "X-Rate-Limit-Config": "c",
}
VERDICT = Verdict(True, 5, 3, "c")


def headers(status, verdict=VERDICT, chance=lambda: 0.5, **options):
    """Return the headers of a reply."""
    return headers_of(status, verdict, ServerOptions(**options), chance)


@pytest.mark.parametrize(
    ("status", "options", "expected"),
    [
        (200, {}, TOLD),
        (429, {}, TOLD),
        (400, {}, {}),
        (404, {}, {}),
        (200, {"headers": False}, {}),
        (429, {"headers": False}, TOLD),
        (429, {"headers_on_429": False}, {}),
        (429, {"headers_on_429": False, "retry_after": 2.0}, {"Retry-After": "2"}),
        (200, {"retry_after": 2.0}, TOLD),
        (401, {}, {"WWW-Authenticate": 'Basic realm="Twilio API"'}),
    ],
)
def test_each_switch_does_one_thing(status, options, expected):
    """Successes and 429s have rate-limit headers, each by its own switch; others have none."""
    assert headers(status, **options) == expected


def test_without_a_limit_there_are_no_headers():
    """Without a limit or a decision there are no rate-limit headers."""
    assert headers(200, Verdict(True, None, None, None)) == headers(429, None) == {}


def test_garbage_affects_each_header():
    """With garbage the three headers are present even without a limit, and take each value."""
    said = [
        headers(200, None, garbage=True, chance=lambda at=at: at / 16)["X-Rate-Limit-Limit"]
        for at in range(16)
    ]
    assert said == list(GARBAGE)
    assert headers(429, garbage=True).keys() == TOLD.keys()
    assert headers(400, garbage=True) == {}
