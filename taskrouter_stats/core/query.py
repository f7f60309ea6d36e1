"""Queries as values: an endpoint, SIDs, a window, filters.

The server answers a ``Query[T]`` with one ``T``, a ``Listing[T]`` with pages of them. Both are
immutable, comparable and picklable. ``make_query`` and ``make_listing`` check the arguments.
"""

from typing import Any, Generic, Self, TypeVar, cast
from urllib.parse import urlencode

import attrs
from attrs import field, frozen

from taskrouter_stats.errors import InvalidParameter, InvalidWindow
from taskrouter_stats.models import Worker, WorkerStatistics, check_sid
from taskrouter_stats.models.drafts import maker
from taskrouter_stats.models.record import NamedRecord

from .endpoint import Endpoint
from .plain_numbers import whole_number
from .window import Window

__all__ = [
    "MAX_PAGE_SIZE",
    "BaseQuery",
    "Listing",
    "Query",
    "make_listing",
    "make_query",
    "new_query",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_PAGE_SIZE = 1000
"""Items of a page, at most (https://www.twilio.com/docs/usage/twilios-response)."""


def _page_size(size: object) -> int:
    number = whole_number(size)
    if number is None or not 0 < number <= MAX_PAGE_SIZE:
        raise InvalidParameter(
            "page_size", size, f"expected a whole number from 1 to {MAX_PAGE_SIZE}"
        )
    return number


@frozen(repr=False)
class BaseQuery(Generic[T_co]):
    """The common part of a query and a listing.

    Attributes:
        endpoint: the operation.
        sids: the SIDs of the path, in the path's order.
        window: the time window; None if the operation takes none.
        filters: the other parameters, as names and texts of the URL.
    """

    endpoint: Endpoint[T_co]
    sids: tuple[str, ...]
    window: Window | None = None
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Stable text that names this query: equal for equal queries, in any process."""
        filters = urlencode(self.filters)
        return f"{self.endpoint.name}:{'/'.join(self.sids)}:{self.window or ''}:{filters}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"

    @property
    def workspace_sid(self) -> str:
        """SID of the Workspace, or an empty text."""
        return self.sids[0] if self.sids else ""

    @property
    def sid(self) -> str:
        """Last SID of the path: the Worker's, for worker statistics."""
        return self.sids[-1] if self.sids else ""

    def with_window(self, window: Window) -> Self:
        """Return the same query for another window, with the same context."""
        return attrs.evolve(self, window=window)


@frozen(repr=False)
class Query(BaseQuery[T_co]):
    """A query that the server answers with one ``T``.

    Attributes:
        task_queue_sids: the TaskQueues of a bulk query; empty for every other query.
        resource: the Worker, TaskQueue or Workflow that the query asks about, as the server listed
            it; None if unknown; not compared, not part of ``key``.
    """

    task_queue_sids: tuple[str, ...] = ()
    resource: NamedRecord | None = field(default=None, eq=False, alias="context")

    @property
    def context(self: "Query[WorkerStatistics]") -> Worker:
        """The Worker that the query asks about; not compared, not part of ``key``.

        In a stream over a list of Workers it is the Worker as the server listed it; otherwise it
        has only its SIDs, and is made when it is read. It is ``None`` for a query that does not ask
        for worker statistics.
        """
        if self.resource is None and self.endpoint.model is WorkerStatistics:
            return Worker(sid=self.sid, workspace_sid=self.workspace_sid)
        return cast("Worker", self.resource)

    @property
    def key(self) -> str:
        """Stable text that names this query: equal for equal queries, in any process."""
        return ":".join((super().key, *self.task_queue_sids))

    def with_window(self, window: Window) -> Self:
        """Return the same query for another window, with the same context.

        A stream calls this for each query, so it is faster than ``attrs.evolve``.
        """
        kind, named = type(self), self.resource
        return kind(self.endpoint, self.sids, window, self.filters, self.task_queue_sids, named)


new_query: type[Query[Any]] = maker(Query)
"""``Query`` for hot code: it makes the same queries for a third of the cost."""


@frozen(repr=False)
class Listing(BaseQuery[T_co]):
    """A query that the server answers with a list of ``T``, page by page.

    Attributes:
        page_size: items per request, 1 to 1000; not compared, not part of ``key``.
    """

    page_size: int = field(default=MAX_PAGE_SIZE, eq=False, converter=_page_size)


def make_query(
    endpoint: Endpoint[T], *sids: object, window: object = None, **filters: object
) -> Query[T]:
    """Make a query from a constructor's arguments.

    Args:
        endpoint: the operation.
        sids: the SIDs of its path, in the path's order.
        window: the time window, for an operation that takes one.
        filters: the other parameters by their Python names; a value of None means no filter.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: naming the argument and the rule.
    """
    return new_query(
        endpoint,
        _check_sids(endpoint, sids),
        _check_window(endpoint, window),
        _encode_filters(endpoint, filters),
    )


def make_listing(
    endpoint: Endpoint[T],
    *sids: object,
    page_size: int = MAX_PAGE_SIZE,
    window: object = None,
    **filters: object,
) -> Listing[T]:
    """Make a listing from a constructor's arguments: as ``make_query``, with a page size.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: naming the argument and the rule.
    """
    return Listing(
        endpoint,
        _check_sids(endpoint, sids),
        _check_window(endpoint, window),
        _encode_filters(endpoint, filters),
        page_size=page_size,
    )


def _check_sids(endpoint: Endpoint[Any], sids: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(map(check_sid, endpoint.path_sids, sids, endpoint.sid_prefixes))


def _check_window(endpoint: Endpoint[Any], window: object) -> Window | None:
    if not endpoint.windowed:
        return None
    if isinstance(window, Window):
        return window
    raise InvalidWindow(
        f"window={window!r} is not a Window: give one, such as Window.last(minutes=15)"
    )


def _encode_filters(
    endpoint: Endpoint[Any], filters: dict[str, object]
) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, value in filters.items():
        if value is not None:
            rule = endpoint.filters[name]
            found.append((rule.parameter, rule.encode(name, value)))
    return tuple(found)
