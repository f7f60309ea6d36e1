"""From a question to its answer: the request is built, carried, and its payload becomes a value."""

from typing import Any, TypeVar

import attrs

from taskrouter_stats.core.error_hints import hint_for
from taskrouter_stats.core.outcome import Failure, Outcome, Success
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
from taskrouter_stats.models import structure

from .executor import CallState, RunCounters
from .lifecycle import OpenSession, SessionLifecycle

__all__ = ["QueryRunner"]

T = TypeVar("T")


class QueryRunner:
    """What a session answers with, whoever asked."""

    def __init__(self, life: SessionLifecycle, account: str) -> None:
        self._life = life
        self._account = account

    async def fetch(
        self, query: Query[T], *, interactive: bool, max_wait: float | None
    ) -> Success[T]:
        """One answer, or its error raised."""
        live = self._life.require_open()
        errand = _errand(live, build_request(query, self._account), RunCounters())
        errand.interactive, errand.max_wait = interactive, max_wait
        value = await _value(live, query, errand)
        return Success(query, value, errand.meta(live.loop.time()))

    async def fetch_outcome(self, query: Query[T], tally: RunCounters) -> Outcome[T]:
        """A stream's query as an outcome; only what is no answer at all is raised."""
        live = self._life.require_open()
        errand = _errand(live, build_request(query, self._account), tally)
        try:
            value = await _value(live, query, errand)
        except UsageError:
            raise
        except TaskRouterStatsError as error:
            # without its traceback, which would keep this attempt's frames alive
            failed = error.with_traceback(None)
            return Failure(query, failed, errand.meta(live.loop.time()))
        return Success(query, value, errand.meta(live.loop.time()))

    async def fetch_page(self, listing: Listing[Any], target: str) -> Page:
        """One page of a list; when the server fails at a large one, a smaller one."""
        live = self._life.require_open()
        request = build_page_request(listing, target, self._account)
        try:
            return await _page(live, listing, request)
        except ServerError:
            smaller = with_smaller_page(request.target)
            if smaller is None:
                raise
        return await _page(live, listing, attrs.evolve(request, target=smaller))


def _errand(live: OpenSession, request: Request, tally: RunCounters) -> CallState:
    return CallState(request, tally, interactive=False, max_wait=None, began=live.loop.time())


async def _page(live: OpenSession, listing: Listing[Any], request: Request) -> Page:
    errand = _errand(live, request, RunCounters())
    errand.interactive = True
    try:
        return read_page(listing, await live.courier.execute(errand))
    except (ApiError, PayloadError) as error:
        raise _with_context(error, listing, errand) from None


async def _value(live: OpenSession, query: Query[T], errand: CallState) -> T:
    try:
        value = structure(await live.courier.execute(errand), query.endpoint.model)
    except (ApiError, PayloadError) as error:
        raise _with_context(error, query, errand) from None
    complete = query.endpoint.add_request_data
    return value if complete is None else complete(value, query.task_queue_sids)


def _with_context(
    error: ApiError | PayloadError, ask: BaseQuery[Any], errand: CallState
) -> Exception:
    """The error with what only its question or its reply can tell."""
    if isinstance(error, PayloadError):
        problems = error.problems  # which quote numbers and keys, too
        shown = errand.blotter.quotes(problems) if errand.blotter else problems
        return PayloadError(shown, errand.request_id, error.for_other_query)
    error.hint = hint_for(error, ask) or error.hint
    return error
