"""What to do about an error whose code, or place, Twilio's documents explain."""

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from taskrouter_stats.errors import ApiError, BadRequest, Forbidden, NotFound

from .query import BaseQuery

__all__ = ["hint_for"]

_TOO_OLD: Final = 14241
_BAD_CREDENTIALS: Final = 20003
_INVALID: Final = 20001
_RETENTION: Final = timedelta(days=30)
_MAY_BE_CLOSED: Final = ("Worker", "Workflow")
_PROXY_WANTS_CREDENTIALS: Final = 407


def hint_for(error: ApiError, ask: BaseQuery[Any]) -> str | None:
    """A better hint than the status alone gives, or None."""
    if error.status == _PROXY_WANTS_CREDENTIALS:
        return "the proxy requires credentials: give them in proxy=, http://USER:PASSWORD@HOST:PORT"
    if isinstance(error, NotFound) and error.code is None:
        return (
            "the body is not Twilio's own error, so a gateway or proxy may have answered: check "
            "base_url, then try again later"
        )
    if error.code == _TOO_OLD:
        return _earliest_start(error)
    if error.code == _BAD_CREDENTIALS:
        return (
            "check that the secret is this SID's, that the account owns the Workspace (a parent "
            "account's credentials do not reach a subaccount's TaskRouter), and that they were "
            "made for the region asked: those of US1 do not work in IE1; see TWILIO_REGION"
        )
    if isinstance(error, (BadRequest, Forbidden)) and error.code != _INVALID and _closable(ask):
        return (
            "one possible cause: these statistics are closed by default in Workspaces of more "
            "than 100 Workers, and Twilio's support can open them, "
            "https://www.twilio.com/docs/taskrouter/limits"
        )
    return None


def _earliest_start(error: ApiError) -> str:
    """The documented retention, counted from the reply's own date.

    Source: https://www.twilio.com/docs/api/errors/14241.
    """
    told = "statistics are kept for 30 days"
    try:
        answered = parsedate_to_datetime(error.headers.get("date", "")).astimezone(UTC)
        earliest = answered - _RETENTION
    except (ValueError, OverflowError):
        return told
    return f"{told}: the earliest start was {earliest.isoformat().removesuffix('+00:00')}Z"


def _closable(ask: BaseQuery[Any]) -> bool:
    """Whether Twilio's page on this operation has the warning about 100 Workers."""
    key = ask.endpoint.resource_key
    return key.startswith(_MAY_BE_CLOSED) and "Statistics" in key
