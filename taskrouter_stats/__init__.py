"""Async SDK for Twilio TaskRouter statistics, paced by the server's own rate-limit headers.

::

    async with TaskRouterSession.from_env() as session:
        async with session.stream_worker_statistics("WS…", Window.last(hours=8)) as outcomes:
            async for outcome in outcomes:
                ...
"""

from . import errors, models
from ._version import __version__
from .core import queries
from .core.outcome import Failure, Meta, Outcome, Progress, Success
from .core.query import Listing, Query
from .core.rate_limit import RateLimit
from .core.retry import RetryPolicy
from .core.window import Window
from .models import Credentials
from .session import (
    BudgetSnapshot,
    Items,
    OutcomeStream,
    SessionOptions,
    TaskRouterSession,
)

__all__ = [
    "BudgetSnapshot",
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
    "models",
    "queries",
]
