"""One process's side of a shared budget: slots while the store answers, its own copy while not.

The pacer calls it as it calls a throttle of its own. None of these calls waits for the store:
``synchronizer`` reports what happened, and brings new slots.
"""

import math
from collections import deque
from collections.abc import Callable

import attrs

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle import (
    SEND_NOW,
    SendTicket,
    Throttle,
    ThrottleSnapshot,
    Wait,
)
from taskrouter_stats.session.budget_throttle import Demand, PacingOptions

from .leased_slots import LeasedSlots
from .pace_limit import EPSILON, PaceLimit
from .report import HeldTicket, Lease, Report, SharedReply
from .shared_budget import SharedBudget

__all__ = ["SharedThrottle"]

KEEP_ALONE = 60.0
"""Seconds for which sends without a slot are remembered, to be reported when the store is back."""

_FOR_STORE = Wait(math.inf, "in_flight")


@attrs.define(eq=False)
class SharedThrottle:
    """What the pacer asks; see ``BudgetThrottle`` for the calls.

    Attributes:
        options: the session's options.
        demand: tells what waits in this session.
        grant: grants permits to the requests that may be sent.
        wake: wakes the synchronizer.
        state: this process's copy of the shared state: the newest that it knows, and what it did
            since; None before the first answer of the store.
        shift: the throttle's time less this process's.
        is_alone: whether requests go by the copy, since the store does not answer.
        others_sent: when the other processes sent what the copy left out when it went on alone.
        slots: the slots that are not used.
        departed: what the store does not know yet: requests with a slot that were sent.
        replies: likewise, the replies that came.
        unused: likewise, of slots that were not used.
        sent_alone: likewise, when requests were sent without a slot.
        used: slots used since the last report, by interactive requests and by bulk requests.
        is_urgent: whether the next report should not wait for the interval.
        is_refused: whether it tells of a 429.
    """

    options: PacingOptions
    demand: Callable[[], Demand]
    grant: Callable[[], None]
    wake: Callable[[], None]
    state: SharedBudget | None = None
    shift: float = 0.0
    is_alone: bool = False
    others_sent: list[float] = attrs.Factory(list[float])
    slots: LeasedSlots = attrs.Factory(LeasedSlots)
    departed: list[HeldTicket] = attrs.Factory(list[HeldTicket])
    replies: list[SharedReply] = attrs.Factory(list[SharedReply])
    unused: list[SendTicket] = attrs.Factory(list[SendTicket])
    sent_alone: deque[float] = attrs.Factory(deque[float])
    used: tuple[int, int] = (0, 0)
    is_urgent: bool = False
    is_refused: bool = False
    in_flight: int = 0
    unsent: int = 0
    sent: int = 0
    refused: int = 0
    _next: Wait = _FOR_STORE
    _next_from: float = -math.inf
    _at_once: float = math.inf
    _limit: PaceLimit = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._limit = PaceLimit(self.options.pace_limit)

    @property
    def limit(self) -> float | None:
        """The limit that is believed, less the headroom."""
        return None if self.state is None else self.state.throttle.limit

    def check(self, now: float, *, interactive: bool, waiting: int = 0) -> Wait:
        """Return whether a request may go now, else how long to wait and why."""
        if (seconds := self._limit.delay(now)) > 0.0:
            return Wait(seconds, "pace")
        if self.is_alone and self.state is not None:
            return self.state.throttle.check(
                now + self.shift, interactive=interactive, waiting=waiting
            )
        self._drop_stale(now)
        kept = 0 if interactive else 1
        if self.in_flight and self.in_flight + 1 + kept > max(self._at_once, 2.0):
            return _FOR_STORE
        if self.slots:
            seconds = self.slots.ready[0].at - now
            return Wait(seconds, "pace") if seconds > EPSILON else SEND_NOW
        if not self.pause_left(now):
            self.is_urgent = self.is_urgent or interactive
            self.wake()
        return self.known_wait(now)

    def reserve(self, now: float, *, departs: bool = True, interactive: bool = False) -> HeldTicket:
        """Take a ticket for a request: the next slot's, or the copy's."""
        self._limit.charge(now)
        self.in_flight += 1
        self.unsent += 1
        self.sent += 1
        self.used = (self.used[0] + interactive, self.used[1] + (not interactive))
        if self.slots and not self.is_alone:
            slot = self.slots.ready.popleft()
            held = HeldTicket(slot.ticket, slot.at)
        else:
            throttle = self._copy(now).throttle
            ticket = throttle.reserve(now + self.shift, departs=False, interactive=interactive)
            held = HeldTicket(ticket, now, is_alone=True, copied=ticket)
        if departs:
            self.mark_sent(held, now)
        return held

    def mark_sent(self, sent: HeldTicket, now: float) -> None:
        """Record that the request was sent; a second call does nothing."""
        if sent.sent_at is not None:
            return
        sent.sent_at = now
        self.unsent -= 1
        if not sent.is_alone:
            self.departed.append(sent)
            self._copy_send(sent)
            return
        self.sent_alone.append(now)
        while self.sent_alone[0] < now - KEEP_ALONE:
            self.sent_alone.popleft()
        if self.is_alone and sent.copied is not None:
            self._copy(now).throttle.mark_sent(sent.copied, now + self.shift)

    def cancel(self, sent: HeldTicket) -> None:
        """Take back a ticket of which nothing was sent: the slot is given back."""
        self.in_flight -= 1
        self.unsent -= sent.sent_at is None
        self.sent -= 1
        self._limit.refund()
        if not sent.is_alone:
            self._give_back([sent.ticket])
        elif self.is_alone and sent.copied is not None:
            self._copy(sent.at).throttle.cancel(sent.copied)
        self.wake()

    def abandon(self, sent: HeldTicket) -> None:
        """Record that no reply will come."""
        self.in_flight -= 1
        self.unsent -= sent.sent_at is None
        if self.is_alone and sent.copied is not None:
            self._copy(sent.at).throttle.abandon(sent.copied)
        self.wake()

    def observe(
        self,
        sent: HeldTicket,
        now: float,
        rate_limit: RateLimit,
        *,
        refused: bool,
        jitter: float,
    ) -> bool:
        """Learn from a reply at once, and let the other processes learn from it."""
        self.mark_sent(sent, sent.at)
        self.in_flight -= 1
        self.refused += refused
        self.wake()
        if sent.is_alone and not self.is_alone:
            return False  # the copy that granted it is gone
        reply = SharedReply(sent, now, rate_limit, refused, jitter)
        if not sent.is_alone:
            self.replies.append(reply)
            if refused:
                self.is_refused = True
                self._give_back(self.slots.take_beyond(0))
            elif self.slots.spare:
                self.slots.replied(now)
            elif not self.slots and self._next.reason in {"probe", "in_flight"}:
                self.is_urgent = True
        return self._copy_reply(reply)

    def snapshot(self, now: float) -> ThrottleSnapshot:
        """Return the budget in numbers: the pace is that of all processes."""
        throttle = Throttle(now) if self.state is None else self.state.throttle
        known = throttle.snapshot(now + self.shift)
        pace = min(known.pace, self.options.pace_limit or math.inf)
        return attrs.evolve(
            known, pace=pace, in_flight=self.in_flight, sent=self.sent, refused=self.refused
        )

    def go_alone(self, now: float, client: str) -> None:
        """Go on by the copy, at the part of the pace of this process, which is ``client``."""
        self._give_back(self.slots.take_beyond(0))
        state = self._copy(now)
        throttle = state.throttle
        self.others_sent = throttle.estimator.log.split(state.part(client, now + self.shift))
        throttle.in_flight, throttle.estimator.unsent = self.in_flight, self.unsent
        self.is_alone = True
        self.grant()

    def accept(
        self, state: SharedBudget, lease: Lease, shift: float, now: float, report: Report
    ) -> None:
        """Take a new copy and a lease, which the store holds now, with what was reported."""
        self.state, self.shift, self.is_alone = state, shift, False
        self.others_sent = []
        del self.departed[: len(report.sent)]
        del self.replies[: len(report.replies)]
        del self.unused[: len(report.unused)]
        reported_at = max(report.sent_alone, default=-math.inf)
        while self.sent_alone and self.sent_alone[0] <= reported_at:  # some are forgotten meanwhile
            self.sent_alone.popleft()
        for held in report.sent:
            held.ticket = held.copied or held.ticket
        for held, ticket in lease.recorded:
            held.ticket = held.copied = ticket
        for held in self.departed:
            self._copy_send(held)
        for reply in self.replies:
            self._copy_reply(reply)
        for ticket in self.unused:
            state.throttle.cancel(ticket)
        self.slots.add(lease.slots, lease.spare)
        self._next, self._next_from = lease.wait, now
        self._at_once = lease.at_once
        self.grant()

    def report(
        self,
        now: float,
        client: str,
        seq: int,
        ahead: tuple[int, int],
        horizon: float,
        interval: float,
    ) -> Report:
        """Return what the store does not know yet, and what this process wants.

        Slots are wanted for the requests that wait, and for as many as came lately (``ahead``:
        interactive and bulk ones), so that requests one after another need not wait for the store.
        """
        demand = self.demand()
        self._drop_stale(now)
        wanted = demand.interactive + demand.bulk + sum(ahead)
        self._give_back(self.slots.take_beyond(wanted))
        room = self._limit.most(demand.room + sum(ahead), horizon)
        if self._at_once < math.inf:
            room = min(room, max(1, int(self._at_once)) - self.in_flight + sum(ahead))
        free = len(self.slots)
        interactive = max(0, demand.interactive + ahead[0] - free)
        free -= demand.interactive + ahead[0] - interactive
        bulk = max(0, demand.bulk + max(demand.upcoming if demand.bulk else 0, ahead[1]) - free)
        return Report(
            client,
            seq,
            interactive=interactive,
            bulk=bulk,
            room=max(0, room - len(self.slots)),
            held=self.in_flight + len(self.slots),
            unsent=self.unsent + len(self.slots),
            horizon=horizon,
            interval=interval,
            headroom=self.options.headroom,
            reserve=self.options.reserve,
            sent=tuple(self.departed),
            replies=tuple(self.replies),
            unused=tuple(self.unused),
            sent_alone=tuple(self.sent_alone),
            pace=self.state.throttle.pace.rate if self.is_alone and self.state else 0.0,
        )

    def close(self) -> None:
        """Give unused slots back; nothing waits any more."""
        self.demand, self.grant = lambda: Demand(0, 0, 0, 0), lambda: None
        self.used = (0, 0)
        self._give_back(self.slots.take_beyond(0))

    @property
    def has_news(self) -> bool:
        """Whether there is something to report."""
        return bool(self.departed or self.replies or self.unused or self.sent_alone or self.slots)

    @property
    def is_busy(self) -> bool:
        """Whether there is something to report, or a request waits without a slot."""
        demand = self.demand()
        return self.has_news or bool(demand.interactive or demand.bulk or any(self.used))

    def pause_left(self, now: float) -> float:
        """Return how many seconds of the pause are left by the last lease; 0 without one."""
        wait = self.known_wait(now)
        return wait.seconds if wait.reason == "paused" else 0.0

    def known_wait(self, now: float) -> Wait:
        """Return the wait that the last lease stated, if it is not over."""
        if self.state is None:
            return _FOR_STORE
        seconds = self._next_from + self._next.seconds - now
        return Wait(seconds, self._next.reason) if seconds > EPSILON else _FOR_STORE

    def _copy(self, now: float) -> SharedBudget:
        """Return the copy of the state; the first one begins now."""
        if self.state is None:
            self.state = SharedBudget(Throttle(now + self.shift), now=now + self.shift)
        return self.state

    def _copy_send(self, held: HeldTicket) -> None:
        """Let the copy know that a request was sent."""
        if held.sent_at is not None and self.state is not None:
            held.copied = attrs.evolve(held.ticket)
            self.state.throttle.mark_sent(held.copied, held.sent_at + self.shift)

    def _copy_reply(self, reply: SharedReply) -> bool:
        """Let the copy learn from a reply."""
        return self._copy(reply.at).throttle.observe(
            reply.held.copied or attrs.evolve(reply.held.ticket),
            reply.at + self.shift,
            reply.rate_limit,
            refused=reply.refused,
            jitter=reply.jitter,
        )

    def _drop_stale(self, now: float) -> None:
        self._give_back(self.slots.take_stale(now))

    def _give_back(self, tickets: list[SendTicket]) -> None:
        self.unused += tickets
        if self.state is not None:
            for ticket in tickets:
                self.state.throttle.cancel(ticket)
