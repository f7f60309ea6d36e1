"""What comes out: a value or an error, with the question and with how it went."""

from typing import Any, Generic, Never, TypeAlias, TypeVar

from attrs import frozen

from .query import Query
from .rate_limit import NO_HEADERS, RateLimit

__all__ = ["Failure", "Meta", "Outcome", "Progress", "Success"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@frozen
class Meta:
    """How an answer came about.

    Attributes:
        status: HTTP status of the last reply, or None when none came.
        rate_limit: what that reply said about the budget.
        request_id: its ``Twilio-Request-Id``, or None.
        elapsed: seconds from the first wait for leave to the end.
        attempts: sends that were not refused by a 429.
        refused: 429s.
    """

    status: int | None = None
    rate_limit: RateLimit = NO_HEADERS
    request_id: str | None = None
    elapsed: float = 0.0
    attempts: int = 0
    refused: int = 0


@frozen
class Success(Generic[T_co]):
    """A query that was answered."""

    query: Query[T_co]
    value: T_co
    meta: Meta

    def unwrap(self) -> T_co:
        """The value."""
        return self.value


@frozen
class Failure:
    """A query that was not; one of these never ends a run."""

    query: Query[Any]
    error: Exception
    meta: Meta

    def unwrap(self) -> Never:
        """Raise the error."""
        raise self.error


Outcome: TypeAlias = Success[T] | Failure


@frozen
class Progress:
    """How far a run is.

    Attributes:
        done: outcomes made so far, failures included.
        failed: failures among them.
        total: how many there will be; None until that is known.
        retried: sends that followed a failed one of the same query, 429s left out.
        refused: 429s so far.
        elapsed: seconds since the run began.
        rate: outcomes per second since then.
        eta: seconds to go at that rate; None while it is unknown.
    """

    done: int
    failed: int
    total: int | None
    retried: int
    refused: int
    elapsed: float
    rate: float
    eta: float | None
