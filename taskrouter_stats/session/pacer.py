"""Waits for what the throttle computes, and grants permits to send.

A request needs a *permit* to be sent. Three things must allow it: the budget's throttle
(``core.throttle``), a free *slot* (the session has ``max_in_flight``), and the account's
concurrency limit, which is unbounded until a 429 shows one (``ConcurrencyLimit``).

Permits are granted in the order of requests, interactive requests before bulk requests; with two
slots or more, one is reserved for interactive requests. When slots are scarce, the budget with the
oldest waiting request gets the next one, so no budget starves. A request holds its slot from the
permit to the reply's last byte and until the loop processes the reply (``loop_fairness``), never
while it waits for a permit, backs off or delivers an outcome. So slots cannot deadlock.

The pacer does not poll. Each budget has at most one timer, set for the time at which the throttle
allows its first waiting request; replies, lost requests and cancelled requests also make it check.
All changes happen between two awaits of one event loop, so there are no locks.
"""

import asyncio
import random
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Final

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import (
    SEND_NOW,
    ConcurrencyLimit,
    SendTicket,
    Throttle,
    Wait,
)
from taskrouter_stats.errors import SessionClosed

from .budget import Budget, BudgetSnapshot, Place
from .budget_throttle import BudgetThrottle, Demand, SharedBudgets
from .waiter import Waiter
from .wakeup import wake

if TYPE_CHECKING:
    from taskrouter_stats.core.events import BudgetChanged

__all__ = ["Pacer", "Permit"]

_IDLE_SECONDS: Final = 600.0
"""The pacer deletes a budget without traffic for this long; its next request starts a new one."""
_MANY_BUDGETS: Final = 64
"""The pacer deletes idle budgets only when it has at least this many."""
_WAIT_FOR_SLOT: Final = Wait(float("inf"), "in_flight")


class Permit:
    """Permission to send one request; it settles once, and later calls do nothing."""

    __slots__ = ("_budget", "_crowd", "_open", "_pacer", "_sent")

    def __init__(self, pacer: "Pacer", budget: Budget, sent: SendTicket, crowd: float) -> None:
        self._pacer, self._budget, self._open = pacer, budget, True
        self._sent, self._crowd = sent, crowd

    def mark_sent(self) -> None:
        """Record that the request is sent over an open connection."""
        if self._open:
            self._budget.throttle.mark_sent(self._sent, self._pacer.now())

    def observe(self, reported: RateLimit, *, refused: bool) -> None:
        """Settle with a complete reply; update the throttle and the account's limit from it."""
        if self._open:
            self._open = False
            self._pacer.on_reply(self._budget, self._sent, self._crowd, reported, refused=refused)

    def abandon(self) -> None:
        """Settle without a reply."""
        if self._open:
            self._open = False
            self._budget.throttle.abandon(self._sent)
            self._pacer.on_loss(self._budget)

    def cancel(self) -> None:
        """Settle without having sent the request."""
        if self._open:
            self._open = False
            self._budget.throttle.cancel(self._sent)
            self._pacer.on_loss(self._budget)


class Pacer:
    """All budgets and slots of one session, in one event loop."""

    def __init__(
        self,
        *,
        max_in_flight: int,
        pace_limit: float | None = None,
        headroom: float = 0.0,
        reserve: float = 0.0,
        on_change: "Callable[[BudgetChanged], None] | None" = None,
        shared: SharedBudgets | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self._slots = max_in_flight
        self._bulk_slots = max(1, max_in_flight - 1)
        self._in_flight = 0
        self._pace_limit, self._headroom, self._reserve = pace_limit, headroom, reserve
        self._budgets: dict[BudgetKey, Budget] = {}
        self._account = ConcurrencyLimit()
        self._waiting_for_slot: dict[Budget, None] = {}
        self._numbers = count()
        self._sleepers: set[asyncio.Future[None]] = set()
        self._closed = False
        self._on_change = on_change
        self._shared = shared

    async def acquire(
        self,
        key: BudgetKey,
        *,
        interactive: bool,
        max_wait: float | None = None,
        front: bool = False,
        upcoming: int = 0,
        on_queued: Callable[[Place], None] | None = None,
    ) -> Permit:
        """Wait for a permit to send one request.

        Args:
            key: the budget of the request.
            interactive: whether the request goes before bulk requests.
            max_wait: seconds that the request may wait; None: without limit.
            front: whether it goes to the front of its queue, since its last attempt got a 429.
            upcoming: number of bulk requests of this budget that will follow.
            on_queued: called with the request's place in its queue if it must wait.

        Raises:
            PaceError: the rate limit would delay the request beyond ``max_wait``; raised as soon
                as that is certain.
            SessionClosed: the session was closed meanwhile.
        """
        permit = self.acquire_nowait(key, self.now(), interactive=interactive, upcoming=upcoming)
        if permit is not None:
            return permit
        if self._closed:
            raise SessionClosed("the session was closed")
        budget = self._budget(key)
        if not interactive:
            budget.upcoming = upcoming
        waiter = Waiter(self._loop.create_future(), next(self._numbers), interactive)
        if max_wait is not None:
            budget.limit(waiter, waiter.future, max_wait, max_wait)
        if on_queued is not None:
            on_queued(Place(budget, waiter))
        return await self._queue(budget, waiter, front=front)

    def acquire_nowait(
        self, key: BudgetKey, now: float, *, interactive: bool, upcoming: int = 0
    ) -> Permit | None:
        """Return a permit if one is available without waiting, else None."""
        if self._closed or not self._has_free_slot(interactive=interactive):
            return None
        budget = self._budget(key)
        if not interactive:
            budget.upcoming = upcoming
        if budget.interactive or (budget.bulk and not interactive):
            return None
        wait = budget.throttle.check(
            now, interactive=interactive, waiting=len(budget.bulk) + budget.upcoming
        )
        return None if wait.seconds > 0 else self._grant(budget, now, interactive=interactive)

    async def _queue(self, budget: Budget, waiter: Waiter, *, front: bool) -> Permit:
        queue = budget.queue_of(waiter)
        queue[waiter] = None
        if front:
            queue.move_to_end(waiter, last=False)
        try:
            self._grant_waiting(budget)
            permit: Permit = await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled():
                if waiter.future.exception() is None:
                    waiter.future.result().cancel()
            elif waiter in (queue := budget.queue_of(waiter)):
                del queue[waiter]
                self._grant_waiting(budget)
            raise
        else:
            return permit
        finally:
            waiter.stop_timers()

    async def sleep(self, seconds: float) -> None:
        """Sleep without a slot and outside every queue.

        Raises:
            SessionClosed: the session was closed meanwhile.
        """
        if self._closed:
            raise SessionClosed("the session was closed")
        wakeup: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(seconds, wake, wakeup)
        self._sleepers.add(wakeup)
        try:
            await wakeup
        finally:
            self._sleepers.discard(wakeup)
            timer.cancel()

    def on_reply(
        self,
        budget: Budget,
        sent: SendTicket,
        crowd: float,
        reported: RateLimit,
        *,
        refused: bool,
    ) -> None:
        """Update the throttle and the account's concurrency limit from a reply's headers.

        A 429 of a budget with requests remaining means that the account has too many requests
        in flight.
        """
        now, jitter = self.now(), random.random()
        elsewhere = budget.throttle.observe(sent, now, reported, refused=refused, jitter=jitter)
        self._account.observe(crowd, refused=refused, account_wide=elsewhere)
        limit = budget.throttle.limit
        if refused or limit != budget.known_limit:
            budget.known_limit = limit
            budget.report_change(now, self._on_change, refused=refused, elsewhere=elsewhere)
        self._release(budget)

    def on_loss(self, budget: Budget) -> None:
        """Release the slot of a request that got no reply, or was not sent."""
        self._account.release()
        self._release(budget)

    def _release(self, budget: Budget) -> None:
        """Release a slot of this budget, and grant permits that this makes possible."""
        self._in_flight -= 1
        if not self._waiting_for_slot:
            if budget.interactive or budget.bulk:
                self._grant_waiting(budget)
            return
        self._waiting_for_slot.setdefault(budget)
        waiting, self._waiting_for_slot = self._waiting_for_slot, {}
        for waiting_budget in sorted(waiting, key=lambda each: each.priority):
            self._grant_waiting(waiting_budget)

    def snapshots(self) -> tuple[BudgetSnapshot, ...]:
        """Return a snapshot of every budget, in the order of first use."""
        now, full = self.now(), not self._has_free_slot(interactive=False)
        return tuple(budget.snapshot(now, full=full) for budget in self._budgets.values())

    def explain(self, key: BudgetKey, *, interactive: bool) -> Wait:
        """Return how long a request of this budget has to wait, and why."""
        wait = self._budget(key).check(self.now(), interactive=interactive)
        return _WAIT_FOR_SLOT if wait is SEND_NOW else wait

    def pace(self, key: BudgetKey) -> float:
        """Return the requests per second that a budget allows now."""
        return self._budget(key).throttle.snapshot(self.now()).pace

    def close(self) -> None:
        """Grant no more permits; end every wait with ``SessionClosed``."""
        self._closed = True
        for budget in self._budgets.values():
            budget.stop_timer()
            for waiter in (*budget.interactive, *budget.bulk):
                if not waiter.future.done():
                    waiter.future.set_exception(SessionClosed("the session was closed"))
            budget.interactive.clear()
            budget.bulk.clear()
        for wakeup in self._sleepers:
            if not wakeup.done():
                wakeup.set_exception(SessionClosed("the session was closed"))

    def _grant_waiting(self, budget: Budget) -> None:
        """Grant permits to the requests that may be sent now; set the timer for the next one."""
        budget.stop_timer()
        while queue := budget.interactive or budget.bulk:
            interactive = queue is budget.interactive
            now = self.now()
            wait = budget.check(now, interactive=interactive)
            if wait.seconds > 0:
                self._schedule_wakeup(budget, now, wait)
                return
            if not self._has_free_slot(interactive=interactive):
                self._waiting_for_slot[budget] = None
                return
            waiter, _ = queue.popitem(last=False)
            if not waiter.future.done():
                waiter.future.set_result(self._grant(budget, now, interactive=interactive))

    def _schedule_wakeup(self, budget: Budget, now: float, wait: Wait) -> None:
        """Set the timer; fail the waits that would exceed their ``max_wait``.

        The wait is certain after a 429, or while no request is in flight whose reply could
        shorten it.
        """
        seconds = wait.seconds
        if seconds == float("inf"):
            return
        certain = wait.reason == "paused" or not budget.throttle.in_flight
        if certain:
            budget.refuse_late(now, seconds)
        if budget.waiting:
            budget.timer = self._loop.call_at(now + seconds, self._grant_waiting, budget)

    def _grant(self, budget: Budget, now: float, *, interactive: bool) -> Permit:
        budget.used_at = now
        self._in_flight += 1
        sent = budget.throttle.reserve(now, departs=False, interactive=interactive)
        return Permit(self, budget, sent, self._account.start())

    def _has_free_slot(self, *, interactive: bool) -> bool:
        """Return whether a slot is free and the account's concurrency limit allows a request."""
        slots = self._slots if interactive else self._bulk_slots
        return self._in_flight < slots and self._account.check(interactive=interactive) is SEND_NOW

    def _budget(self, key: BudgetKey) -> Budget:
        budget = self._budgets.get(key)
        if budget is None:
            now = self.now()
            self._forget_idle(now)
            throttle = self._throttle(key, now)
            budget = self._budgets[key] = Budget(
                key, throttle, now, self._loop, self._grant_waiting
            )
        return budget

    def _throttle(self, key: BudgetKey, now: float) -> BudgetThrottle:
        if self._shared is None:
            limit, headroom, reserve = self._pace_limit, self._headroom, self._reserve
            return Throttle(now, pace_limit=limit, headroom=headroom, reserved=reserve)

        def demand() -> Demand:
            return self._budgets[key].demand(self._slots, self._bulk_slots, self._in_flight)

        return self._shared.throttle(key, demand, lambda: self._grant_waiting(self._budgets[key]))

    def _forget_idle(self, now: float) -> None:
        if len(self._budgets) >= _MANY_BUDGETS:
            for key, budget in list(self._budgets.items()):
                idle = not budget.waiting and not budget.throttle.in_flight
                if idle and now - budget.used_at > _IDLE_SECONDS:
                    del self._budgets[key]
                    if self._shared is not None:
                        self._shared.forget(key)
