"""What happens in a session, as values for hooks, logs and monitors.

``TaskRouterSession(…, hooks=[hook])`` calls ``hook(event)`` for each event, in the order of what
happens, in the task that it happens to. A query has these events, all with its ``number``::

    QueryStarted  QueryWaiting?  RequestSent  (ReplyReceived | NoReply)  QueryRetried? …  QueryEnded

Each ``RequestSent`` is followed by one ``ReplyReceived`` or ``NoReply``, and each ``QueryStarted``
by one ``QueryEnded``. A page of a list is a query, too. No event holds a secret.
"""

from typing import Any, Literal, TypeAlias

from attrs import frozen

from .outcome import Meta
from .query import BaseQuery
from .rate_limit import RateLimit
from .request import BudgetKey
from .throttle import Reason

__all__ = [
    "BudgetChanged",
    "CacheRead",
    "CircuitClosed",
    "CircuitOpened",
    "Event",
    "NoReply",
    "QueryEnded",
    "QueryEvent",
    "QueryRetried",
    "QueryStarted",
    "QueryWaiting",
    "ReplyReceived",
    "RequestSent",
]


@frozen
class QueryEvent:
    """An event of one query.

    Attributes:
        number: the same in all events of a query, and in no other query of this process.
        query: the query, or the listing of a page.
        budget: the account, the Workspace and the resource key.
        interactive: whether the query goes before bulk queries now.
    """

    number: int
    query: BaseQuery[Any]
    budget: BudgetKey
    interactive: bool


@frozen
class QueryStarted(QueryEvent):
    """A query begins, before it has a permit."""


@frozen
class QueryWaiting(QueryEvent):
    """A query waits for a permit.

    Attributes:
        seconds: how long it waits as far as known; infinite until a reply to an earlier request.
        reason: why: ``"probe"``, ``"pace"``, ``"paused"``, ``"shared"`` or ``"in_flight"``, as in
            ``BudgetSnapshot.reason``.
    """

    seconds: float
    reason: Reason


@frozen
class RequestSent(QueryEvent):
    """The session starts to send a request; a connection may have to be made first.

    Attributes:
        send: the number of this send of the query, from 1, those answered with a 429 included.
        method: the HTTP method.
        url: the URL, which holds no credentials.
        waited: seconds that the query has waited for permits so far.
    """

    send: int
    method: str
    url: str
    waited: float


@frozen
class ReplyReceived(QueryEvent):
    """A complete reply came, of any status.

    Attributes:
        send: the number of the send.
        status: the HTTP status.
        seconds: from the start of the send to the reply's last byte.
        request_id: ``Twilio-Request-Id``, or None.
        rate_limit: the rate-limit headers.
        pace: requests per second of this budget after the reply; infinite without a bound.
    """

    send: int
    status: int
    seconds: float
    request_id: str | None
    rate_limit: RateLimit
    pace: float

    @property
    def refused(self) -> bool:
        """Whether the reply is a 429."""
        return self.status == 429  # noqa: PLR2004


@frozen
class NoReply(QueryEvent):
    """A send ended without a complete reply.

    Attributes:
        send: the number of the send.
        seconds: from the start of the send.
        error: why; None if the caller cancelled the query.
    """

    send: int
    seconds: float
    error: Exception | None


@frozen
class QueryRetried(QueryEvent):
    """A query will be sent again.

    Attributes:
        error: why the last send did not answer it.
        seconds: pause before the query asks for its next permit; 0 after a 429, which pauses its
            budget.
    """

    error: Exception
    seconds: float


@frozen
class QueryEnded(QueryEvent):
    """A query has its outcome.

    Attributes:
        error: why it failed; None for a success, and if the caller cancelled it.
        cancelled: whether the caller cancelled it.
        waited: seconds that it waited for permits.
        meta: facts about the last reply and the number of sends.
    """

    error: Exception | None
    cancelled: bool
    waited: float
    meta: Meta


@frozen
class CacheRead:
    """A ``fetch`` with a ``cache_ttl`` looked for its value.

    Attributes:
        query: the query.
        found: ``"fresh"`` or ``"stale"``: a value; ``"shared"``: an equal query in flight;
            ``"nothing"``: the query starts a request.
        age: seconds since the reply of the value; 0 without one.
    """

    query: BaseQuery[Any]
    found: Literal["fresh", "stale", "shared", "nothing"]
    age: float


@frozen
class CircuitOpened:
    """The server seems to be down: only a probe is sent from time to time.

    Attributes:
        cause: the last failure, as text, or None.
    """

    cause: str | None


@frozen
class CircuitClosed:
    """A reply came: the server is back."""


@frozen
class BudgetChanged:
    """A reply that changed what is known about a budget: a new limit, or a 429.

    Attributes:
        budget: the account, the Workspace and the resource key.
        refused: whether the reply was a 429.
        elsewhere: whether another limit caused that 429, since this budget had requests left.
        limit: the last ``X-Rate-Limit-Limit``, or None.
        remaining: the last ``X-Rate-Limit-Remaining``, or None.
        pace: requests per second at present.
        in_flight: requests on the wire.
        reason: why the next bulk request would wait, or ``"leave"``.
    """

    budget: BudgetKey
    refused: bool
    elsewhere: bool
    limit: float | None
    remaining: float | None
    pace: float
    in_flight: int
    reason: Reason


Event: TypeAlias = QueryEvent | CacheRead | CircuitOpened | CircuitClosed | BudgetChanged
"""Any event: what a hook is called with."""
