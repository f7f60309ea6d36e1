"""The state of one budget that processes share, and the one step that changes it.

The state is the throttle of a single process, and what each process wants and holds. A step takes
a report in and grants a lease: slots, each a time at which one request may be sent. The throttle is
asked at advancing times, as if one process had sent all requests at those times, so together the
processes send no more than one would. A slot is charged when it is granted: a process that dies
with slots has spent them.

No clock, no I/O: the same state, report and time give the same lease. A step that lost its
comparison is repeated on the newest state.
"""

import heapq
import math
from collections.abc import Iterable

import attrs

from taskrouter_stats.core.throttle import (
    SendTicket,
    Throttle,
    Wait,
    copy_throttle,
    set_shares,
)

from .report import Lease, Report, Slot

__all__ = ["Client", "SharedBudget"]

EXPIRY = 3.0
"""Seconds without a report after which a process is taken for dead: it reports each second."""

ASKS = 3.0
"""Intervals without a report after which nothing is kept for what a process wanted."""

SILENCE = 1.0
"""Seconds without any report that show that no process reached the store: nobody expires then."""

CLOCK_SLACK = 1.0
"""Seconds by which the store's clock may run back unnoticed: another server's may differ."""

LEARNING = 0.3
"""Seconds without grants after a process restored the state: slots that the lost one had granted
are being used."""

MAX_LEASE = 500
"""Slots of one lease at most."""

MAX_LOOKS = 100
"""Questions to the throttle for one slot at most: no endless loop over rounding errors."""

MOVED = 0.02
"""Seconds by which a request must leave after its slot's time for the log to be corrected."""


_NOT_OURS = Wait(math.inf, "shared")


@attrs.define
class Client:
    """One process, as the shared state knows it.

    Attributes:
        interactive: interactive requests that it wanted slots for and got none.
        bulk: bulk requests likewise.
        room: slots that it could have used at once.
        granted: slots granted, less those of the process that got the fewest.
        held: tickets that it has.
        seq: number of the newest report that was taken in.
        headroom: share of the budget that it leaves to other clients.
        reserve: share of the budget that its bulk requests leave to interactive ones.
        asks_until: when its wants lose their meaning.
        expires_at: when it is taken for dead.
    """

    interactive: int = 0
    bulk: int = 0
    room: int = 0
    granted: int = 0
    held: int = 0
    seq: int = 0
    headroom: float = 0.0
    reserve: float = 0.0
    asks_until: float = -math.inf
    expires_at: float = -math.inf

    def wanted(self, *, interactive: bool) -> int:
        """Return how many slots it would take."""
        return min(self.room, self.interactive if interactive else self.bulk)


@attrs.define(eq=False)
class SharedBudget:
    """One budget of all processes. Times are the throttle's, unless stated.

    Attributes:
        throttle: the throttle.
        origin: the store's time at which the throttle's clock was 0.
        now: when the last step was.
        steps: how many steps led here: of two states the one with more is the newer.
        cursor: time of the last slot.
        hold_until: when grants go on after a process restored the state.
        clients: the processes, by name.
    """

    throttle: Throttle
    origin: float = 0.0
    now: float = -math.inf
    steps: int = 0
    cursor: float = -math.inf
    hold_until: float = -math.inf
    clients: dict[str, Client] = attrs.Factory(dict[str, Client])

    @classmethod
    def begin(cls, store_now: float) -> "SharedBudget":
        """Return the state of a budget that nobody used yet."""
        return cls(Throttle(0.0), store_now, now=0.0)

    def restore(self, store_now: float) -> None:
        """Go on after the store lost this state, or a newer one: keep what others may hold."""
        self.hold_until = self.advance(store_now) + LEARNING
        for client in self.clients.values():
            client.asks_until = max(client.asks_until, self.now + ASKS)
            client.expires_at = max(client.expires_at, self.now + EXPIRY)

    def advance(self, store_now: float) -> float:
        """Go to a time of the store's clock; return the throttle's time."""
        now = store_now - self.origin
        if now < self.now - CLOCK_SLACK:
            self.origin -= self.now - now
        now = max(now, self.now)
        if self.now < now - SILENCE:
            for client in self.clients.values():
                client.asks_until += now - self.now
                client.expires_at += now - self.now
        self.now = now
        return now

    def step(self, report: Report, store_now: float, offset: float) -> Lease:
        """Take in a report and grant a lease.

        Args:
            report: what the process did and wants.
            store_now: the store's time.
            offset: the store's time less the process's.
        """
        now = self.advance(store_now)
        shift = offset - self.origin
        client = self._client(report)
        self._set_options()
        self._take_in(report, shift)
        client.held = report.held
        self.throttle.in_flight = sum(each.held for each in self.clients.values())
        client.interactive, client.bulk = report.interactive, report.bulk
        client.room = report.room
        slots, wait = self._grant(report, client, now)
        client.held += len(slots)
        client.granted += len(slots)
        client.asks_until = now + ASKS * report.interval
        client.expires_at = now + EXPIRY
        self._tidy(now)
        return Lease(tuple(Slot(slot.at - shift, slot.ticket) for slot in slots), wait)

    def _client(self, report: Report) -> Client:
        """Return the record of the process that reports; drop those of dead ones."""
        dead = [name for name, client in self.clients.items() if client.expires_at < self.now]
        for name in dead:
            if name != report.client:
                del self.clients[name]
        client = self.clients.setdefault(report.client, Client())
        if not client.interactive + client.bulk or client.asks_until < self.now:
            others = (each.granted for each in self._rivals(client))
            client.granted = max(client.granted, min(others, default=0))
        client.seq = report.seq
        client.headroom, client.reserve = report.headroom, report.reserve
        return client

    def _rivals(self, client: Client) -> list[Client]:
        """Return the other processes that want slots."""
        return [
            each
            for each in self.clients.values()
            if each is not client
            and each.asks_until >= self.now
            and each.room
            and each.interactive + each.bulk
        ]

    def _set_options(self) -> None:
        """Let the most careful process decide what nobody uses, and what bulk requests leave."""
        clients = self.clients.values()
        headroom = max(client.headroom for client in clients)
        set_shares(self.throttle, headroom, max(client.reserve for client in clients))

    def _take_in(self, report: Report, shift: float) -> None:
        """Learn from replies, take back unused slots, count what was sent without one."""
        throttle = self.throttle
        log = throttle.estimator.log
        if report.sent_alone:
            log.merge([at + shift for at in report.sent_alone])
        for reply in report.replies:
            ticket, sent_at = reply.ticket, reply.sent_at + shift
            number = min(ticket.number, log.total)
            if abs(sent_at - ticket.at) > MOVED:
                log.move(ticket, sent_at)
            throttle.observe(
                attrs.evolve(ticket, at=sent_at, number=number),
                reply.at + shift,
                reply.rate_limit,
                refused=reply.refused,
                jitter=reply.jitter,
            )
        for ticket in reversed(report.unused):
            throttle.cancel(ticket)
        self.clients[report.client].granted -= len(report.unused)

    def _grant(self, report: Report, client: Client, now: float) -> tuple[list[Slot], Wait]:
        """Grant the process its part of the slots until its horizon: interactive ones first."""
        if not report.wants:
            return [], self.throttle.check(now, interactive=False)
        if now < self.hold_until:
            return [], Wait(self.hold_until - now, "pace")
        until = now + report.horizon
        most, wait = self._shares(client, now, until)
        walk = _Walk(self.throttle, now, max(now, self.cursor), until)
        slots = walk.take(most[0], interactive=True, waiting=0)
        client.interactive -= len(slots)
        bulk = walk.take(most[1], interactive=False, waiting=self._bulk())
        client.bulk -= len(bulk)
        client.room -= len(slots) + len(bulk)
        slots += bulk
        self.cursor = max([self.cursor, *(slot.at for slot in slots)])
        return sorted(slots, key=lambda slot: slot.at), walk.wait if walk.wait.seconds else wait

    def _bulk(self) -> int:
        """Return how many bulk requests wait, in all processes."""
        return sum(each.bulk for each in self.clients.values())

    def _shares(self, client: Client, now: float, until: float) -> tuple[tuple[int, int], Wait]:
        """Return how many interactive and bulk slots the process gets at most, and why not more.

        Each slot goes to the process that got the fewest, if several want one. How many there are
        is tried out on a copy of the throttle.
        """
        room = min(client.room, MAX_LEASE)
        rivals = self._rivals(client)
        if not rivals:
            urgent = min(room, client.interactive)
            return (urgent, min(room - urgent, client.bulk)), _NOT_OURS
        walk = _Walk(copy_throttle(self.throttle), now, max(now, self.cursor), until)
        ours: list[int] = []
        others = 0
        for interactive in (True, False):
            wants = [each.wanted(interactive=interactive) for each in (client, *rivals)]
            waiting = 0 if interactive else self._bulk()
            found = walk.take(min(sum(wants), MAX_LEASE), interactive=interactive, waiting=waiting)
            served = [each.granted for each in (client, *rivals)]
            ours.append(_share(len(found), wants, served))
            others += len(found) - ours[-1]
        urgent = min(room, ours[0])
        return (urgent, min(room - urgent, ours[1])), _NOT_OURS if others else walk.wait

    def _tidy(self, now: float) -> None:
        """Forget what no longer matters, so that the state stays small."""
        log = self.throttle.estimator.log
        log.forget(now - log.keep)
        self.throttle.in_flight = sum(each.held for each in self.clients.values())
        fewest = min((each.granted for each in self.clients.values()), default=0)
        for client in self.clients.values():
            client.granted -= fewest
        self.steps += 1


class _Walk:
    """The slots of a throttle, one after another.

    Args:
        throttle: the throttle; each slot is charged to it.
        now: the time.
        cursor: time of the slot that was granted last, or now.
        until: time of the last slot.
    """

    def __init__(self, throttle: Throttle, now: float, cursor: float, until: float) -> None:
        self._throttle, self._now, self._until = throttle, now, until
        self._cursor = cursor
        self.wait = Wait(0.0, "leave")

    def take(self, most: int, *, interactive: bool, waiting: int) -> list[Slot]:
        """Return up to so many slots; ``wait`` tells when the next one may come.

        An interactive request may use credit at once, while bulk requests wait for later slots.
        """
        slots: list[Slot] = []
        at = self._now if interactive else self._cursor
        for _ in range(most):
            found = self._next(at, interactive=interactive, waiting=waiting)
            if found is None:
                break
            at, ticket = found
            self._cursor = max(self._cursor, at)
            slots.append(Slot(at, ticket))
        return slots

    def _next(
        self, at: float, *, interactive: bool, waiting: int
    ) -> tuple[float, SendTicket] | None:
        for _ in range(MAX_LOOKS):
            wait = self._throttle.check(at, interactive=interactive, waiting=waiting)
            if wait.seconds <= 0.0:
                return at, self._throttle.reserve(at, interactive=interactive)
            at += wait.seconds
            self.wait = Wait(at - self._now, wait.reason)
            if at > self._until:
                break
        return None


def _share(slots: int, wants: Iterable[int], served: Iterable[int]) -> int:
    """Return how many slots the first client gets, if each goes to the least served one."""
    heap = [
        (granted, order, want)
        for order, (granted, want) in enumerate(zip(served, wants, strict=True))
        if want
    ]
    heapq.heapify(heap)
    ours = 0
    for _ in range(slots):
        if not heap:
            break
        granted, order, want = heap[0]
        ours += order == 0
        if want > 1:
            heapq.heapreplace(heap, (granted + 1, order, want - 1))
        else:
            heapq.heappop(heap)
    return ours
