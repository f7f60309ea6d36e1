"""What is to be fetched: workers by windows, oldest window first, as lazy queries."""

import math
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import attrs
from attrs import define, field, frozen

from taskrouter_stats.core import queries
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.core.window import RETENTION, Window
from taskrouter_stats.errors import InvalidWindow
from taskrouter_stats.models import Worker, WorkerStatistics, check_sid
from taskrouter_stats.session import TaskRouterSession
from taskrouter_stats.session.items import Items
from taskrouter_stats.session.worker_queries import (
    WorkerQueries,
    WorkersInput,
    check_workers,
    query_template,
)

from .rows import Tables, worker_rows

__all__ = [
    "Estimate",
    "WorkerPlan",
    "WorkerQueryCache",
    "key_of",
    "may_be_expired",
    "sid_of",
    "worker_plan",
]

_MARGIN: Final = timedelta(days=1)
"""How much younger than that an expired window may be: clocks differ, and where in a day the
server's retention ends is not documented."""

_OLDEST: Final = RETENTION - _MARGIN

_PAGE: Final = 1000


def may_be_expired(window: Window | None, now: datetime) -> bool:
    """Return whether a window is so old that the server may no longer have its statistics.

    Args:
        window: absolute.
        now: aware.
    """
    return window is not None and window.start is not None and now - window.start > _OLDEST


def key_of(query: Query[Any]) -> str:
    """Return the key under which a query is remembered: its own, with its SIDs in small letters.

    The documents give SIDs as hexadecimal digits of either case, so two spellings are one SID.
    """
    operation, _, rest = query.key.partition(":")
    sids, _, rest = rest.partition(":")
    return f"{operation}:{'/'.join(map(sid_of, sids.split('/')))}:{rest}"


def sid_of(text: str) -> str:
    """Return a SID with its digits in small letters."""
    return text[:2] + text[2:].lower()


@frozen(kw_only=True)
class WorkerPlan:
    """Workers of one Workspace by windows. Make it with :func:`worker_plan`.

    Attributes:
        template: the question, without its worker and window.
        windows: the times asked for, oldest first once they are absolute.
        workers: whom to ask about; None for all.
    """

    template: Query[WorkerStatistics]
    windows: tuple[Window, ...]
    workers: WorkersInput | Listing[Worker] | None = field(default=None, repr=False)

    @property
    def workspace_sid(self) -> str:
        """The Workspace (WS…)."""
        return self.template.workspace_sid

    def at(self, now: datetime) -> "WorkerPlan":
        """The same plan with absolute windows, oldest first, each once."""
        windows = {window.at(now): None for window in self.windows}
        ordered = sorted(windows, key=lambda window: (window.start, window.end))
        return attrs.evolve(self, windows=tuple(ordered))

    def listing(self) -> Listing[Worker] | None:
        """The list that the workers are read from, unless they are given."""
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
        windows: such as ``Window.days(first, last, tz="America/New_York")``; days are cut right
            where clocks change, and rows say their zone.
        workers: SIDs, Workers or a listing of them, sync or async; None for all.
        task_channel: only this TaskChannel, by SID or ``unique_name``.

    Raises:
        InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    check_sid("workspace_sid", workspace_sid, "WS")
    several = isinstance(windows, Iterable) and not isinstance(windows, str)
    found = tuple(cast("Iterable[Window]", windows)) if several else (cast("Window", windows),)
    if not found:
        raise InvalidWindow("a plan needs at least one window")
    for window in found:
        if not isinstance(window, Window):
            raise InvalidWindow(
                f"windows={window!r}: Window objects are expected, such as Window.last(hours=8)"
            )
    if isinstance(workers, Iterable) and not isinstance(workers, (str, bytes, AsyncIterable)):
        workers = tuple(workers)  # asked about once for each window
    check_workers(workers, workspace_sid)
    template = query_template(workspace_sid, found[0], task_channel)
    return WorkerPlan(template=template, windows=found, workers=workers)


@frozen
class Estimate:
    """What a plan costs.

    Attributes:
        workers: how many there are.
        windows: the times asked for, absolute, oldest first.
    """

    workers: int
    windows: tuple[Window, ...]

    @property
    def requests(self) -> int:
        """Statistics requests: one for each worker and window."""
        return self.workers * len(self.windows)

    @property
    def pages(self) -> int:
        """Requests that list the workers."""
        return max(1, math.ceil(self.workers / _PAGE))

    def seconds(self, pace: float) -> float:
        """How long it takes at so many requests a second."""
        return (self.requests + self.pages) / pace

    def expiring(self, now: datetime, pace: float) -> list[Window]:
        """The windows that the server may have forgotten when their last request comes.

        Args:
            now: when the run starts, aware.
            pace: requests per second.
        """
        late: list[Window] = []
        for number, window in enumerate(self.windows, 1):
            asked = now + timedelta(seconds=number * self.workers / pace)
            if window.start is not None and window.start < asked - RETENTION:
                late.append(window)
        return late


@define(eq=False)
class WorkerQueryCache:
    """Queries for each worker, window after window.

    Attributes:
        session: reads the list.
        plan: whose workers they are.
        known: the first window's query for each worker read so far.
        whole: whether all are known.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    known: list[Query[WorkerStatistics]] = field(factory=list[Query[WorkerStatistics]], init=False)
    whole: bool = field(default=False, init=False)
    _told: int = field(default=0, init=False)
    _sids: set[str] = field(factory=set[str], init=False)
    _items: Items[Worker] | None = field(default=None, init=False)

    async def during(self, window: Window) -> AsyncGenerator[Query[WorkerStatistics]]:
        """Yield one query for each worker: read the first time, known later.

        A SID counts once, however often the list or the caller names it.
        """
        if self.whole:
            for query in self.known:
                yield query.with_window(window)
            return
        listing = self.plan.listing()
        self._items = None if listing is None else self.session.iterate(listing)
        given = self.plan.workers if self._items is None else self._items
        source = WorkerQueries(self.plan.template, given or ()).queries()  # type: ignore[arg-type]
        async with aclosing(source) as found:
            async for query in found:
                sid = sid_of(query.sid)
                if sid not in self._sids:
                    self._sids.add(sid)
                    self.known.append(query)
                    yield query.with_window(window)
        self.whole = True

    @property
    def pages(self) -> int:
        """Pages of the list of Workers asked for so far."""
        return 0 if self._items is None else self._items.pages

    def new_worker_rows(self, now: datetime) -> Iterator[Callable[[], Tables]]:
        """What makes the rows of the workers that were listed since this was last asked."""
        tz = self.plan.windows[0].tz
        fresh, self._told = self.known[self._told :], len(self.known)
        for query in fresh:
            worker = query.context
            if isinstance(worker, Worker) and worker.date_created is not None:
                yield partial(worker_rows, worker, now, tz)
