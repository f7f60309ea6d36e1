"""What is asked: an endpoint, SIDs, a window, filters. Values, made by ``queries``.

``Query[T]`` is answered by one ``T``, ``Listing[T]`` by pages of them; both are immutable,
comparable and picklable.
"""

from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar, cast
from urllib.parse import urlencode

import attrs
from attrs import field, frozen

from taskrouter_stats.errors import InvalidParameter, InvalidWindow
from taskrouter_stats.models import Worker, WorkerStatistics, check_sid

from .endpoint import SID_PREFIXES, Endpoint
from .plain import whole_number
from .window import Window

__all__ = ["MAX_PAGE_SIZE", "BaseQuery", "Listing", "Query", "check_arguments"]

T_co = TypeVar("T_co", covariant=True)

MAX_PAGE_SIZE = 1000
"""The most items that a page may hold (https://www.twilio.com/docs/usage/twilios-response)."""


def check_arguments(
    endpoint: Endpoint[Any],
    sids: Mapping[str, object],
    window: Window | None = None,
    filters: Mapping[str, object] | None = None,
) -> tuple[tuple[str, ...], Window | None, tuple[tuple[str, str], ...]]:
    """Check a constructor's arguments; filters that are None are left out.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: naming the argument and the rule.
    """
    checked = tuple(check_sid(name, value, SID_PREFIXES[name]) for name, value in sids.items())
    if endpoint.windowed and not isinstance(window, Window):
        raise InvalidWindow(f"window={window!r} is no Window; Window.last(minutes=15) is")
    texts = tuple(
        (rule.parameter, rule.encode(name, value))
        for name, value in (filters or {}).items()
        if value is not None
        for rule in (endpoint.filters[name],)
    )
    return checked, window, texts


def _page_size(size: object) -> int:
    number = whole_number(size)
    if number is None or not 0 < number <= MAX_PAGE_SIZE:
        raise InvalidParameter("page_size", size, f"a whole number from 1 to {MAX_PAGE_SIZE}")
    return number


@frozen(repr=False)
class BaseQuery(Generic[T_co]):
    """What a query and a listing have in common.

    Attributes:
        endpoint: the operation.
        sids: the SIDs of the path, in the path's order.
        window: the time asked for, or None where the operation takes none.
        filters: the other parameters, as names and texts of the URL.
    """

    endpoint: Endpoint[T_co]
    sids: tuple[str, ...]
    window: Window | None = None
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Stable text that names this question: equal for equal questions, in any process."""
        filters = urlencode(self.filters)
        return f"{self.endpoint.name}:{'/'.join(self.sids)}:{self.window or ''}:{filters}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"

    @property
    def workspace_sid(self) -> str:
        """The Workspace that is asked about, or an empty text."""
        return self.sids[0] if self.sids else ""

    @property
    def sid(self) -> str:
        """The innermost SID: of the Worker, for worker statistics."""
        return self.sids[-1] if self.sids else ""

    def with_window(self, window: Window) -> Self:
        """The same question for another window, its context kept."""
        return attrs.evolve(self, window=window)


@frozen(repr=False)
class Query(BaseQuery[T_co]):
    """A question that is answered by one ``T``.

    Attributes:
        task_queue_sids: the TaskQueues of the one operation that takes many at once.
    """

    task_queue_sids: tuple[str, ...] = ()
    _context: Worker | None = field(default=None, eq=False, alias="context")

    @property
    def context(self: "Query[WorkerStatistics]") -> Worker:
        """The Worker that the query asks about; not a part of the question itself.

        A stream over a list of Workers gives each Worker as the server listed it; otherwise the
        Worker has its SIDs only. Queries about anything else than one Worker have ``None``.
        """
        return cast("Worker", self._context)

    @property
    def key(self) -> str:
        """Stable text that names this question: equal for equal questions, in any process."""
        return ":".join((super().key, *self.task_queue_sids))

    def with_window(self, window: Window) -> Self:
        """As for any question; a stream does this for each, so not by way of all fields' names."""
        kind, context = type(self), self._context
        return kind(self.endpoint, self.sids, window, self.filters, self.task_queue_sids, context)


@frozen(repr=False)
class Listing(BaseQuery[T_co]):
    """A question that is answered by a list of ``T``, page by page.

    Attributes:
        page_size: how many items to ask for at once, 1 to 1000; no part of the question.
    """

    page_size: int = field(default=MAX_PAGE_SIZE, eq=False, converter=_page_size)
