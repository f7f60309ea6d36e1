"""The plan of an export: workers by windows, oldest window first, as lazy queries.

The list of Workers is read once, while the queries of the first window are sent already.
"""

import math
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
)
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import attrs
from attrs import define, field, frozen

from taskrouter_stats.core import queries
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.core.window import RETENTION, Window
from taskrouter_stats.errors import InvalidWindow, PayloadError, UsageError
from taskrouter_stats.models import Worker, WorkerStatistics, check_sid
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession
from taskrouter_stats.session.items import Items
from taskrouter_stats.session.worker_queries import (
    WorkerQueries,
    WorkersInput,
    check_workers,
    query_template,
)

from .rows import Tables, snapshot_rows

__all__ = [
    "Estimate",
    "WorkerPlan",
    "WorkerQueryCache",
    "key_of",
    "may_be_expired",
    "worker_plan",
]

_MARGIN: Final = timedelta(days=1)
"""Part of ``RETENTION`` in which a window may have expired already: clocks differ, and Twilio does
not document at which time of a day its retention ends."""

_OLDEST: Final = RETENTION - _MARGIN

_PAGE: Final = 1000
"""Workers of one page: the largest page that Twilio documents."""

_BETWEEN_SIDS: Final = re.compile("([:/=&])")
"""What separates the SIDs and filters of a query's key."""


def may_be_expired(window: Window | None, now: datetime) -> bool:
    """Return whether a window is so old that the server may have deleted its statistics.

    Args:
        window: absolute.
        now: aware.
    """
    return window is not None and window.start is not None and now - window.start > _OLDEST


def key_of(query: Query[Any]) -> str:
    """Return the key of a query in the checkpoint: ``query.key`` with its SIDs in lower case."""
    return "".join(map(sid_of, _BETWEEN_SIDS.split(query.key)))


@frozen(kw_only=True)
class WorkerPlan:
    """Workers of one Workspace by windows. Make it with :func:`worker_plan`.

    Attributes:
        template: the query of every worker and window, with placeholders for both.
        windows: the windows to fetch, oldest first once they are absolute.
        workers: the workers to fetch; None for all.
    """

    template: Query[WorkerStatistics]
    windows: tuple[Window, ...]
    workers: WorkersInput | Listing[Worker] | None = field(default=None, repr=False)

    @property
    def workspace_sid(self) -> str:
        """The Workspace (WS…)."""
        return self.template.workspace_sid

    def at(self, now: datetime) -> "WorkerPlan":
        """Return the same plan with absolute windows, oldest first, each once."""
        windows = {window.at(now): None for window in self.windows}
        ordered = sorted(windows, key=lambda window: (window.start, window.end))
        return attrs.evolve(self, windows=tuple(ordered))

    def listing(self) -> Listing[Worker] | None:
        """Return the list that holds the workers, or None if the caller gave SIDs or Workers."""
        if self.workers is None:
            return queries.workers(self.workspace_sid)
        return self.workers if isinstance(self.workers, Listing) else None


def worker_plan(
    workspace_sid: str,
    windows: Window | Iterable[Window],
    *,
    workers: WorkersInput | Listing[Worker] | None = None,
    task_channel: str | None = None,
) -> WorkerPlan:
    """Plan to fetch every worker's statistics for every window.

    Relative windows become absolute once, when the export starts.

    Args:
        workspace_sid: the Workspace (WS…).
        windows: such as ``Window.days(first, last, tz="America/New_York")``. Local days are exact
            on days when clocks change, and each row names its zone.
        workers: SIDs, Workers or a listing of them, sync or async; None for all. A plan with an
            async generator can be read once.
        task_channel: only this TaskChannel, by SID or ``unique_name``; None for all.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: an argument is wrong; nothing was sent.
    """
    check_sid("workspace_sid", workspace_sid, "WS")
    several = isinstance(windows, Iterable) and not isinstance(windows, str)
    found = tuple(cast("Iterable[Window]", windows)) if several else (cast("Window", windows),)
    if not found:
        raise InvalidWindow(
            "windows= is empty: expected at least one Window, such as Window.last(hours=8)"
        )
    for window in found:
        if not isinstance(window, Window):
            raise InvalidWindow(
                f"windows={window!r}: expected Window objects, such as Window.last(hours=8)"
            )
    if isinstance(workers, Iterable) and not isinstance(workers, (str, bytes, AsyncIterable)):
        workers = tuple(workers)  # read once for each window
    check_workers(workers, workspace_sid)
    if isinstance(workers, AsyncIterator):
        workers = _ReadOnce(workers)
    template = query_template(workspace_sid, found[0], task_channel)
    return WorkerPlan(template=template, windows=found, workers=workers)


@define(eq=False)
class _ReadOnce(AsyncIterable[str | Worker]):
    """Workers from an async iterator, which has nothing left for a second reader."""

    _source: AsyncIterator[str | Worker] | None

    def __aiter__(self) -> AsyncIterator[str | Worker]:
        source, self._source = self._source, None
        if source is None:
            raise UsageError("an async generator is read once: make a new plan, or give a list")
        return source


@frozen
class Estimate:
    """The requests and the time that a plan takes.

    Attributes:
        workers: number of workers, >= 0.
        windows: the windows to fetch, absolute, oldest first.
    """

    workers: int
    windows: tuple[Window, ...]

    @property
    def requests(self) -> int:
        """Number of statistics requests: one for each worker and window."""
        return self.workers * len(self.windows)

    @property
    def pages(self) -> int:
        """Number of requests that list the workers."""
        return max(1, math.ceil(self.workers / _PAGE))

    def seconds(self, pace: float) -> float:
        """Return the seconds that the plan takes at a pace in requests per second, > 0."""
        return (self.requests + self.pages) / pace

    def expiring(self, now: datetime, pace: float) -> list[Window]:
        """Return the windows that may have expired when their last request is sent.

        Args:
            now: when the run starts, aware.
            pace: requests per second, > 0.
        """
        late: list[Window] = []
        for number, window in enumerate(self.windows, 1):
            sent_at = now + timedelta(seconds=number * self.workers / pace)
            if window.start is not None and window.start < sent_at - RETENTION:
                late.append(window)
        return late


@define(eq=False)
class WorkerQueryCache:
    """Queries of a plan; the list of Workers is read once and kept for later windows.

    Attributes:
        session: fetches the list.
        plan: the plan.
        known: the first window's query for each worker read so far.
        complete: whether the list was read to its end.
        error: the error of a list that can't be read in full, such as one with an item that is
            not a Worker; the workers in ``known`` get their queries all the same.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    known: list[Query[WorkerStatistics]] = field(factory=list[Query[WorkerStatistics]], init=False)
    complete: bool = field(default=False, init=False)
    error: PayloadError | None = field(default=None, init=False)
    _reported: int = field(default=0, init=False)
    _sids: set[str] = field(factory=set[str], init=False)
    _items: Items[Worker] | None = field(default=None, init=False)

    async def for_window(self, window: Window) -> AsyncGenerator[Query[WorkerStatistics]]:
        """Yield one query for each worker, and read the list of Workers for the first window.

        A SID counts once, however often the list or the caller names it.
        """
        if self.complete or self.error is not None:
            for query in self.known:
                yield query.with_window(window)
            return
        try:
            async with aclosing(self._read()) as queries_read:
                async for query in queries_read:
                    yield query.with_window(window)
        except PayloadError as error:
            self.error = error

    async def _read(self) -> AsyncGenerator[Query[WorkerStatistics]]:
        """Yield one query for each worker, read from the list or from what the caller gave."""
        listing = self.plan.listing()
        self._items = None if listing is None else self.session.iterate(listing)
        given = self.plan.workers if self._items is None else self._items
        given = () if given is None else given
        source = WorkerQueries(self.plan.template, given).queries()  # type: ignore[arg-type]
        async with aclosing(source) as found:
            async for query in found:
                sid = sid_of(query.sid)
                if sid not in self._sids:
                    self._sids.add(sid)
                    self.known.append(query)
                    yield query
        self.complete = True

    @property
    def pages(self) -> int:
        """Pages of the list of Workers requested so far."""
        return 0 if self._items is None else self._items.pages

    def new_worker_rows(self, now: datetime) -> Iterator[Callable[[], Tables]]:
        """Yield a maker of rows for each worker listed since the last call."""
        tz = self.plan.windows[0].tz
        new, self._reported = self.known[self._reported :], len(self.known)
        for query in new:
            worker = query.context
            if isinstance(worker, Worker) and worker.date_created is not None:
                yield partial(snapshot_rows, worker, now, tz)
