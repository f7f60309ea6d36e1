"""Runs many queries and hands their outcomes over.

Workers, at most ``max_in_flight`` of them, each pull a query, have it answered, put the outcome
down and pull again. One rule bounds everything: at most twice ``max_in_flight`` queries have been
pulled and not yet delivered, so a slow consumer slows the pulling, and neither the number of
queries nor that of outcomes matters for memory. Nobody waits to put an outcome down, so nothing
that a consumer does inside its loop, such as a ``fetch``, can block what it waits for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from taskrouter_stats.core.fatal_errors import FatalErrorDetector
from taskrouter_stats.core.outcome import Failure, Outcome, Progress
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import SessionMisuse, UsageError

from .executor import RunCounters
from .worker_queries import iterate_any

__all__ = ["OutcomeStream", "Source"]

T = TypeVar("T")

Source = Iterable[Query[T]] | AsyncIterable[Query[T]]
_Answer = Callable[[Query[T], RunCounters], Awaitable[Outcome[T]]]


class OutcomeStream(Generic[T]):
    """The outcomes of many queries, each exactly once.

    ::

        async with session.stream(queries) as outcomes:
            async for outcome in outcomes:
                ...

    A failed query is a :class:`Failure` and ends nothing. What would repeat for every query ends
    the stream with that error: a 401, a 403 or an untrusted certificate before any success, the
    same error from each of the first 20 workers. When the queries' source fails, what was made is
    delivered first, then its error is raised: a stream never ends as if complete. Leaving the
    ``async with`` ends every request that is still under way.
    """

    def __init__(
        self,
        answer: _Answer[T],
        source: Source[T],
        *,
        workers: int,
        ordered: bool,
        max_ahead: float,
        total: Callable[[], int | None],
        register: Callable[["OutcomeStream[Any]"], None],
    ) -> None:
        if not _can_hold_queries(type(source)):
            raise _source_error(type(source))
        self._answer = answer
        self._origin = source
        self._workers_wanted = workers
        self._ordered = ordered
        self._ahead = max_ahead
        self._enter = register
        self._known_total = total
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = 0.0
        self._began_time = datetime.min.replace(tzinfo=UTC)
        self._source: AsyncGenerator[Query[T]] | None = None
        self._pull_lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: dict[int, Outcome[T]] = {}
        self._order: deque[int] = deque()
        self._pulled = self._delivered = self._done = self._failed = 0
        self._tally = RunCounters()
        self._watch = FatalErrorDetector()
        self._drained = self._exhausted = False
        self._error: BaseException | None = None
        self._wake: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._iterating = False
        self._ended_at: float | None = None
        self._windows: dict[Window, Window] = {}

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise SessionMisuse("a stream is entered once: call session.stream() again")
        self._enter(self)
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._began_time = datetime.now(UTC)
        self._source = _iterate(self._origin)
        self._start_worker(self._source)
        return self

    def __aiter__(self) -> Self:
        if self._loop is None:
            raise SessionMisuse(
                "enter the stream first: `async with session.stream(…) as outcomes:`"
            )
        if self._iterating:
            raise SessionMisuse("a stream is read once: call session.stream() again")
        self._iterating = True
        return self

    async def __anext__(self) -> Outcome[T]:
        if self._loop is None:
            self.__aiter__()
        while True:
            outcome = self._take()
            if outcome is not None:
                return outcome
            if not self._tasks:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            if self._wake is not None and not self._wake.done():
                raise SessionMisuse("another task waits for this stream's next outcome: one reads")
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    async def collect(self) -> list[Outcome[T]]:
        """Enter, read to the end, leave; as they finish, or in order for an ordered stream."""
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
        """End every request under way; what was not delivered is dropped."""
        self.end(SessionMisuse("the stream was left: call session.stream() again"))
        self._ready.clear()
        self._order.clear()
        interruption: asyncio.CancelledError | None = None
        while pending := self._under_way():
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError as error:
                interruption = error  # the tasks are ending; nothing may outlive the stream
        if self._source is not None:
            await self._source.aclose()
        if interruption is not None:
            raise interruption

    async def join(self) -> None:
        """Wait until nothing is under way any more, but for the task that asks."""
        while pending := self._under_way():
            await asyncio.wait(pending)

    def end(self, error: BaseException) -> None:
        """Stop pulling and cancel what is under way; ``error`` comes after what is ready."""
        self._drained = True
        if self._error is None:
            self._error = error
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    @property
    def progress(self) -> Progress:
        """How far the run is, at this moment."""
        if self._loop is None:
            return Progress(0, 0, self._known_total(), 0, 0, 0.0, 0.0, None)
        now = self._loop.time() if self._ended_at is None else self._ended_at
        elapsed = now - self._began
        rate = self._done / elapsed if elapsed > 0 else 0.0
        total = self._pulled if self._exhausted else self._known_total()
        eta = (total - self._done) / rate if total is not None and rate > 0 else None
        retried, refused = self._tally.retried, self._tally.refused
        return Progress(self._done, self._failed, total, retried, refused, elapsed, rate, eta)

    def _under_way(self) -> "list[asyncio.Task[None]]":
        current = asyncio.current_task()
        return [task for task in self._tasks if not task.done() and task is not current]

    def _start_worker(self, source: AsyncGenerator[Query[T]]) -> None:
        """One more worker: called whenever a query was found, so there are never idle ones."""
        # never started eagerly, whatever the loop's task factory: a worker hires the next one
        task = asyncio.Task(self._run_worker(source), loop=asyncio.get_running_loop())
        self._tasks.add(task)
        task.add_done_callback(self._worker_done)

    def _worker_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            error = task.exception()
        elif self._error is not None:
            error = None
        else:  # not by end(): nothing was wrong with the stream, and it must not look complete
            error = SessionMisuse("a task of the stream, or its source, was cancelled from outside")
        if error is not None:
            self.end(error)
        if not self._tasks:
            self._ended_at = task.get_loop().time()
            _ring(self._wake)

    async def _run_worker(self, source: AsyncGenerator[Query[T]]) -> None:
        while (found := await self._pull(source)) is not None:
            number, query = found
            outcome = await self._answer(query, self._tally)
            error = self._watch.check(outcome)
            if error is not None:
                self.end(error)
                return
            self._done += 1
            self._failed += isinstance(outcome, Failure)
            self._ready[number] = outcome
            if not self._ordered:
                self._order.append(number)
            _ring(self._wake)

    async def _pull(self, source: AsyncGenerator[Query[T]]) -> tuple[int, Query[T]] | None:
        """The next query and its number, once there is room for its outcome; None at the end."""
        async with self._pull_lock:
            while not self._drained and self._pulled - self._delivered >= self._ahead:
                self._room = asyncio.get_running_loop().create_future()
                await self._room
            if self._drained:
                return None
            try:
                query = await anext(source)
            except StopAsyncIteration:
                self._drained = self._exhausted = True
                self._tally.upcoming = 0
                return None
            except Exception as error:  # noqa: BLE001 (whatever the caller's source raises is the caller's)
                self._drained, self._error = True, error
                return None
            number = self._pulled
            self._pulled += 1
            total = self._known_total()
            self._tally.upcoming = 0 if total is None else max(0, total - self._pulled)
        if len(self._tasks) < self._workers_wanted:
            self._start_worker(source)
        return number, self._absolute(query)

    def _absolute(self, query: Query[T]) -> Query[T]:
        """Relative windows count back from the moment at which the stream was entered."""
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
            _ring(self._room)
        return outcome


def _ring(bell: "asyncio.Future[None] | None") -> None:
    if bell is not None and not bell.done():
        bell.set_result(None)


async def _iterate(source: Source[T]) -> AsyncGenerator[Query[T]]:
    async with aclosing(iterate_any(source)) as queries:
        async for query in queries:
            if not isinstance(query, Query):
                raise _source_error(type(query))
            yield query


def _can_hold_queries(kind: type) -> bool:
    never = (str, bytes, Mapping)
    return issubclass(kind, (Iterable, AsyncIterable)) and not issubclass(kind, never)


def _source_error(kind: type) -> UsageError:
    return UsageError(
        f"stream() takes many queries, not {kind.__name__}; one is answered by "
        "session.fetch(), a listing is read with session.iterate(), and queries come from "
        "`taskrouter_stats.queries`"
    )
