"""Runs queries: builds the request, executes it and converts its payload into a value."""

from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

import attrs

from taskrouter_stats.core.error_hints import hint_for
from taskrouter_stats.core.outcome import Failure, Outcome, Success, new_success
from taskrouter_stats.core.paging import Page, read_page, with_smaller_page
from taskrouter_stats.core.query import BaseQuery, Listing, Query
from taskrouter_stats.core.request import Request, build_page_request, build_request
from taskrouter_stats.errors import (
    ApiError,
    PayloadError,
    ServerError,
    TaskRouterStatsError,
    UsageError,
)
from taskrouter_stats.models import (
    ReservationCounts,
    TasksRealTime,
    WorkersRealTime,
    structure,
)

from .call_state import CallState, RunCounters
from .lifecycle import OpenSession, SessionLifecycle
from .shared_wait import SharedWait

__all__ = ["QueryRunner"]

T = TypeVar("T")

_STATISTICS = (ReservationCounts, TasksRealTime, WorkersRealTime)
"""Records that an answer to a statistics query is, or has as its cumulative part."""


class QueryRunner:
    """Runs the queries and pages of a session."""

    def __init__(self, lifecycle: SessionLifecycle, account: str) -> None:
        self._lifecycle = lifecycle
        self._account = account
        self._uncounted = RunCounters()
        """The counters of all requests that belong to no run; nobody reads them."""

    def new_call(
        self,
        query: Query[Any],
        *,
        interactive: bool,
        max_wait: float | None = None,
        shared: SharedWait | None = None,
    ) -> CallState:
        """Return the state of a request that was not sent yet."""
        request = build_request(query, self._account)
        call = CallState(request, self._uncounted, interactive, max_wait)
        call.shared = shared
        return call

    def value(
        self, query: Query[T], *, interactive: bool, max_wait: float | None
    ) -> Coroutine[Any, Any, T]:
        """Return the coroutine that returns one query's value, or raises its error."""
        opened = self._lifecycle.require_open()
        call = self.new_call(query, interactive=interactive, max_wait=max_wait)
        return _watched(opened, call, _value(opened, query, call))

    async def fetch(self, opened: OpenSession, query: Query[T], call: CallState) -> Success[T]:
        """Return one query's result; raise its error."""
        value = await _watched(opened, call, _value(opened, query, call))
        return new_success(query, value, call.meta(opened.loop.time()))

    async def fetch_outcome(self, query: Query[T], counters: RunCounters) -> Outcome[T]:
        """Return one query's outcome; raise only a ``UsageError`` or an unexpected exception."""
        opened = self._lifecycle.require_open()
        call = CallState(build_request(query, self._account), counters)
        try:
            value = await _watched(opened, call, _value(opened, query, call))
        except UsageError:
            raise
        except TaskRouterStatsError as error:
            # a traceback would keep this attempt's frames alive
            failed = error.with_traceback(None)
            return Failure(query, failed, call.meta(opened.loop.time()))
        return new_success(query, value, call.meta(opened.loop.time()))

    async def fetch_page(self, listing: Listing[Any], target: str) -> Page:
        """Fetch one page of a list; if the server fails at a large page, a smaller one."""
        opened = self._lifecycle.require_open()
        request = build_page_request(listing, target, self._account)
        try:
            return await self._page(opened, listing, request)
        except ServerError:
            smaller = with_smaller_page(request.target)
            if smaller is None:
                raise
        return await self._page(opened, listing, attrs.evolve(request, target=smaller))

    async def _page(self, opened: OpenSession, listing: Listing[Any], request: Request) -> Page:
        call = CallState(request, self._uncounted, interactive=True)
        return await _watched(opened, call, _read_page(opened, listing, call))


def _watched(
    opened: OpenSession, call: CallState, work: Coroutine[Any, Any, T]
) -> Coroutine[Any, Any, T]:
    """Return the work of a query; with hooks, the work that tells them of its start and end."""
    hooks = opened.executor.hooks
    return work if hooks is None else hooks.watch(call, work, opened.loop.time)


async def _read_page(opened: OpenSession, listing: Listing[Any], call: CallState) -> Page:
    try:
        payload = await opened.executor.execute(call)
        return read_page(listing, payload, None if call.reply is None else call.reply.served_at)
    except (ApiError, PayloadError) as error:
        raise _with_context(error, listing, call) from None


async def _value(opened: OpenSession, query: Query[T], call: CallState) -> T:
    try:
        value = structure(await opened.executor.execute(call), query.endpoint.model)
        _check_statistics(value)
    except (ApiError, PayloadError) as error:
        raise _with_context(error, query, call) from None
    complete = query.endpoint.add_request_data
    return value if complete is None else complete(value, query.task_queue_sids)


def _check_statistics(value: object) -> None:
    """Refuse statistics that hold no time, count or duration, such as those of another kind."""
    part = getattr(value, "cumulative", value)
    if not isinstance(part, _STATISTICS):
        return
    kind: Any = type(part)
    names = _statistics(kind)
    for name in names:
        if getattr(part, name) is not None:
            return
    path = "$" if part is value else "$.cumulative"
    example = next(name for name in names if name == "end_time" or name.startswith("total_"))
    raise PayloadError([f"{path}: expected at least one statistic, such as {example}, got none"])


@lru_cache(maxsize=64)
def _statistics(model: type[Any]) -> tuple[str, ...]:
    """Return the fields that hold a time, a count or a duration."""
    names = (field.name for field in attrs.fields(model))
    return tuple(n for n in names if not n.endswith("_sid") and n not in {"url", "extra"})


def _with_context(
    error: ApiError | PayloadError, query: BaseQuery[Any], call: CallState
) -> Exception:
    """Return the error with its request ID, a hint for its query, and secrets redacted."""
    if isinstance(error, PayloadError):
        problems, reply = error.problems, call.reply  # they quote values and keys of the reply
        if reply is None:
            return error
        shown = reply.redactor.quotes(problems)
        return PayloadError(shown, reply.request_id, error.for_other_query)
    error.hint = hint_for(error, query) or error.hint
    return error
