"""One budget of a session: its throttle, who waits for it, and how it shows itself."""

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
    """One budget, as ``session.budgets()`` shows it.

    Attributes:
        account: the account's SID, or the API key's.
        workspace: the Workspace's SID, or an empty text.
        resource_key: the method that the server counts, as this package names it.
        limit: ``X-Rate-Limit-Limit`` as it was last told, or None.
        remaining: ``X-Rate-Limit-Remaining`` as it was last told, or None.
        pace: requests per second that are let out now; infinite while nothing bounds them.
        waiting: requests that wait for leave.
        in_flight: requests on the wire.
        sent: requests sent so far.
        refused: 429s so far.
        reason: why the next bulk request would wait, or ``"leave"`` when it would not: ``"probe"``
            (the first reply is awaited), ``"pace"``, ``"paused"`` (after a 429), ``"shared"``
            (others spend from this budget) or ``"in_flight"`` (a place on the wire is awaited).
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
    """One request that waits for leave."""

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
    """Bulk requests that are known to follow the ones that wait."""
    earliest: float = float("inf")
    timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait for leave."""
        return len(self.interactive) + len(self.bulk)

    def check(self, now: float, *, interactive: bool) -> Wait:
        """Ask the throttle, and tell it how many bulk requests are still to come."""
        waiting = len(self.bulk) + self.upcoming
        return self.throttle.check(now, interactive=interactive, waiting=waiting)

    @property
    def priority(self) -> tuple[bool, int]:
        """Which of the budgets that wait for a slot gets the next one: the least."""
        first = next(iter(self.interactive or self.bulk), None)
        return not self.interactive, 0 if first is None else first.number

    def snapshot(self, now: float, *, full: bool) -> BudgetSnapshot:
        """The budget as it stands; ``full`` says that no place on the wire is free."""
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
        """Nobody is to be woken, for now."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def log_change(self, now: float, *, refused: bool, elsewhere: bool) -> None:
        """Log what a reply changed, for whoever listens at the level DEBUG."""
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
