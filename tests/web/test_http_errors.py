"""The HTTP status of each error."""

import math

import pytest

from taskrouter_stats import errors
from taskrouter_stats.web import http_error

STATUSES = [
    (errors.PaceError(2.0, 3.2), 503, {"Retry-After": "4"}),
    (errors.PaceError(2.0, math.inf), 503, {"Retry-After": "60"}),
    (errors.PaceError(2.0, 0.01), 503, {"Retry-After": "1"}),
    (errors.RateLimited(), 503, {"Retry-After": "10"}),
    (errors.RateLimited(retry_after=7.0), 503, {"Retry-After": "7"}),
    (errors.ServerDown(4.0, 0.5), 503, {"Retry-After": "1"}),
    (errors.ServerDown(4.0, math.nan), 503, {"Retry-After": "10"}),
    (errors.NotFound(404), 404, {}),
    (errors.BadRequest(400), 400, {}),
    (errors.InvalidSid("worker_sid", "WK1", "WK"), 400, {}),
    (errors.InvalidWindow("empty"), 400, {}),
    (errors.InvalidParameter("task_channel", 1, "expected text"), 400, {}),
    (errors.Unauthorized(401), 502, {}),
    (errors.Forbidden(403), 502, {}),
    (errors.ServerError(503), 502, {}),
    (errors.ConnectionFailed("refused"), 502, {}),
    (errors.TimedOut(30.0), 504, {}),
    (errors.PayloadError(["$: odd"]), 502, {}),
    (errors.SessionClosed("closed"), 500, {}),
    (errors.StorageError("full"), 500, {}),
]


@pytest.mark.parametrize(
    ("error", "status", "headers"), STATUSES, ids=[type(row[0]).__name__ for row in STATUSES]
)
def test_each_error_has_its_status(error, status, headers):
    """The status says who can do something about the error, and 503 says when."""
    assert http_error(error) == (status, headers)
