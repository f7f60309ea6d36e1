"""Answers equal queries from one request, and for a while from its value.

A query that is equal to one in flight joins its request. A *shared* request runs in a task of its
own, so a caller that is cancelled ends its own wait only; the last caller that leaves cancels the
request. Each caller keeps its own ``max_wait`` and gets its own copy of an error. An interactive
caller promotes a request that waits among bulk requests. Errors are not cached.

A value's age is checked when it is read, so there is no timer. Values are frozen, and callers share
them. A query relative to now is equal to another with the same length, whenever it is made.
"""

import asyncio
import copy
from collections import OrderedDict
from typing import Any, NamedTuple, TypeVar, cast

import attrs
from attrs import define, field

from taskrouter_stats.core.cache_policy import CachePolicy
from taskrouter_stats.core.outcome import Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.errors import SessionClosed

from .call_state import CallState
from .lifecycle import OpenSession, SessionLifecycle
from .query_runner import QueryRunner
from .shared_wait import SharedWait

__all__ = ["QueryCache"]

T = TypeVar("T")


class _Entry(NamedTuple):
    """A value, when its reply came, and when nobody will want it any more (loop time)."""

    success: Success[Any]
    at: float
    kept_until: float


@define(eq=False, repr=False)
class _SharedRequest:
    """A request in flight and its callers.

    Attributes:
        call: the request's state.
        wait: the callers' limits.
        task: runs the request.
        kept: seconds for which a caller may want the value.
        in_background: whether the request goes on without callers.
        callers: the futures that get the answer.
    """

    call: CallState
    wait: SharedWait
    task: "asyncio.Task[Success[Any]]"
    kept: float = 0.0
    in_background: bool = False
    callers: "set[asyncio.Future[Success[Any]]]" = field(
        factory=set["asyncio.Future[Success[Any]]"]
    )

    def deliver(self, task: "asyncio.Task[Success[Any]]") -> None:
        """Give each caller the value, or a separate copy of the error."""
        error = SessionClosed("the session was closed") if task.cancelled() else task.exception()
        for caller in self.callers:
            if caller.done():
                continue
            if error is None:
                caller.set_result(task.result())
            else:
                caller.set_exception(_own_copy(error))


class QueryCache:
    """The shared requests and the values of one session."""

    def __init__(
        self, lifecycle: SessionLifecycle, runner: QueryRunner, policy: CachePolicy | None
    ) -> None:
        self._lifecycle = lifecycle
        self._runner = runner
        self._max_entries = (policy or CachePolicy()).max_entries
        self._requests: dict[Query[Any], _SharedRequest] = {}
        self._entries: OrderedDict[Query[Any], _Entry] = OrderedDict()

    async def fetch(
        self, query: Query[T], policy: CachePolicy, *, interactive: bool, max_wait: float | None
    ) -> Success[T]:
        """Return a value that is fresh by this policy, or share a request for it.

        Raises:
            TaskRouterStatsError: the request's error, or this caller's own ``PaceError``.
        """
        opened = self._lifecycle.require_open()
        now, hooks = opened.loop.time(), opened.executor.hooks
        fresh = policy.ttl(query.endpoint)
        kept = fresh + policy.stale
        entry = self._entries.get(query)
        if entry is not None and (age := now - entry.at) < kept:
            if age >= fresh:
                self._request(opened, query, kept, interactive=False, in_background=True)
            found = entry.success
            if hooks is not None:
                hooks.cache_read(query, "fresh" if age < fresh else "stale", age)
            return Success(query, cast("T", found.value), attrs.evolve(found.meta, age=age))
        if hooks is not None:
            hooks.cache_read(query, "shared" if query in self._requests else "nothing", 0.0)
        request = self._request(opened, query, kept, interactive=interactive)
        found = await self._wait(query, request, interactive=interactive, max_wait=max_wait)
        return Success(query, cast("T", found.value), found.meta)

    def _request(
        self,
        opened: OpenSession,
        query: Query[Any],
        kept: float,
        *,
        interactive: bool,
        in_background: bool = False,
    ) -> _SharedRequest:
        """Return the query's request in flight; start it if there is none."""
        request = self._requests.get(query)
        if request is None:
            wait = SharedWait(opened.loop.time)
            call = self._runner.new_call(query, interactive=interactive, shared=wait)
            task = self._lifecycle.start(self._runner.fetch(opened, query, call))
            request = _SharedRequest(call, wait, task, in_background=in_background)
            self._requests[query] = request
            task.add_done_callback(lambda _: self._end(query, request))
        request.kept = max(request.kept, kept)
        return request

    async def _wait(
        self,
        query: Query[Any],
        request: _SharedRequest,
        *,
        interactive: bool,
        max_wait: float | None,
    ) -> Success[Any]:
        caller: asyncio.Future[Success[Any]] = asyncio.get_running_loop().create_future()
        request.callers.add(caller)
        if max_wait is not None:
            request.wait.add(caller, max_wait)
        if interactive and not request.call.interactive:
            request.call.interactive = True
            request.wait.promote()
        try:
            return await caller
        finally:
            request.callers.discard(caller)
            request.wait.remove(caller)
            if not request.callers and not request.in_background and not request.task.done():
                self._forget(query, request)
                request.task.cancel()

    def _end(self, query: Query[Any], request: _SharedRequest) -> None:
        """Store the value of a finished request and deliver its outcome."""
        self._forget(query, request)
        task = request.task
        if not task.cancelled() and task.exception() is None:
            self._store(query, task.result(), request.kept)
        request.deliver(task)

    def _forget(self, query: Query[Any], request: _SharedRequest) -> None:
        """Let the next equal query start a new request."""
        if self._requests.get(query) is request:
            del self._requests[query]

    def _store(self, query: Query[Any], success: Success[Any], kept: float) -> None:
        """Store a value as the newest; drop the oldest while too old or too many."""
        now = asyncio.get_running_loop().time()
        self._entries.pop(query, None)
        if kept > 0:
            self._entries[query] = _Entry(success, now, now + kept)
        while self._entries:
            oldest = next(iter(self._entries.values()))
            if oldest.kept_until > now and len(self._entries) <= self._max_entries:
                break
            self._entries.popitem(last=False)


def _own_copy(error: BaseException) -> BaseException:
    """Return a copy without traceback; the error itself if it is a foreign one without copies."""
    try:
        return copy.deepcopy(error)
    except Exception:  # noqa: BLE001 (an exception's constructor may do anything)
        return error
