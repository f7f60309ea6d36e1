"""The waits for permits of one request that several callers share."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from attrs import define, field

from taskrouter_stats.errors import PaceError

from .budget import Place

__all__ = ["SharedWait"]


class _Limit(NamedTuple):
    """The ``max_wait`` of one caller, in seconds, and the request's wait at which it ends."""

    end: float
    max_wait: float


@define(eq=False, repr=False)
class SharedWait:
    """Gives each caller of a shared request its own ``max_wait``.

    A caller's time counts from its call, over all attempts, and only while the request waits for a
    permit. When it ends, that caller's future fails; the request goes on for the others.
    """

    _now: Callable[[], float]
    _limits: "dict[asyncio.Future[Any], _Limit]" = field(
        factory=dict["asyncio.Future[Any]", _Limit]
    )
    _place: Place | None = None
    _since: float = 0.0
    _waited: float = 0.0

    def add(self, caller: "asyncio.Future[Any]", max_wait: float) -> None:
        """Fail this future with a ``PaceError`` if the request waits longer than ``max_wait``."""
        waited = self._waited if self._place is None else self._waited + self._now() - self._since
        self._limits[caller] = _Limit(waited + max_wait, max_wait)
        if self._place is not None:
            self._place.limit(caller, max_wait, max_wait)
            self._place.recheck()

    def remove(self, caller: "asyncio.Future[Any]") -> None:
        """Forget a caller that waits no more."""
        self._limits.pop(caller, None)

    def promote(self) -> None:
        """Let the request go before bulk requests, if it waits for a permit."""
        if self._place is not None:
            self._place.promote()
            self._place.recheck()

    def begin(self, place: Place) -> None:
        """Record that the request waits for a permit now."""
        self._place, self._since = place, self._now()
        for caller, limit in self._limits.items():
            place.limit(caller, max(0.0, limit.end - self._waited), limit.max_wait)

    def end(self) -> None:
        """Record that the request got its permit, or an error."""
        if self._place is not None:
            self._waited += self._now() - self._since
            self._place = None

    def add_pause(self, seconds: float) -> None:
        """Count a pause as a wait; fail the callers for which it is too long."""
        self._waited += seconds
        for caller, limit in self._limits.items():
            if limit.end < self._waited and not caller.done():
                caller.set_exception(PaceError(limit.max_wait, seconds))
