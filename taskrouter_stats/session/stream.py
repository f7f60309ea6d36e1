"""Runs many queries and delivers their outcomes.

Worker tasks, as many as bulk requests may be in flight, each pull a query, run it, store its
outcome and pull the next one. At most twice ``max_in_flight`` queries are pulled and not yet
delivered: a slow consumer slows the pulling, and memory does not grow with the number of queries.
Workers never wait to store an outcome, so a consumer may ``fetch`` inside its loop without a
deadlock.
"""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
)
from contextlib import aclosing, closing, nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from taskrouter_stats.core.fatal_errors import FatalErrorDetector
from taskrouter_stats.core.outcome import Failure, Outcome, Progress
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import SessionMisuse, UsageError

from .call_state import RunCounters
from .wakeup import wake
from .worker_queries import iterate_any

__all__ = ["OutcomeStream", "Source"]

T = TypeVar("T")

Source = Iterable[Query[T]] | AsyncIterable[Query[T]]
_FetchOutcome = Callable[[Query[T], RunCounters], Awaitable[Outcome[T]]]


class OutcomeStream(Generic[T]):
    """The outcomes of many queries, one for each query.

    ::

        async with session.stream(queries) as outcomes:
            async for outcome in outcomes:
                ...

    A failed query is a :class:`Failure`, and the stream continues. An error that every query would
    repeat ends the stream: a 401, a 403 or an untrusted certificate before any success, or the
    same error from each of the first 20 workers. If the source of the queries fails, the stream
    delivers the finished outcomes and then raises the source's error: it never ends as if complete.
    Leaving the ``async with`` cancels every request in flight.
    """

    def __init__(
        self,
        fetch_outcome: _FetchOutcome[T],
        source: Source[T],
        *,
        workers: Callable[[], int],
        ordered: bool,
        max_ahead: float,
        total: Callable[[], int | None],
        register: Callable[["OutcomeStream[Any]"], None],
    ) -> None:
        if not _can_hold_queries(type(source)):
            raise _source_error(type(source))
        self._fetch_outcome = fetch_outcome
        self._queries = source
        self._max_workers = workers
        self._ordered = ordered
        self._max_ahead = max_ahead
        self._register = register
        self._known_total = total
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = 0.0
        self._began_time = datetime.min.replace(tzinfo=UTC)
        self._sync: Generator[Query[T]] | None = None
        self._async: AsyncGenerator[Query[T]] | None = None
        self._pull_lock = asyncio.Lock()
        self._workers: set[asyncio.Task[None]] = set()
        self._ready: dict[int, Outcome[T]] = {}
        self._order: deque[int] = deque()
        self._pulled = self._delivered = self._done = self._failed = 0
        self._counters = RunCounters()
        self._fatal_errors = FatalErrorDetector()
        self._drained = self._exhausted = False
        self._error: BaseException | None = None
        self._wake: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._iterating = False
        self._ended_at: float | None = None
        self._windows: dict[Window, Window] = {}

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise SessionMisuse(
                "this stream was already entered: call session.stream() again for a new one"
            )
        self._register(self)
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._began_time = datetime.now(UTC)
        if isinstance(self._queries, AsyncIterable):
            self._async = _iterate(self._queries)
        else:
            self._sync = _iterate_sync(self._queries)
        self._start_worker()
        return self

    def __aiter__(self) -> Self:
        if self._loop is None:
            raise SessionMisuse(
                "this stream was not entered: use `async with session.stream(…) as outcomes:`"
            )
        if self._iterating:
            raise SessionMisuse(
                "this stream is already being read: call session.stream() again for a new one"
            )
        self._iterating = True
        return self

    async def __anext__(self) -> Outcome[T]:
        if self._loop is None:
            self.__aiter__()
        while True:
            outcome = self._take()
            if outcome is not None:
                return outcome
            if not self._workers:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            if self._wake is not None and not self._wake.done():
                raise SessionMisuse(
                    "another task already waits for this stream's next outcome: read a stream in "
                    "one task"
                )
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    async def collect(self) -> list[Outcome[T]]:
        """Return all outcomes: as they finish, or in the queries' order for an ordered stream."""
        async with self:
            return [outcome async for outcome in self]

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel every request in flight and drop outcomes that were not delivered."""
        if asyncio.current_task() in self._workers:
            raise SessionMisuse("the source of a stream can't close it: end the source instead")
        self.end(SessionMisuse("this stream was left: call session.stream() again for a new one"))
        self._ready.clear()
        self._order.clear()
        interruption: asyncio.CancelledError | None = None
        while pending := self._running_workers():
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError as error:
                interruption = error  # wait on: no task may outlive the stream
        if self._sync is not None:
            self._sync.close()
        if self._async is not None:
            await self._async.aclose()
        if interruption is not None:
            raise interruption

    async def join(self) -> None:
        """Wait until all worker tasks have ended, except the calling task."""
        while pending := self._running_workers():
            await asyncio.wait(pending)

    def end(self, error: BaseException) -> None:
        """Stop pulling and cancel the workers; ``error`` is raised after the finished outcomes."""
        self._drained = True
        if self._error is None:
            self._error = error
        current = asyncio.current_task()
        for task in self._workers:
            if task is not current:
                task.cancel()

    @property
    def progress(self) -> Progress:
        """Current progress of the run."""
        if self._loop is None:
            return Progress(0, 0, self._known_total(), 0, 0, 0.0, 0.0, None)
        now = self._loop.time() if self._ended_at is None else self._ended_at
        elapsed = now - self._began
        rate = self._done / elapsed if elapsed > 0 else 0.0
        total = self._pulled if self._exhausted else self._known_total()
        eta = (total - self._done) / rate if total is not None and rate > 0 else None
        retried, refused = self._counters.retried, self._counters.refused
        return Progress(self._done, self._failed, total, retried, refused, elapsed, rate, eta)

    def _running_workers(self) -> "list[asyncio.Task[None]]":
        current = asyncio.current_task()
        return [task for task in self._workers if not task.done() and task is not current]

    def _start_worker(self) -> None:
        """Start a worker."""
        # not eagerly, even with an eager task factory, since each worker starts the next one
        task = asyncio.Task(self._run_worker(), loop=asyncio.get_running_loop())
        self._workers.add(task)
        task.add_done_callback(self._worker_done)

    def _worker_done(self, task: "asyncio.Task[None]") -> None:
        self._workers.discard(task)
        if not task.cancelled():
            error = task.exception()
        elif self._error is not None:
            error = None
        else:  # cancelled, but not by end(): the stream must not look complete
            error = SessionMisuse(
                "other code cancelled a task of this stream or its source of queries: "
                "cancel the task that reads the stream"
            )
        if error is not None:
            self.end(error)
        if not self._workers:
            self._ended_at = task.get_loop().time()
            wake(self._wake)

    async def _run_worker(self) -> None:
        while found := self._pull_nowait() or await self._pull():
            number, query = found
            outcome = await self._fetch_outcome(query, self._counters)
            error = self._fatal_errors.check(outcome)
            if error is not None:
                self.end(error)
                return
            self._done += 1
            self._failed += isinstance(outcome, Failure)
            self._ready[number] = outcome
            if not self._ordered:
                self._order.append(number)
            wake(self._wake)

    def _pull_nowait(self) -> tuple[int, Query[T]] | None:
        """Return the next query of a sync source and its number, if its outcome has room."""
        if self._sync is None or self._drained or self._is_full():
            return None
        try:
            return self._number(next(self._sync))
        except StopIteration:
            self._exhaust()
        except Exception as error:  # noqa: BLE001 (the stream raises it later)
            self._drained, self._error = True, error
        return None

    async def _pull(self) -> tuple[int, Query[T]] | None:
        """Return the next query and its number once its outcome has room; None at the end."""
        async with self._pull_lock:
            while not self._drained and self._is_full():
                self._room = asyncio.get_running_loop().create_future()
                await self._room
            if self._drained or self._async is None:
                return self._pull_nowait()
            try:
                return self._number(await anext(self._async))
            except StopAsyncIteration:
                self._exhaust()
            except Exception as error:  # noqa: BLE001 (the stream raises it later)
                self._drained, self._error = True, error
        return None

    def _is_full(self) -> bool:
        return self._pulled - self._delivered >= self._max_ahead

    def _exhaust(self) -> None:
        """Record that the source has no more queries."""
        self._drained = self._exhausted = True
        self._counters.upcoming = 0

    def _number(self, query: Query[T]) -> tuple[int, Query[T]]:
        """Count a pulled query; start another worker, so that no worker is idle."""
        number = self._pulled
        self._pulled += 1
        total = self._known_total()
        self._counters.upcoming = 0 if total is None else max(0, total - self._pulled)
        if len(self._workers) < self._max_workers():
            self._start_worker()
        return number, self._absolute(query)

    def _absolute(self, query: Query[T]) -> Query[T]:
        """Return the query with a relative window resolved to the time the stream was entered."""
        window = query.window
        if window is None or window.minutes is None:
            return query
        if window not in self._windows:
            self._windows[window] = window.at(self._began_time)
        return query.with_window(self._windows[window])

    def _take(self) -> Outcome[T] | None:
        if self._ordered:
            outcome = self._ready.pop(self._delivered, None)
        else:
            outcome = self._ready.pop(self._order.popleft()) if self._order else None
        if outcome is not None:
            self._delivered += 1
            wake(self._room)
        return outcome


async def _iterate(source: AsyncIterable[Query[T]]) -> AsyncGenerator[Query[T]]:
    async with aclosing(iterate_any(source)) as queries:
        async for query in queries:
            yield _checked(query)


def _iterate_sync(source: Iterable[Query[T]]) -> Generator[Query[T]]:
    closable = cast("Generator[Query[T]]", source)
    with closing(closable) if isinstance(source, Generator) else nullcontext():
        for query in source:
            yield _checked(query)


def _checked(query: Query[T]) -> Query[T]:
    """Return a query that a source yielded; refuse anything else."""
    if isinstance(query, Query):
        return query
    raise _source_error(type(query))


def _can_hold_queries(kind: type) -> bool:
    never = (str, bytes, Mapping)
    return issubclass(kind, (Iterable, AsyncIterable)) and not issubclass(kind, never)


def _source_error(kind: type) -> UsageError:
    return UsageError(
        f"stream() takes an iterable of queries, not {kind.__name__}: make queries with "
        "`taskrouter_stats.queries`; for one query use session.fetch(), for a listing "
        "session.iterate()"
    )
