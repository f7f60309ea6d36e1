"""The workers of a run: read once, while the first window is already being asked for."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from datetime import datetime
from functools import partial

from attrs import define, field

from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.models import Worker, WorkerStatistics
from taskrouter_stats.session import TaskRouterSession
from taskrouter_stats.session.items import Items
from taskrouter_stats.session.sources import WorkerQueries

from .plan import WorkerPlan, sid_of
from .rows import Tables, worker_rows

__all__ = ["Roster"]


@define(eq=False)
class Roster:
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
                yield query.during(window)
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
                    yield query.during(window)
        self.whole = True

    @property
    def pages(self) -> int:
        """Pages of the list of Workers asked for so far."""
        return 0 if self._items is None else self._items.pages

    def unseen(self, now: datetime) -> Iterator[Callable[[], Tables]]:
        """What makes the rows of the workers that were listed since this was last asked."""
        tz = self.plan.windows[0].tz
        fresh, self._told = self.known[self._told :], len(self.known)
        for query in fresh:
            worker = query.context
            if isinstance(worker, Worker) and worker.date_created is not None:
                yield partial(worker_rows, worker, now, tz)
