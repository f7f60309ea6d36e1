"""One budget of a session: its throttle, its waiting requests and its snapshot."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import Reason, Wait

from .budget_throttle import BudgetThrottle, Demand
from .waiter import Waiter, WaiterQueue, WaitLimit

if TYPE_CHECKING:
    from taskrouter_stats.core.events import BudgetChanged

__all__ = ["Budget", "BudgetSnapshot", "Place"]

_LOGGER = logging.getLogger("taskrouter_stats")


@frozen
class BudgetSnapshot:
    """One budget, as ``session.budgets()`` returns it.

    Attributes:
        account: SID of the account, or of the API key when the account is unknown.
        workspace: SID of the Workspace, or an empty string.
        resource_key: this package's name for the method that the server counts.
        limit: the server's latest ``X-Rate-Limit-Limit``, or None.
        remaining: the server's latest ``X-Rate-Limit-Remaining``, or None.
        pace: requests per second that this session sends at most now; infinite without a bound.
            With a shared pacer, those of all processes together, or ``pace_limit`` if that is less.
        waiting: requests that wait for a permit.
        in_flight: requests on the wire.
        sent: requests sent so far.
        refused: 429 replies so far.
        reason: why the next bulk request would wait, or ``"leave"`` when it would not: ``"probe"``
            (for the first reply), ``"pace"`` (for the rate), ``"paused"`` (after a 429),
            ``"shared"`` (other clients spend from this budget) or ``"in_flight"`` (for a slot).
    """

    account: str
    workspace: str
    resource_key: str
    limit: float | None
    remaining: float | None
    pace: float
    waiting: int
    in_flight: int
    sent: int
    refused: int
    reason: Reason


@define(eq=False, repr=False)
class Budget:
    """A throttle, its two queues and its one timer.

    ``grant`` grants permits to the waiting requests that may be sent now, and sets the timer.
    """

    key: BudgetKey
    throttle: BudgetThrottle
    used_at: float
    loop: asyncio.AbstractEventLoop
    grant: "Callable[[Budget], None]"
    interactive: WaiterQueue = field(factory=WaiterQueue)
    bulk: WaiterQueue = field(factory=WaiterQueue)
    upcoming: int = 0
    """Number of bulk requests that will follow the waiting ones."""
    known_limit: float | None = None
    """The limit that was believed after the last reply."""
    earliest: float = float("inf")
    timer: asyncio.TimerHandle | None = None

    def queue_of(self, waiter: Waiter) -> WaiterQueue:
        """Return the queue that a waiter belongs to."""
        return self.interactive if waiter.interactive else self.bulk

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a permit."""
        return len(self.interactive) + len(self.bulk)

    def check(self, now: float, *, interactive: bool) -> Wait:
        """Return the throttle's decision for the next request."""
        waiting = len(self.bulk) + self.upcoming
        return self.throttle.check(now, interactive=interactive, waiting=waiting)

    def demand(self, slots: int, bulk_slots: int, in_flight: int) -> Demand:
        """Return what waits, and how many requests more the session could send."""
        room = max(0, (slots if self.interactive else bulk_slots) - in_flight)
        return Demand(len(self.interactive), len(self.bulk), self.upcoming, room)

    @property
    def priority(self) -> tuple[bool, int]:
        """Sort key: of the budgets that wait for a slot, the smallest gets the next one."""
        first = next(iter(self.interactive or self.bulk), None)
        return not self.interactive, 0 if first is None else first.number

    def snapshot(self, now: float, *, full: bool) -> BudgetSnapshot:
        """Return the current state; ``full``: whether no slot is free."""
        known = self.throttle.snapshot(now)
        return BudgetSnapshot(
            *self.key,
            limit=known.limit,
            remaining=known.remaining,
            pace=known.pace,
            waiting=self.waiting,
            in_flight=known.in_flight,
            sent=known.sent,
            refused=known.refused,
            reason="in_flight" if full and known.reason == "leave" else known.reason,
        )

    def stop_timer(self) -> None:
        """Cancel the timer, if one is set."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def limit(
        self, waiter: Waiter, future: "asyncio.Future[Any]", seconds: float, max_wait: float
    ) -> None:
        """Let a future fail with a ``PaceError`` if a request waits for more than ``seconds``."""
        limit = WaitLimit(future, self.loop.time() + seconds, max_wait)
        limit.timer = self.loop.call_at(limit.deadline, self._expire, waiter, limit)
        waiter.limits.append(limit)
        self.earliest = min(self.earliest, limit.deadline)

    def refuse_late(self, now: float, seconds: float) -> None:
        """Fail every wait that ends too late if no permit comes for ``seconds``."""
        if self.earliest >= now + seconds:
            return
        for waiter in (*self.interactive, *self.bulk):
            for limit in [late for late in waiter.limits if late.deadline < now + seconds]:
                self._fail(waiter, limit, seconds)
        waiting = (*self.interactive, *self.bulk)
        deadlines = (limit.deadline for waiter in waiting for limit in waiter.limits)
        self.earliest = min(deadlines, default=float("inf"))

    def _expire(self, waiter: Waiter, limit: WaitLimit) -> None:
        """Fail a wait whose deadline has come."""
        if waiter in self.queue_of(waiter):
            wait = self.check(self.loop.time(), interactive=waiter.interactive)
            self._fail(waiter, limit, wait.seconds)
            self.grant(self)

    def _fail(self, waiter: Waiter, limit: WaitLimit, seconds: float) -> None:
        if waiter.fail(limit, seconds):
            del self.queue_of(waiter)[waiter]

    def report_change(
        self,
        now: float,
        on_change: "Callable[[BudgetChanged], None] | None",
        *,
        refused: bool,
        elsewhere: bool,
    ) -> None:
        """Report the budget after a reply changed it: to ``on_change`` and the log, at DEBUG."""
        is_logged = _LOGGER.isEnabledFor(logging.DEBUG)
        if on_change is None and not is_logged:
            return
        # Imported here, since making the classes of events takes time that few sessions need.
        from taskrouter_stats.core.events import BudgetChanged  # noqa: PLC0415

        known = self.throttle.snapshot(now)
        event = BudgetChanged(
            self.key,
            refused,
            elsewhere,
            known.limit,
            known.remaining,
            known.pace,
            known.in_flight,
            known.reason,
        )
        if is_logged:
            _LOGGER.debug("%s", event, extra={"event": event})
        if on_change is not None:
            on_change(event)


@frozen(eq=False, repr=False)
class Place:
    """The place in its queue of a request that several callers may share."""

    budget: Budget
    waiter: Waiter

    def limit(self, future: "asyncio.Future[Any]", seconds: float, max_wait: float) -> None:
        """Let a caller's future fail with a ``PaceError`` after ``seconds`` of waiting."""
        self.budget.limit(self.waiter, future, seconds, max_wait)

    def promote(self) -> None:
        """Move the request to the end of the interactive queue, if it waits in the bulk queue."""
        waiter, budget = self.waiter, self.budget
        if budget.bulk.pop(waiter, waiter) is None:
            waiter.interactive = True
            budget.interactive[waiter] = None

    def recheck(self) -> None:
        """Grant what may be sent now; fail the waits that are sure to exceed their limit."""
        self.budget.grant(self.budget)
