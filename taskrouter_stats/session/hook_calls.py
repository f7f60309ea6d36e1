"""Calls the hooks of a session with what happens in it.

Imported only for a session with hooks: making the classes of events takes time.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Final, Literal, TypeVar, cast

from taskrouter_stats.core.events import (
    CacheRead,
    CircuitClosed,
    CircuitOpened,
    Event,
    NoReply,
    QueryEnded,
    QueryRetried,
    QueryStarted,
    QueryWaiting,
    ReplyReceived,
    RequestSent,
)
from taskrouter_stats.core.query import BaseQuery
from taskrouter_stats.core.reply import Reply
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import Wait

from .call_state import CallState

__all__ = ["Hooks"]

T = TypeVar("T")

_LOGGER = logging.getLogger("taskrouter_stats")
_NUMBERS: Final = count(1)
_Found = Literal["fresh", "stale", "shared", "nothing"]


class Hooks:
    """The hooks of one session, called in their order.

    An exception of a hook never reaches the session's caller. The first of each hook is logged.
    """

    def __init__(self, hooks: tuple[Callable[[Event], object], ...], base_url: str) -> None:
        self._hooks = hooks
        self._base_url = base_url
        self._failed: set[int] = set()

    def emit(self, event: Event) -> None:
        """Call every hook with an event."""
        for index, hook in enumerate(self._hooks):
            try:
                hook(event)
            except Exception:
                if index not in self._failed:
                    self._failed.add(index)
                    _LOGGER.exception(
                        "a hook raised, and later exceptions of it are not logged: %r", hook
                    )

    async def watch(
        self, call: CallState, work: Coroutine[Any, Any, T], now: Callable[[], float]
    ) -> T:
        """Await the work of a query; tell when it starts and how it ends."""
        call.number = next(_NUMBERS)
        self.emit(QueryStarted(*_subject(call)))
        try:
            value = await work
        except BaseException as error:
            failure = error if isinstance(error, Exception) else None
            cancelled = isinstance(error, asyncio.CancelledError)
            self._ended(call, failure, now(), cancelled=cancelled)
            failure = None  # it would keep this frame alive through its traceback
            raise
        self._ended(call, None, now(), cancelled=False)
        return value

    def waiting(self, call: CallState, wait: Wait) -> None:
        """Tell that a query has no permit yet."""
        self.emit(QueryWaiting(*_subject(call), wait.seconds, wait.reason))

    def sent(self, call: CallState) -> None:
        """Tell that a request starts to be sent; the call has counted it."""
        request = call.request
        url = self._base_url + request.target
        self.emit(RequestSent(*_subject(call), _send(call), request.method, url, call.waited))

    def replied(self, call: CallState, reply: Reply, seconds: float, pace: float) -> None:
        """Tell that a reply came; the call has not counted a 429 yet."""
        number, request_id, limits = _send(call), reply.request_id, call.limits
        self.emit(
            ReplyReceived(*_subject(call), number, reply.status, seconds, request_id, limits, pace)
        )

    def no_reply(self, call: CallState, error: BaseException, seconds: float) -> None:
        """Tell that a send ended without a reply."""
        failure = error if isinstance(error, Exception) else None
        self.emit(NoReply(*_subject(call), _send(call), seconds, failure))

    def retried(self, call: CallState, error: Exception, seconds: float) -> None:
        """Tell that a query will be sent again."""
        self.emit(QueryRetried(*_subject(call), error, seconds))

    def cache_read(self, query: BaseQuery[Any], found: _Found, age: float) -> None:
        """Tell what a fetch found in the cache."""
        self.emit(CacheRead(query, found, age))

    def circuit_opened(self, cause: str | None) -> None:
        """Tell that the server seems to be down."""
        self.emit(CircuitOpened(cause))

    def circuit_closed(self) -> None:
        """Tell that the server is back."""
        self.emit(CircuitClosed())

    def _ended(
        self, call: CallState, error: Exception | None, now: float, *, cancelled: bool
    ) -> None:
        self.emit(QueryEnded(*_subject(call), error, cancelled, call.waited, call.meta(now)))


def _subject(call: CallState) -> tuple[int, BaseQuery[Any], BudgetKey, bool]:
    request = call.request
    query = cast("BaseQuery[Any]", request.query)  # every request of a session has one
    return call.number, query, request.budget, call.interactive


def _send(call: CallState) -> int:
    return call.attempts + call.refused
