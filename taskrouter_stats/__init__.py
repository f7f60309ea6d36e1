"""Async SDK for Twilio TaskRouter statistics, paced by the server's rate-limit headers.

::

    async with TaskRouterSession.from_env() as session:
        async with session.stream_worker_statistics("WS…", Window.last(hours=8)) as outcomes:
            async for outcome in outcomes:
                ...
"""

from taskrouter_stats import errors, models
from taskrouter_stats._version import __version__
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
