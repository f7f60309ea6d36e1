"""Calls the hooks of a session with what happens in it."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Iterable
from itertools import count
from typing import Any, Final, TypeVar, cast

from taskrouter_stats.core.events import (
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
from taskrouter_stats.errors import InvalidParameter

from .call_state import CallState

__all__ = ["Hook", "Hooks", "as_hooks"]

T = TypeVar("T")

Hook = Callable[[Event], object]
"""A function that a session calls with each event; its result is ignored."""

_LOGGER = logging.getLogger("taskrouter_stats")
_NUMBERS: Final = count(1)


class Hooks:
    """The hooks of one session, called in their order.

    An exception of a hook never reaches the session's caller. The first of each hook is logged.
    """

    def __init__(self, hooks: tuple[Hook, ...], base_url: str) -> None:
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

    def _ended(
        self, call: CallState, error: Exception | None, now: float, *, cancelled: bool
    ) -> None:
        self.emit(QueryEnded(*_subject(call), error, cancelled, call.waited, call.meta(now)))


def as_hooks(hooks: Iterable[Hook], base_url: str) -> Hooks | None:
    """Return the hooks of a session, or None if there are none.

    Raises:
        InvalidParameter: ``hooks`` is not an iterable of functions, or one is a coroutine function.
    """
    rule = "expected a list of functions, each called with one event; not async functions"
    found = tuple(hooks) if isinstance(hooks, Iterable) else (hooks,)
    for hook in found:
        is_async = inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(
            getattr(hook, "__call__", None)  # noqa: B004 (an instance's class may define it async)
        )
        if not callable(hook) or is_async or not isinstance(hooks, Iterable):
            raise InvalidParameter("hooks", type(hook).__name__, rule)
    return Hooks(found, base_url) if found else None


def _subject(call: CallState) -> tuple[int, BaseQuery[Any], BudgetKey, bool]:
    request = call.request
    query = cast("BaseQuery[Any]", request.query)  # every request of a session has one
    return call.number, query, request.budget, call.interactive


def _send(call: CallState) -> int:
    return call.attempts + call.refused
