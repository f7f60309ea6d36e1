"""Hints for errors that Twilio's documents explain by their code or operation."""

from typing import Any, Final

from taskrouter_stats.errors import ApiError, BadRequest, Forbidden, NotFound
from taskrouter_stats.models.values import utc_text

from .http_date import parse_http_date
from .query import BaseQuery
from .window import RETENTION, WINDOW_TOO_OLD

__all__ = ["hint_for"]

_BAD_CREDENTIALS: Final = 20003
_INVALID: Final = 20001
_MAY_BE_CLOSED: Final = ("Worker", "Workflow")
_PROXY_WANTS_CREDENTIALS: Final = 407


def hint_for(error: ApiError, query: BaseQuery[Any]) -> str | None:
    """Return a better hint than the one of the status, or None."""
    if error.status == _PROXY_WANTS_CREDENTIALS:
        return "the proxy requires credentials: give them in proxy=, http://USER:PASSWORD@HOST:PORT"
    if isinstance(error, NotFound) and error.code is None:
        return (
            "the body is not Twilio's own error, so a gateway or proxy may have answered: check "
            "base_url, then try again later"
        )
    if error.code == WINDOW_TOO_OLD:
        return _earliest_start(error)
    if error.code == _BAD_CREDENTIALS:
        return (
            "check that the secret belongs to this SID, that the account owns the Workspace (a "
            "parent account's credentials do not reach a subaccount's TaskRouter), and that the "
            "credentials are of this region: those of US1 do not work in IE1; see TWILIO_REGION"
        )
    if isinstance(error, (BadRequest, Forbidden)) and error.code != _INVALID and _closable(query):
        return (
            "one possible cause: Twilio closes these statistics by default in Workspaces of "
            "more than 100 Workers; its support can open them, "
            "https://www.twilio.com/docs/taskrouter/limits"
        )
    return None


def _earliest_start(error: ApiError) -> str:
    """Return the documented retention, counted from the reply's ``Date``.

    Source: https://www.twilio.com/docs/api/errors/14241.
    """
    rule = "Twilio documents 30 days of history"
    answered = parse_http_date(error.headers.get("date"))
    if answered is None:
        return rule
    try:
        return f"{rule}: the earliest start was {utc_text(answered - RETENTION)}"
    except OverflowError:
        return rule


def _closable(query: BaseQuery[Any]) -> bool:
    """Return whether Twilio's page on this operation warns about 100 Workers."""
    key = query.endpoint.resource_key
    return key.startswith(_MAY_BE_CLOSED) and "Statistics" in key
