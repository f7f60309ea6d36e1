"""A request that waits for a permit, and the limits of its callers."""

import asyncio
from collections import OrderedDict
from typing import Any

from attrs import define, field

from taskrouter_stats.errors import PaceError

__all__ = ["WaitLimit", "Waiter", "WaiterQueue"]


@define(eq=False, repr=False)
class WaitLimit:
    """The ``max_wait`` of one caller of a waiting request.

    Attributes:
        future: fails with a ``PaceError`` when the wait exceeds the limit.
        deadline: when the wait becomes too long, on the loop's clock (seconds).
        max_wait: seconds that the caller allowed, as its error states them.
        timer: fails the future at the deadline.
    """

    future: "asyncio.Future[Any]"
    deadline: float
    max_wait: float
    timer: asyncio.TimerHandle | None = None


@define(eq=False, repr=False)
class Waiter:
    """One request that waits for a permit.

    Attributes:
        future: gets the permit, or the error that ends the wait.
        number: position in the order of all requests of the session.
        interactive: whether the request waits in the interactive queue.
        limits: the limits of its callers.
    """

    future: "asyncio.Future[Any]"
    number: int
    interactive: bool
    limits: list[WaitLimit] = field(factory=list[WaitLimit])

    def fail(self, limit: WaitLimit, seconds: float) -> bool:
        """Fail a limit's future: a permit may come in ``seconds``. Return whether this ends it.

        The wait of a shared request ends with its last caller, and not with a limit.
        """
        self.limits.remove(limit)
        if limit.timer is not None:
            limit.timer.cancel()
        if not limit.future.done():
            limit.future.set_exception(PaceError(limit.max_wait, seconds))
        return limit.future is self.future

    def stop_timers(self) -> None:
        """Cancel the timers of all limits."""
        for limit in self.limits:
            if limit.timer is not None:
                limit.timer.cancel()


WaiterQueue = OrderedDict[Waiter, None]
