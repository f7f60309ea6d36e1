"""The HTTP reply of a web application whose handler failed with an error of this package."""

import math
from http import HTTPStatus
from typing import Final

from taskrouter_stats import errors

__all__ = ["http_error"]

_MAX_RETRY_AFTER: Final = 60
"""Seconds: a client asks again after a minute at the latest."""
_RETRY_AFTER: Final = 10
"""Seconds, if nothing is known."""


def http_error(error: errors.TaskRouterStatsError) -> tuple[int, dict[str, str]]:
    """Return the status and the headers that tell a client what it can do about an error.

    ===================================================  ==========================================
    ``PaceError``, ``RateLimited``, ``ServerDown``       503 with ``Retry-After``, whole seconds
    ``NotFound``                                         404
    ``BadRequest``, ``InvalidSid``, ``InvalidWindow``,   400: the client's own parameters, if the
    ``InvalidParameter``                                 application passes them on
    ``TimedOut``                                         504
    other ``TransportError``, ``ServerError``,           502: Twilio, the way to it or the
    ``PayloadError``, ``Unauthorized``, ``Forbidden``    application's credentials are at fault
    any other                                            500: the application is at fault
    ===================================================  ==========================================

    ``str(error)`` holds no secret, so the reply's body may contain it.
    """
    match error:
        case errors.PaceError() | errors.RateLimited() | errors.ServerDown():
            return HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": _seconds(error.retry_after)}
        case errors.NotFound():
            return HTTPStatus.NOT_FOUND, {}
        case (
            errors.BadRequest()
            | errors.InvalidSid()
            | errors.InvalidWindow()
            | errors.InvalidParameter()
        ):
            return HTTPStatus.BAD_REQUEST, {}
        case errors.TimedOut():
            return HTTPStatus.GATEWAY_TIMEOUT, {}
        case errors.TransportError() | errors.ApiError() | errors.PayloadError():
            return HTTPStatus.BAD_GATEWAY, {}
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR, {}


def _seconds(wait: float | None) -> str:
    """Return whole seconds, from 1 to a minute."""
    known = wait is not None and not math.isnan(wait)
    seconds = wait if known and wait is not None else _RETRY_AFTER
    return str(max(1, math.ceil(min(seconds, _MAX_RETRY_AFTER))))
