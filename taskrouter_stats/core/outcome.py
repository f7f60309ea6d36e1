"""Outcomes of queries: a value or an error, with the query and how it went."""

from datetime import datetime
from typing import Any, Generic, Never, TypeAlias, TypeVar

from attrs import frozen

from taskrouter_stats.models.drafts import maker

from .query import Query
from .rate_limit import NO_HEADERS, RateLimit

__all__ = ["Failure", "Meta", "Outcome", "Progress", "Success", "new_meta", "new_success"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@frozen
class Meta:
    """Facts about how an outcome was reached.

    Attributes:
        status: HTTP status of the last reply; None if no reply arrived.
        rate_limit: the rate-limit headers of that reply.
        request_id: its ``Twilio-Request-Id``, or None.
        elapsed: seconds from the first wait for a permit to the end.
        attempts: sends that were not answered with a 429.
        refused: number of 429s.
        served_at: the server's time of the last reply, from its ``Date`` header: UTC, in whole
            seconds; None without a reply or a readable header.
        age: seconds since the reply, for an answer from the session's cache; else 0.
    """

    status: int | None = None
    rate_limit: RateLimit = NO_HEADERS
    request_id: str | None = None
    elapsed: float = 0.0
    attempts: int = 0
    refused: int = 0
    served_at: datetime | None = None
    age: float = 0.0


@frozen
class Success(Generic[T_co]):
    """The outcome of a query that was answered."""

    query: Query[T_co]
    value: T_co
    meta: Meta

    def unwrap(self) -> T_co:
        """Return the value."""
        return self.value


@frozen
class Failure:
    """The outcome of a query that failed; a single one never ends a run."""

    query: Query[Any]
    error: Exception
    meta: Meta

    def unwrap(self) -> Never:
        """Raise the error."""
        raise self.error


new_meta: type[Meta] = maker(Meta)
new_success: type[Success[Any]] = maker(Success)
"""The classes for hot code: they make the same objects for half of the cost or less."""

Outcome: TypeAlias = Success[T] | Failure


@frozen
class Progress:
    """The progress of a run.

    Attributes:
        done: outcomes so far, failures included.
        failed: failures among them.
        total: expected outcomes; None until it is known.
        retried: sends after a failed one of the same query, those after a 429 left out.
        refused: number of 429s so far.
        elapsed: seconds since the run began.
        rate: outcomes per second since then.
        eta: remaining seconds at that rate; None while it is unknown.
    """

    done: int
    failed: int
    total: int | None
    retried: int
    refused: int
    elapsed: float
    rate: float
    eta: float | None
