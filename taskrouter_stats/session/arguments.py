"""Checks of what callers pass to the session's methods."""

from typing import Any, Final, Literal

from taskrouter_stats.core.cache_policy import CachePolicy, as_cache_policy
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.errors import InvalidParameter, UsageError

from .options import MAX_WAIT, Settings, check_number

__all__ = ["AS_SESSION", "Priority", "check_listing", "fetch_options"]

Priority = Literal["interactive", "bulk"]


class _AsSession:
    """Default of an argument that the session's options set."""

    def __repr__(self) -> str:
        return "the session's"


AS_SESSION: Final[Any] = _AsSession()


def fetch_options(
    settings: Settings, query: object, max_wait: float | None, priority: object, cache_ttl: object
) -> tuple[bool, float | None, CachePolicy | None]:
    """Check the arguments of a fetch.

    Returns:
        Whether it is interactive, its ``max_wait`` in seconds, and the policy of the cache; None
        for no limit and no cache.

    Raises:
        UsageError: the first is not a query; the message names the right call.
        InvalidParameter: another argument has the wrong type or is out of bounds.
    """
    if not isinstance(query, Query):
        raise UsageError(
            f"fetch() takes one query, not {type(query).__name__}: for many queries use "
            "session.stream(queries), for a listing "
            "`async for item in session.iterate(listing)`"
        )
    if priority not in ("interactive", "bulk"):
        raise InvalidParameter("priority", priority, 'expected "interactive" or "bulk"')
    if max_wait is AS_SESSION:
        limit = settings.max_wait
    else:
        limit = None if max_wait is None else check_number("max_wait", max_wait, MAX_WAIT)
    cache = settings.cache_ttl if cache_ttl is AS_SESSION else as_cache_policy(cache_ttl)
    return priority == "interactive", limit, cache


def check_listing(listing: object) -> None:
    """Raise ``UsageError`` unless this is a listing; the message names the right call."""
    if not isinstance(listing, Listing):
        raise UsageError(
            f"iterate() takes a listing, not {type(listing).__name__}: for a query use "
            "`await session.fetch(query)`"
        )
