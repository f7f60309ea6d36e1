"""From a question to its answer: the request is built, carried, and its payload becomes a value."""

from typing import Any, TypeVar

import attrs

from taskrouter_stats.core.error_hints import advise
from taskrouter_stats.core.outcome import Failure, Outcome, Success
from taskrouter_stats.core.paging import Page, read_page, with_smaller_page
from taskrouter_stats.core.query import Ask, Listing, Query
from taskrouter_stats.core.request import Request, build, build_page
from taskrouter_stats.errors import (
    ApiError,
    PayloadError,
    ServerError,
    TaskRouterStatsError,
    UsageError,
)
from taskrouter_stats.models import structure

from .executor import Errand, Tally
from .lifecycle import Life, Live

__all__ = ["Answers"]

T = TypeVar("T")


class Answers:
    """What a session answers with, whoever asked."""

    def __init__(self, life: Life, account: str) -> None:
        self._life = life
        self._account = account

    async def one(
        self, query: Query[T], *, interactive: bool, max_wait: float | None
    ) -> Success[T]:
        """One answer, or its error raised."""
        live = self._life.here()
        errand = _errand(live, build(query, self._account), Tally())
        errand.interactive, errand.max_wait = interactive, max_wait
        value = await _value(live, query, errand)
        return Success(query, value, errand.meta(live.loop.time()))

    async def outcome(self, query: Query[T], tally: Tally) -> Outcome[T]:
        """A stream's query as an outcome; only what is no answer at all is raised."""
        live = self._life.here()
        errand = _errand(live, build(query, self._account), tally)
        try:
            value = await _value(live, query, errand)
        except UsageError:
            raise
        except TaskRouterStatsError as error:
            # without its traceback, which would keep this attempt's frames alive
            failed = error.with_traceback(None)
            return Failure(query, failed, errand.meta(live.loop.time()))
        return Success(query, value, errand.meta(live.loop.time()))

    async def page(self, listing: Listing[Any], target: str) -> Page:
        """One page of a list; when the server fails at a large one, a smaller one."""
        live = self._life.here()
        request = build_page(listing, target, self._account)
        try:
            return await _page(live, listing, request)
        except ServerError:
            smaller = with_smaller_page(request.target)
            if smaller is None:
                raise
        return await _page(live, listing, attrs.evolve(request, target=smaller))


def _errand(live: Live, request: Request, tally: Tally) -> Errand:
    return Errand(request, tally, interactive=False, max_wait=None, began=live.loop.time())


async def _page(live: Live, listing: Listing[Any], request: Request) -> Page:
    errand = _errand(live, request, Tally())
    errand.interactive = True
    try:
        return read_page(listing, await live.courier.carry(errand))
    except (ApiError, PayloadError) as error:
        raise _explained(error, listing, errand) from None


async def _value(live: Live, query: Query[T], errand: Errand) -> T:
    try:
        value = structure(await live.courier.carry(errand), query.endpoint.model)
    except (ApiError, PayloadError) as error:
        raise _explained(error, query, errand) from None
    complete = query.endpoint.complete
    return value if complete is None else complete(value, query.task_queue_sids)


def _explained(error: ApiError | PayloadError, ask: Ask[Any], errand: Errand) -> Exception:
    """The error with what only its question or its reply can tell."""
    if isinstance(error, PayloadError):
        problems = error.problems  # which quote numbers and keys, too
        shown = errand.blotter.quotes(problems) if errand.blotter else problems
        return PayloadError(shown, errand.request_id, error.for_other_query)
    error.hint = advise(error, ask) or error.hint
    return error
