"""One budget of a session: its throttle, its waiting requests and its snapshot."""

import asyncio
import logging
from collections import OrderedDict
from typing import Any

from attrs import define, field, frozen

from taskrouter_stats.core.events import BudgetChanged
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import Reason, Throttle, Wait

__all__ = ["Budget", "BudgetSnapshot", "Waiter", "WaiterQueue"]

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


@frozen(eq=False, repr=False)
class Waiter:
    """One request that waits for a permit."""

    future: "asyncio.Future[Any]"
    number: int
    deadline: float
    max_wait: float


WaiterQueue = OrderedDict[Waiter, None]


@define(eq=False, repr=False)
class Budget:
    """A throttle, its two queues and its one timer."""

    key: BudgetKey
    throttle: Throttle
    used_at: float
    interactive: WaiterQueue = field(factory=WaiterQueue)
    bulk: WaiterQueue = field(factory=WaiterQueue)
    upcoming: int = 0
    """Number of bulk requests that will follow the waiting ones."""
    earliest: float = float("inf")
    timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a permit."""
        return len(self.interactive) + len(self.bulk)

    def check(self, now: float, *, interactive: bool) -> Wait:
        """Return the throttle's decision for the next request."""
        waiting = len(self.bulk) + self.upcoming
        return self.throttle.check(now, interactive=interactive, waiting=waiting)

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

    def log_change(self, now: float, *, refused: bool, elsewhere: bool) -> None:
        """Log the budget after a reply changed it, at level DEBUG."""
        if _LOGGER.isEnabledFor(logging.DEBUG):
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
            _LOGGER.debug("%s", event, extra={"event": event})
