"""Checks of what callers pass to the session's methods."""

from typing import Any, Final, Literal

from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.errors import InvalidParameter, UsageError

__all__ = ["AS_SESSION", "Priority", "check_fetch", "check_listing"]

Priority = Literal["interactive", "bulk"]


class _AsSession:
    """Default of an argument that the session's options set."""

    def __repr__(self) -> str:
        return "the session's"


AS_SESSION: Final[Any] = _AsSession()


def check_fetch(query: object, priority: object) -> None:
    """Raise unless these are the arguments of a fetch.

    Raises:
        UsageError: the first is not a query; the message names the right call.
        InvalidParameter: the priority is unknown.
    """
    if not isinstance(query, Query):
        raise UsageError(
            f"fetch() takes one query, not {type(query).__name__}: for many queries use "
            "session.stream(queries), for a listing "
            "`async for item in session.iterate(listing)`"
        )
    if priority not in ("interactive", "bulk"):
        raise InvalidParameter("priority", priority, 'expected "interactive" or "bulk"')


def check_listing(listing: object) -> None:
    """Raise ``UsageError`` unless this is a listing; the message names the right call."""
    if not isinstance(listing, Listing):
        raise UsageError(
            f"iterate() takes a listing, not {type(listing).__name__}: for a query use "
            "`await session.fetch(query)`"
        )
