"""Makes a stream's queries from the workers of a workspace."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Generator,
    Iterable,
    Sized,
)
from contextlib import aclosing, closing, nullcontext
from typing import Final, TypeVar, cast

from taskrouter_stats.core import queries
from taskrouter_stats.core.query import Query, new_query
from taskrouter_stats.core.window import Window
from taskrouter_stats.models import Worker, WorkerStatistics, check_sid
from taskrouter_stats.models.sids import sid_of

from .items import Items
from .resource_kinds import WORKERS, check_resources

__all__ = ["WorkerQueries", "WorkersInput", "check_workers", "iterate_any", "query_template"]

T = TypeVar("T")

WorkersInput = Iterable[str | Worker] | AsyncIterable[str | Worker]

_ANY_WORKER: Final = "WK" + "0" * 32
"""Worker SID of a template; each query replaces it."""


def query_template(
    workspace_sid: str, window: Window, task_channel: str | None
) -> Query[WorkerStatistics]:
    """Return a query from which ``WorkerQueries`` makes the query of each Worker."""
    return queries.worker_statistics(workspace_sid, _ANY_WORKER, window, task_channel=task_channel)


def check_workers(workers: object, workspace_sid: str) -> None:
    """Check a source of workers, without reading an iterator.

    Raises:
        UsageError: the value is not a source of workers, or it is a listing of another kind.
        InvalidSid: an item of a collection is neither a Worker nor a Worker's SID.
    """
    check_resources(WORKERS, workers, workspace_sid)


class WorkerQueries:
    """Queries for workers, one for each, made lazily; each has its Worker as context."""

    def __init__(
        self, template: Query[WorkerStatistics], workers: WorkersInput | Items[Worker]
    ) -> None:
        check_workers(workers, template.workspace_sid)
        self._template = template
        self._workers = workers
        self._repeated = 0

    def total(self) -> int | None:
        """Return the number of queries, or None while it is unknown."""
        if isinstance(self._workers, Items):
            return self._workers.total
        return len(self._workers) - self._repeated if isinstance(self._workers, Sized) else None

    async def queries(self) -> AsyncGenerator[Query[WorkerStatistics]]:
        """Yield one query for each distinct Worker.

        Closing this generator closes the source of the workers.
        """
        seen: set[str] = set()
        async with aclosing(iterate_any(self._workers)) as workers:
            async for worker in workers:
                query = self._query(worker)
                if (sid := sid_of(query.sid)) in seen:
                    self._repeated += 1
                    continue
                seen.add(sid)
                yield query

    def _query(self, worker: str | Worker) -> Query[WorkerStatistics]:
        template = self._template
        workspace = template.workspace_sid
        given = worker.sid if isinstance(worker, Worker) else worker
        sid = check_sid("worker_sid", given, "WK")
        known = worker if isinstance(worker, Worker) else Worker(sid=sid, workspace_sid=workspace)
        sids, window, filters = (workspace, sid), template.window, template.filters
        return new_query(template.endpoint, sids, window, filters, context=known)


async def iterate_any(source: Iterable[T] | AsyncIterable[T]) -> AsyncGenerator[T]:
    """Yield the items of a sync or async iterable.

    Closing this generator closes a source that is a generator or an ``Items``.
    """
    if isinstance(source, AsyncIterable):
        given = source if isinstance(source, Items) else aiter(source)
        closable = cast("AsyncGenerator[T]", given)
        known = isinstance(given, (AsyncGenerator, Items))
        async with aclosing(closable) if known else nullcontext():
            async for item in given:
                yield item
    elif isinstance(source, Generator):
        with closing(cast("Generator[T]", source)) as items:
            for item in items:
                yield item
    else:
        for item in source:
            yield item
