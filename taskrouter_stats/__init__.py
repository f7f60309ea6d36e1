"""Async SDK for Twilio TaskRouter statistics, paced by the server's rate-limit headers.

::

    async with TaskRouterSession.from_env() as session:
        async with session.stream_worker_statistics("WS…", Window.last(hours=8)) as outcomes:
            async for outcome in outcomes:
                ...
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from taskrouter_stats._version import __version__

if TYPE_CHECKING:
    from taskrouter_stats import errors, models
    from taskrouter_stats.core import events, queries
    from taskrouter_stats.core.cache_policy import CachePolicy
    from taskrouter_stats.core.outcome import Failure, Meta, Outcome, Progress, Success
    from taskrouter_stats.core.query import Listing, Query
    from taskrouter_stats.core.rate_limit import RateLimit
    from taskrouter_stats.core.retry import RetryPolicy
    from taskrouter_stats.core.window import Window
    from taskrouter_stats.models import Credentials
    from taskrouter_stats.session import (
        BudgetSnapshot,
        Items,
        OutcomeStream,
        SessionOptions,
        TaskRouterSession,
    )

__all__ = [
    "BudgetSnapshot",
    "CachePolicy",
    "Credentials",
    "Failure",
    "Items",
    "Listing",
    "Meta",
    "Outcome",
    "OutcomeStream",
    "Progress",
    "Query",
    "RateLimit",
    "RetryPolicy",
    "SessionOptions",
    "Success",
    "TaskRouterSession",
    "Window",
    "__version__",
    "errors",
    "events",
    "models",
    "queries",
]

_HOMES = {
    "BudgetSnapshot": "taskrouter_stats.session",
    "CachePolicy": "taskrouter_stats.core.cache_policy",
    "Credentials": "taskrouter_stats.models",
    "Failure": "taskrouter_stats.core.outcome",
    "Items": "taskrouter_stats.session",
    "Listing": "taskrouter_stats.core.query",
    "Meta": "taskrouter_stats.core.outcome",
    "Outcome": "taskrouter_stats.core.outcome",
    "OutcomeStream": "taskrouter_stats.session",
    "Progress": "taskrouter_stats.core.outcome",
    "Query": "taskrouter_stats.core.query",
    "RateLimit": "taskrouter_stats.core.rate_limit",
    "RetryPolicy": "taskrouter_stats.core.retry",
    "SessionOptions": "taskrouter_stats.session",
    "Success": "taskrouter_stats.core.outcome",
    "TaskRouterSession": "taskrouter_stats.session",
    "Window": "taskrouter_stats.core.window",
    "errors": "taskrouter_stats.errors",
    "events": "taskrouter_stats.core.events",
    "models": "taskrouter_stats.models",
    "queries": "taskrouter_stats.core.queries",
}
"""Where each name is defined. A module is imported when a name of it is first used, so that
``taskrouter-stats --help`` does not wait for an HTTP client."""

if not TYPE_CHECKING:  # type checkers must not take each unknown name for one of ours

    def __getattr__(name: str) -> object:
        """Import and return a name of ``__all__``."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = _import_module(_HOMES[name])
        found = home if home.__name__.endswith(f".{name}") else getattr(home, name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
