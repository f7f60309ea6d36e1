"""Waits, so that the throttle need only compute.

A request asks for *leave*, which takes three things: the budget's consent (``core.throttle``), a
*slot*, one of ``max_in_flight`` places on the wire, and room in the account's own window of
requests under way, which has no bound until a refusal shows one (``ConcurrencyLimit``).

Leave is given first come, first served, interactive requests before bulk ones; with two slots or
more, one is kept for interactive ones. When slots are what is scarce, the budget whose first waiter
asked first gets the next one, so none starves another. A slot is held from leave to the reply's
last byte, and for the loop's turns until that is looked at (``turns``), never while waiting for
leave, backing off or handing an outcome over: nothing that holds one waits for who holds others.

Nobody polls. Each budget has at most one timer, set for the moment at which the throttle says that
its first waiter may go; a reply, a lost request and a cancelled one are the other occasions.
Everything here happens between two awaits of one event loop, so there are no locks.
"""

import asyncio
import random
from itertools import count
from typing import Final

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import (
    SEND_NOW,
    ConcurrencyLimit,
    InFlight,
    SendTicket,
    Throttle,
    Wait,
)
from taskrouter_stats.errors import PaceError, SessionClosed

from .budget import Budget, BudgetSnapshot, Waiter, WaiterQueue

__all__ = ["Pacer", "Permit"]

_IDLE_SECONDS: Final = 600.0
"""A budget without traffic for so long is forgotten: its next request finds out anew."""
_MANY_BUDGETS: Final = 64
"""Below this number nothing is worth forgetting."""


class Permit:
    """Leave to send one request; it settles once, and later calls do nothing."""

    __slots__ = ("_budget", "_flight", "_open", "_pacer", "_sent")

    def __init__(self, pacer: "Pacer", budget: Budget, sent: SendTicket, flight: InFlight) -> None:
        self._pacer, self._budget, self._open = pacer, budget, True
        self._sent, self._flight = sent, flight

    def mark_sent(self) -> None:
        """It is on its way, over a connection that stands."""
        if self._open:
            self._budget.throttle.mark_sent(self._sent, self._pacer.now())

    def observe(self, told: RateLimit, *, refused: bool) -> None:
        """A whole reply came: what it told goes back to the throttle and to the account."""
        if self._close():
            self._pacer.on_reply(self._budget, self._sent, self._flight, told, refused=refused)

    def abandon(self) -> None:
        """No reply will come."""
        if self._close():
            self._budget.throttle.abandon(self._sent)
            self._pacer.on_release(self._budget)

    def cancel(self) -> None:
        """Nothing was sent."""
        if self._close():
            self._budget.throttle.cancel(self._sent)
            self._pacer.on_release(self._budget)

    def _close(self) -> bool:
        was_open, self._open = self._open, False
        return was_open


class Pacer:
    """All budgets and all slots of one session, in one event loop."""

    def __init__(
        self, *, max_in_flight: int, pace_limit: float | None = None, headroom: float = 0.0
    ) -> None:
        self.now = asyncio.get_running_loop().time
        self._slots = max_in_flight
        self._bulk_slots = max(1, max_in_flight - 1)
        self._in_flight = 0
        self._pace_limit, self._headroom = pace_limit, headroom
        self._budgets: dict[BudgetKey, Budget] = {}
        self._account = ConcurrencyLimit()
        self._waiting_for_slot: dict[Budget, None] = {}
        self._numbers = count()
        self._sleepers: set[asyncio.Future[None]] = set()
        self._closed = False

    async def acquire(
        self,
        key: BudgetKey,
        *,
        interactive: bool,
        max_wait: float | None = None,
        front: bool = False,
        upcoming: int = 0,
    ) -> Permit:
        """Wait for leave to send one request.

        Args:
            key: the budget that it spends from.
            interactive: whether it goes before bulk requests.
            max_wait: the seconds that it may wait; None for as long as it takes.
            front: whether it goes before its equals, having been refused after its turn.
            upcoming: how many bulk requests of this budget are known to follow.

        Raises:
            PaceError: as soon as it is certain that ``max_wait`` would pass.
            SessionClosed: when the session is closed meanwhile.
        """
        permit = self.acquire_nowait(key, interactive=interactive, upcoming=upcoming)
        if permit is not None:
            return permit
        if self._closed:
            raise SessionClosed("the session was closed")
        budget = self._budget(key)
        if not interactive:
            budget.upcoming = upcoming
        lane = budget.interactive if interactive else budget.bulk
        return await self._queue(budget, lane, max_wait, front=front)

    def acquire_nowait(
        self, key: BudgetKey, *, interactive: bool, upcoming: int = 0
    ) -> Permit | None:
        """Leave that need not be waited for; None when it has to be, or never comes."""
        if self._closed or not self._has_free_slot(interactive=interactive):
            return None
        budget = self._budget(key)
        if not interactive:
            budget.upcoming = upcoming
        if budget.interactive or (budget.bulk and not interactive):
            return None
        now = self.now()
        wait = budget.check(now, interactive=interactive)
        return None if wait.seconds > 0 else self._grant(budget, now)

    async def _queue(
        self, budget: Budget, lane: WaiterQueue, max_wait: float | None, *, front: bool
    ) -> Permit:
        loop = asyncio.get_running_loop()
        allowed = float("inf") if max_wait is None else max_wait
        deadline = self.now() + allowed
        waiter = Waiter(loop.create_future(), next(self._numbers), deadline, allowed)
        lane[waiter] = None
        if front:
            lane.move_to_end(waiter, last=False)
        alarm = None
        if max_wait is not None:
            budget.earliest = min(budget.earliest, deadline)
            alarm = loop.call_at(waiter.deadline, self._expire, budget, waiter)
        try:
            self._grant_waiting(budget)
            permit: Permit = await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled():
                if waiter.future.exception() is None:
                    waiter.future.result().cancel()
            elif waiter in lane:
                del lane[waiter]
                self._grant_waiting(budget)
            raise
        else:
            return permit
        finally:
            if alarm is not None:
                alarm.cancel()

    async def sleep(self, seconds: float) -> None:
        """Back off for so long, without a slot and out of every queue.

        Raises:
            SessionClosed: when the session is closed meanwhile.
        """
        if self._closed:
            raise SessionClosed("the session was closed")
        loop = asyncio.get_running_loop()
        bell: asyncio.Future[None] = loop.create_future()
        alarm = loop.call_later(seconds, _ring, bell)
        self._sleepers.add(bell)
        try:
            await bell
        finally:
            self._sleepers.discard(bell)
            alarm.cancel()

    def on_reply(
        self, budget: Budget, sent: SendTicket, flight: InFlight, told: RateLimit, *, refused: bool
    ) -> None:
        """A reply's headers go back to the throttle: the one arrow that runs backwards.

        A 429 of a budget that has some left is the account's: too many requests at once.
        """
        now, jitter = self.now(), random.random()
        known = budget.throttle.limit
        elsewhere = budget.throttle.observe(sent, now, told, refused=refused, jitter=jitter)
        self._account.observe(flight, refused=refused, account_wide=elsewhere)
        if refused or budget.throttle.limit != known:
            budget.log_change(now, refused=refused, elsewhere=elsewhere)
        self.on_release(budget)

    def on_release(self, budget: Budget) -> None:
        """A permit of this budget has settled: its place and its news may let others go."""
        self._account.release()
        self._in_flight -= 1
        if not self._waiting_for_slot:
            self._grant_waiting(budget)
            return
        self._waiting_for_slot.setdefault(budget)
        waiting, self._waiting_for_slot = self._waiting_for_slot, {}
        for starved in sorted(waiting, key=lambda one: one.priority):
            self._grant_waiting(starved)

    def snapshots(self) -> tuple[BudgetSnapshot, ...]:
        """Every budget as it stands, in the order of first use."""
        now, full = self.now(), not self._has_free_slot(interactive=False)
        return tuple(budget.snapshot(now, full=full) for budget in self._budgets.values())

    def close(self) -> None:
        """Let nobody go any more; whoever waits gets ``SessionClosed``."""
        self._closed = True
        for budget in self._budgets.values():
            budget.stop_timer()
            for waiter in (*budget.interactive, *budget.bulk):
                if not waiter.future.done():
                    waiter.future.set_exception(SessionClosed("the session was closed"))
            budget.interactive.clear()
            budget.bulk.clear()
        for bell in self._sleepers:
            if not bell.done():
                bell.set_exception(SessionClosed("the session was closed"))

    def _grant_waiting(self, budget: Budget) -> None:
        """Give leave to whoever may go now, and set the timer for whoever is next."""
        budget.stop_timer()
        while lane := budget.interactive or budget.bulk:
            interactive = lane is budget.interactive
            now = self.now()
            wait = budget.check(now, interactive=interactive)
            if wait.seconds > 0:
                self._schedule_wakeup(budget, now, wait)
                return
            if not self._has_free_slot(interactive=interactive):
                self._waiting_for_slot[budget] = None
                return
            waiter, _ = lane.popitem(last=False)
            if not waiter.future.done():
                waiter.future.set_result(self._grant(budget, now))

    def _schedule_wakeup(self, budget: Budget, now: float, wait: Wait) -> None:
        """Nobody may go for so long: end waits that are hopeless, set the timer.

        A wait is certain after a 429, or when no reply is on its way that could shorten it.
        """
        seconds = wait.seconds
        if seconds == float("inf"):
            return
        certain = wait.reason == "paused" or not budget.throttle.in_flight
        if certain and budget.earliest < now + seconds:
            for lane in (budget.interactive, budget.bulk):
                for waiter in [one for one in lane if one.deadline < now + seconds]:
                    self._fail(lane, waiter, seconds)
            waiting = (*budget.interactive, *budget.bulk)
            budget.earliest = min((one.deadline for one in waiting), default=float("inf"))
        if budget.waiting:
            budget.timer = asyncio.get_running_loop().call_at(
                now + seconds, self._grant_waiting, budget
            )

    def _expire(self, budget: Budget, waiter: Waiter) -> None:
        """A waiter's deadline has come."""
        for lane in (budget.interactive, budget.bulk):
            if waiter in lane:
                seconds = budget.check(self.now(), interactive=lane is budget.interactive)
                self._fail(lane, waiter, seconds.seconds)
                self._grant_waiting(budget)

    @staticmethod
    def _fail(lane: WaiterQueue, waiter: Waiter, seconds: float) -> None:
        del lane[waiter]
        if not waiter.future.done():
            waiter.future.set_exception(PaceError(waiter.max_wait, seconds))

    def _grant(self, budget: Budget, now: float) -> Permit:
        budget.used_at = now
        self._in_flight += 1
        sent = budget.throttle.reserve(now, departs=False)
        return Permit(self, budget, sent, self._account.start())

    def _has_free_slot(self, *, interactive: bool) -> bool:
        """Whether there is a slot of ours, and room in the account's window."""
        slots = self._slots if interactive else self._bulk_slots
        return self._in_flight < slots and self._account.check(interactive=interactive) is SEND_NOW

    def _budget(self, key: BudgetKey) -> Budget:
        budget = self._budgets.get(key)
        if budget is None:
            now = self.now()
            self._forget_idle(now)
            throttle = Throttle(now, pace_limit=self._pace_limit, headroom=self._headroom)
            budget = self._budgets[key] = Budget(key, throttle, now)
        return budget

    def _forget_idle(self, now: float) -> None:
        if len(self._budgets) >= _MANY_BUDGETS:
            for key, budget in list(self._budgets.items()):
                idle = not budget.waiting and not budget.throttle.in_flight
                if idle and now - budget.used_at > _IDLE_SECONDS:
                    del self._budgets[key]


def _ring(wakeup: "asyncio.Future[None]") -> None:
    if not wakeup.done():
        wakeup.set_result(None)
