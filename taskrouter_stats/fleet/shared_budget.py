"""The state of one budget that processes share, and the one step that changes it.

The state is the throttle of a single process, and what each process wants and holds. A step takes
a report in and grants a lease: slots, each a time at which one request may be sent. The throttle is
asked at advancing times, as if one process had sent all requests at those times, so together the
processes send no more than one would. A slot is charged when it is granted: a process that dies
with slots has spent them.

No clock, no I/O: the same state, report and time give the same lease. A step that lost its
comparison is repeated on the newest state.
"""

import math

import attrs

from taskrouter_stats.core.throttle import SendTicket, Throttle, Wait
from taskrouter_stats.core.throttle.concurrency import CrowdLimit
from taskrouter_stats.core.throttle.dump import copy_throttle
from taskrouter_stats.core.throttle.sharing import divide, set_shares, unite

from .client import Client
from .report import HeldTicket, Lease, Report, Slot
from .slots import SlotWalk, share_of

__all__ = ["QUIET", "SharedBudget"]

EXPIRY = 3.0
"""Seconds without a report after which a process is taken for dead: it reports each second."""

ASKS = 3.0
"""Intervals without a report after which nothing is kept for what a process wanted."""

SILENCE = 1.0
"""Seconds without any report that show that no process reached the store: nobody expires then."""

PARTED = 0.6
"""Seconds without any report after which, if the store did not answer the first process that
reports again, it answered no other either."""

CLOCK_SLACK = 1.0
"""Seconds by which the store's clock may run back unnoticed: another server's may differ."""

LEARNING = 0.3
"""Seconds without grants after a process restored the state: slots that the lost one had granted
are being used."""

RESTORED_STEPS = 1_000_000
"""Steps by which a restored state is newer than each copy of the lost one."""

QUIET = 1.0
"""Seconds between two reports of a process that only waits for the end of a pause."""

MAX_LEASE = 500
"""Slots of one lease at most."""

BLUR = 0.025
"""Seconds by which times of the log may be late."""


_NOT_OURS = Wait(math.inf, "shared")


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
        crowd: requests that the account may have in flight at once.
        clients: the processes, by name.
    """

    throttle: Throttle
    origin: float = 0.0
    now: float = -math.inf
    steps: int = 0
    cursor: float = -math.inf
    hold_until: float = -math.inf
    crowd: CrowdLimit = attrs.Factory(CrowdLimit)
    clients: dict[str, Client] = attrs.Factory(dict[str, Client])

    @classmethod
    def begin(cls, store_now: float) -> "SharedBudget":
        """Return the state of a budget that nobody used yet."""
        return cls(Throttle(0.0), store_now, now=0.0)

    def copy(self) -> "SharedBudget":
        """Return another budget in the same state."""
        clients = {name: attrs.evolve(client) for name, client in self.clients.items()}
        throttle, crowd = copy_throttle(self.throttle), attrs.evolve(self.crowd)
        return attrs.evolve(self, throttle=throttle, crowd=crowd, clients=clients)

    def restore(self, store_now: float) -> None:
        """Go on after the store lost this state, or a newer one: keep what others may hold."""
        self.steps += RESTORED_STEPS
        self.hold_until = self.advance(store_now) + LEARNING
        for client in self.clients.values():
            client.asks_until = max(client.asks_until, self.now + ASKS)
            client.expires_at = max(client.expires_at, self.now + EXPIRY)

    def part(self, name: str, now: float) -> int:
        """Let one process go on without the others, which do so too; return how many they are.

        Each gets an equal part of the pace, and is another client to the others until it is back.
        """
        others = [each for key, each in self.clients.items() if key != name and each.is_busy]
        for each in others:
            each.is_away = True
        divide(self.throttle, now, 1 + len(others))
        return 1 + len(others)

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
        if report.pace and store_now - self.origin - self.now > PARTED:
            self.part(report.client, store_now - self.origin)
            report = attrs.evolve(report, pace=0.0)  # its part of the pace is that already
        now = self.advance(store_now)
        shift = offset - self.origin
        client = self._client(report)
        self._set_options()
        client.held, client.unsent = report.held + len(report.replies), report.unsent
        others = (each for each in self.clients.values() if each is not client)
        self.throttle.estimator.unseen = sum(each.unsent for each in others)
        recorded = self._take_in(report, shift)
        client.held = report.held
        self._count_tickets()
        client.interactive, client.bulk = report.interactive, report.bulk
        client.room = report.room
        slots, wait = self._grant(report, client, now)
        spare = self._grant_spare(report, client, now, wait)
        new = len(slots) + sum(slot is not None for slot in spare)
        client.held += new
        client.unsent += new
        client.granted += new
        quiet = min(QUIET, wait.seconds) if wait.reason == "paused" else 0.0
        client.asks_until = now + quiet + ASKS * report.interval
        client.expires_at = now + EXPIRY
        self._tidy()
        leased = tuple(Slot(slot.at - shift, slot.ticket) for slot in slots)
        return Lease(leased, tuple(spare), tuple(recorded), self._part_of_crowd(client), wait)

    def _client(self, report: Report) -> Client:
        """Return the record of the process that reports; drop those of dead ones.

        A dead process may have used its slots just before it died.
        """
        estimator, was_parted = self.throttle.estimator, self._is_parted
        for name, each in list(self.clients.items()):
            if each.expires_at < self.now and name != report.client:
                estimator.log.merge([each.expires_at - EXPIRY] * each.unsent, estimator.newest_at)
                del self.clients[name]
        client = self.clients.setdefault(report.client, Client())
        client.is_away = False
        if report.pace:
            unite(self.throttle, report.pace)
        if was_parted and not self._is_parted:
            estimator.others.forget()
        if not client.interactive + client.bulk or client.asks_until < self.now:
            others = (each.granted for each in self._rivals(client))
            client.granted = max(client.granted, min(others, default=0))
        client.seq = report.seq
        client.headroom, client.reserve = report.headroom, report.reserve
        return client

    @property
    def _is_parted(self) -> bool:
        """Whether some process goes on without the store, as far as known."""
        return any(each.is_away for each in self.clients.values())

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

    def _take_in(self, report: Report, shift: float) -> list[tuple[HeldTicket, SendTicket]]:
        """Record what was sent, learn from replies, take back unused slots."""
        throttle = self.throttle
        log = throttle.estimator.log
        if report.sent_alone:
            sent = [at + shift for at in report.sent_alone]
            log.merge(sent, throttle.estimator.newest_at)
        recorded = {id(held): self._record(held, shift) for held in report.sent}
        for reply in report.replies:
            ticket = recorded.get(id(reply.held)) or reply.held.ticket
            later = log.count_since(ticket.at + BLUR)
            account_wide = throttle.observe(
                attrs.evolve(ticket, number=max(1, min(ticket.number, log.total - later))),
                reply.at + shift,
                reply.rate_limit,
                refused=reply.refused,
                jitter=reply.jitter,
            )
            self._learn_crowd(ticket.at, refused=reply.refused, account_wide=account_wide)
        for ticket in reversed(report.unused):
            throttle.cancel(ticket)
        self.clients[report.client].granted -= len(report.unused)
        return [(held, recorded[id(held)]) for held in report.sent]

    def _record(self, held: HeldTicket, shift: float) -> SendTicket:
        """Record a request that was sent, perhaps before others that were reported earlier."""
        ticket, log = attrs.evolve(held.ticket), self.throttle.estimator.log
        sent_at = (held.at if held.sent_at is None else held.sent_at) + shift
        self.throttle.mark_sent(ticket, sent_at)
        if ticket.at > sent_at:
            log.move(ticket, sent_at)
            ticket.at = sent_at
        return ticket

    def _learn_crowd(self, sent_at: float, *, refused: bool, account_wide: bool) -> None:
        """Learn how many requests the account may have in flight, as ``ConcurrencyLimit`` does."""
        in_flight = sum(each.held - each.unsent for each in self.clients.values())
        self.crowd.saw(sent_at, self.now, in_flight, refused=refused)
        if account_wide:
            self.crowd.close()

    def _part_of_crowd(self, client: Client) -> float:
        """Return the part of the account's limit that a process may use: as much as it needs."""
        needs, limit = sum(each.needs for each in self.clients.values()), self.crowd.limit
        return limit * client.needs / needs if limit < math.inf and needs else limit

    def _count_tickets(self) -> None:
        """Count what all processes hold, as they said."""
        self.throttle.in_flight = sum(each.held for each in self.clients.values())
        self.throttle.estimator.unsent = sum(each.unsent for each in self.clients.values())

    def _grant(self, report: Report, client: Client, now: float) -> tuple[list[Slot], Wait]:
        """Grant the process its part of the slots until its horizon: interactive ones first."""
        if not report.wants:
            return [], self.throttle.check(now, interactive=False)
        if now < self.hold_until:
            return [], Wait(self.hold_until - now, "pace")
        until = now + report.horizon
        most, wait = self._shares(client, now, until)
        walk = SlotWalk(self.throttle, now, max(now, self.cursor), until)
        slots = walk.take(most[0], interactive=True, waiting=0)
        client.interactive -= len(slots)
        bulk = walk.take(most[1], interactive=False, waiting=self._bulk())
        client.bulk -= len(bulk)
        client.room -= len(slots) + len(bulk)
        slots += bulk
        self.cursor = max([self.cursor, *(slot.at for slot in slots)])
        return sorted(slots, key=lambda slot: slot.at), walk.wait if walk.wait.seconds else wait

    def _grant_spare(
        self, report: Report, client: Client, now: float, wait: Wait
    ) -> list[Slot | None]:
        """Return what each reply frees that comes to a process without rivals by its next report.

        Without it, each reply of a burst's end would wait for a report.
        """
        throttle, under_way = self.throttle, report.held - report.unsent
        if wait.reason != "in_flight" or self._rivals(client):
            return []
        expected = report.interval / max(throttle.estimator.latency.srtt, report.interval)
        walk, spare = SlotWalk(throttle, now, now, now), list[Slot | None]()
        in_flight = throttle.in_flight
        for _ in range(math.ceil(expected * under_way)):
            throttle.in_flight -= 1
            more = min(1, client.bulk, client.room)
            spare += walk.take(more, interactive=False, waiting=self._bulk()) or [None]
            client.bulk -= spare[-1] is not None
            client.room -= spare[-1] is not None
        throttle.in_flight = in_flight + sum(slot is not None for slot in spare)
        return spare

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
        walk = SlotWalk(copy_throttle(self.throttle), now, max(now, self.cursor), until)
        ours: list[int] = []
        others = 0
        for interactive in (True, False):
            wants = [each.wanted(interactive=interactive) for each in (client, *rivals)]
            waiting = 0 if interactive else self._bulk()
            found = walk.take(min(sum(wants), MAX_LEASE), interactive=interactive, waiting=waiting)
            served = [each.granted for each in (client, *rivals)]
            ours.append(share_of(len(found), wants, served))
            others += len(found) - ours[-1]
        urgent = min(room, ours[0])
        return (urgent, min(room - urgent, ours[1])), _NOT_OURS if others else walk.wait

    def _tidy(self) -> None:
        """Forget what no longer matters, so that the state stays small."""
        log = self.throttle.estimator.log
        log.forget(log.time_of(0) - log.keep)
        fewest = min((each.granted for each in self.clients.values()), default=0)
        for client in self.clients.values():
            client.granted -= fewest
        self.steps += 1
