"""The error bodies."""

import pytest

from taskrouter_stats.simulator.server import request


def test_a_body_is_twilio_s():
    """An error body has code, message, the URL of the code's page, and status."""
    assert request.too_many().body() == {
        "code": 20429,
        "message": "Too Many Requests",
        "more_info": "https://www.twilio.com/docs/errors/20429",
        "status": 429,
    }


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (request.bad_parameter("x"), 400, 20001),
        (request.too_old(), 400, 14241),
        (request.page_without_token(), 400, 40153),
        (request.unauthenticated(), 401, 20003),
        (request.not_found("/v1"), 404, 20404),
        (request.wrong_method(), 405, 20004),
    ],
)
def test_each_error_reply_has_its_code(refusal, status, code):
    """Each error reply has the documented status and code."""
    assert (refusal.status, refusal.code) == (status, code)
