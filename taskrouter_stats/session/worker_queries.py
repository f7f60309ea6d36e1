"""Where a stream's queries come from: the workers of a workspace, however they are given."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Collection,
    Generator,
    Iterable,
    Sized,
)
from contextlib import aclosing, closing
from typing import Final, TypeVar, cast

from taskrouter_stats.core import endpoints, queries
from taskrouter_stats.core.query import Listing, Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import UsageError
from taskrouter_stats.models import Worker, WorkerStatistics, check_sid

from .items import Items

__all__ = ["WorkerQueries", "WorkersInput", "check_workers", "iterate_any", "query_template"]

T = TypeVar("T")

WorkersInput = Iterable[str | Worker] | AsyncIterable[str | Worker]

_ANY_WORKER: Final = "WK" + "0" * 32


def query_template(
    workspace_sid: str, window: Window, task_channel: str | None
) -> Query[WorkerStatistics]:
    """Return a query from which ``WorkerQueries`` makes the query of each Worker."""
    return queries.worker_statistics(workspace_sid, _ANY_WORKER, window, task_channel=task_channel)


def check_workers(workers: object, workspace_sid: str) -> None:
    """Refuse what can't be workers, as far as that shows without reading a source to its end.

    Raises:
        UsageError: for what is no source of workers, or a listing of something else.
        InvalidSid: for what stands in a list in a Worker's place.
    """
    if workers is None:
        return
    if isinstance(workers, (str, bytes, Worker)):
        raise UsageError("workers= takes several: put the one into a list")
    if isinstance(workers, Listing):
        own = cast("Listing[object]", workers)
        if own.endpoint is not endpoints.WORKERS or own.workspace_sid != workspace_sid:
            raise UsageError(f"workers= takes queries.workers({workspace_sid!r}, …), not {own!r}")
    elif not isinstance(workers, (Iterable, AsyncIterable)):
        raise UsageError(
            f"workers= takes SIDs, Workers or a listing of them, not {type(workers).__name__}"
        )
    elif isinstance(workers, Collection):  # whatever can be read twice
        for one in cast("Collection[object]", workers):
            if not isinstance(one, Worker):
                check_sid("worker_sid", one, "WK")


class WorkerQueries:
    """One query for each worker, made as the stream asks for it, the Worker as its context."""

    def __init__(
        self, template: Query[WorkerStatistics], workers: WorkersInput | Items[Worker]
    ) -> None:
        check_workers(workers, template.workspace_sid)
        self._template = template
        self._workers = workers
        self._repeated = 0

    def total(self) -> int | None:
        """How many there will be, as far as is known yet."""
        if isinstance(self._workers, Items):
            return self._workers.total
        return len(self._workers) - self._repeated if isinstance(self._workers, Sized) else None

    async def queries(self) -> AsyncGenerator[Query[WorkerStatistics]]:
        """Yield a query for each Worker, one that is given twice only once.

        What the queries are made of is closed with this generator.
        """
        seen: set[str] = set()
        async with aclosing(iterate_any(self._workers)) as workers:
            async for worker in workers:
                query = self._query(worker)
                if query.sid in seen:
                    self._repeated += 1
                    continue
                seen.add(query.sid)
                yield query

    def _query(self, worker: str | Worker) -> Query[WorkerStatistics]:
        like = self._template
        workspace = like.workspace_sid
        given = worker.sid if isinstance(worker, Worker) else worker
        sid = check_sid("worker_sid", given, "WK")
        known = worker if isinstance(worker, Worker) else Worker(sid=sid, workspace_sid=workspace)
        return Query(like.endpoint, (workspace, sid), like.window, like.filters, context=known)


async def iterate_any(source: Iterable[T] | AsyncIterable[T]) -> AsyncGenerator[T]:
    """What any source gives; a generator, or a listing's next page, ends with this generator."""
    if isinstance(source, (AsyncGenerator, Items)):
        closed_with_this = cast("AsyncGenerator[T]", source)
        async with aclosing(closed_with_this):
            async for item in closed_with_this:
                yield item
    elif isinstance(source, AsyncIterable):
        async for item in source:
            yield item
    elif isinstance(source, Generator):
        with closing(cast("Generator[T]", source)) as given:
            for item in given:
                yield item
    else:
        for item in source:
            yield item
