"""Virtual time: a heap of events, a server, its clients and their rivals; no clock, no sleep."""

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import attrs

from taskrouter_stats.core.rate_limit import RateLimit
from tests.lab.headers import Rewrite
from tests.lab.limiters import Limiter

Event = tuple[float, int, Callable[..., None], tuple[Any, ...]]


class Clock:
    """The events to come, in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[Event] = []
        self._order = itertools.count()

    def at(self, when: float, what: Callable[..., None], *how: Any) -> None:
        """Let `what(*how)` happen at `when`."""
        heapq.heappush(self._events, (when, next(self._order), what, how))

    def run(self, done: Callable[[], bool], until: float) -> None:
        """Live until `done()` or `until`."""
        while self._events and not done():
            self.now, _, what, how = heapq.heappop(self._events)
            if self.now > until:
                return
            what(*how)


class Latency:
    """Three lognormal parts: a quarter up, half inside, a quarter down."""

    def __init__(self, rng: random.Random, rtt: float, sigma: float) -> None:
        self._draw, self._sigma = rng.lognormvariate, sigma
        self._quarter, self._half = math.log(rtt / 4.0), math.log(rtt / 2.0)

    def quarter(self) -> float:
        """One way, up or down."""
        return self._draw(self._quarter, self._sigma)

    def half(self) -> float:
        """The time that the server takes."""
        return self._draw(self._half, self._sigma)


@attrs.define
class Server:
    """A limiter, what its replies say, perhaps a cap on requests at once, and a diary."""

    limiter: Limiter
    rewrite: Rewrite | None = None
    cap: float = math.inf
    tells_concurrency: bool = False
    service: float = 0.0
    free_at: float = 0.0
    inside: int = 0
    busy: int = 0
    diary: list[tuple[float, bool, float]] = attrs.Factory(list[tuple[float, bool, float]])

    def starts(self, at: float) -> float:
        """Return when a request that arrives at `at` is counted: one after another, when slow."""
        self.free_at = max(self.free_at, at) + self.service
        return self.free_at

    def handle(self, at: float) -> tuple[bool, RateLimit]:
        """Answer a request that arrives now: refused or not, and the headers."""
        crowded = self.inside >= self.cap
        refused = crowded or not self.limiter.take(at)
        told = self.limiter.headers(at)
        self.diary.append((at, refused, told.remaining if told.remaining is not None else -1.0))
        if self.rewrite is not None:
            told = self.rewrite(at, refused, told)
        if self.tells_concurrency:
            told = attrs.evolve(told, concurrent_requests=self.busy + 1)
        return refused, told


class Strategy(Protocol):
    """How a client decides: the throttle, or a baseline."""

    def ask(self, now: float, *, interactive: bool, waiting: int) -> float:
        """Seconds until asking again is worth it; 0 is leave, infinity waits for a reply.

        `waiting` bulk requests are known to be still to come.
        """
        ...

    def send(self, now: float) -> Any:
        """Leave is used."""
        ...

    def depart(self, sent: Any, now: float) -> None:
        """It is on its way, over a connection that stands."""
        ...

    def observe(self, sent: Any, now: float, told: RateLimit, *, refused: bool) -> float:
        """A reply came; the seconds after which a refused job queues again (in front)."""
        ...


@attrs.define
class Tally:
    """What came of one client's run."""

    done: int = 0
    attempts: int = 0
    refused: int = 0
    finished: float = 0.0
    waits: list[float] = attrs.Factory(list[float])


class Client:
    """One process: a queue of jobs, a cap on requests in flight, one timer."""

    def __init__(
        self,
        clock: Clock,
        server: Server,
        latency: Latency,
        strategy: Strategy,
        *,
        jobs: int,
        cap: int = 100,
        timer_late: float = 0.0,
        connect: float = 0.0,
        visible: float = math.inf,
    ) -> None:
        self.clock, self.server, self.latency = clock, server, latency
        self.strategy, self.bulk, self.cap = strategy, jobs, cap
        self.urgent: deque[float] = deque()
        self.in_flight, self.tally = 0, Tally()
        self._timer, self._late = math.inf, timer_late
        self._connect, self._idle, self._visible = connect, 0, visible

    def pump(self) -> None:
        """Send all that has leave, then set the timer."""
        now, wait = self.clock.now, math.inf
        while self.urgent and self.in_flight < self.cap:
            wait = self.strategy.ask(now, interactive=True, waiting=self._waiting())
            if wait > 0.0:
                break
            arrived = self.urgent.popleft()
            self.tally.waits.append(now - arrived)
            self._send(arrived)
        while self.bulk and not self.urgent and self.in_flight < self.cap - 1:
            wait = self.strategy.ask(now, interactive=False, waiting=self._waiting())
            if wait > 0.0:
                break
            self.bulk -= 1
            self._send(None)
        if wait > 0.0 and now + wait < self._timer - 1e-12:
            self._timer = now + wait
            self.clock.at(self._timer + self._late, self._wake, self._timer)

    def _waiting(self) -> int:
        return int(min(self.bulk, self._visible))

    def _wake(self, timer: float) -> None:
        if timer == self._timer:
            self._timer = math.inf
            self.pump()

    def add_urgent(self) -> None:
        """An interactive request comes in."""
        self.urgent.append(self.clock.now)
        self.pump()

    def _send(self, arrived: float | None) -> None:
        now = self.clock.now
        self.in_flight += 1
        self.tally.attempts += 1
        ticket = self.strategy.send(now)
        if self._idle or not self._connect:
            self._idle -= 1
            self._depart(ticket, arrived)
        else:
            made = now + 4.0 * self._connect * self.latency.quarter()
            self.clock.at(made, self._depart, ticket, arrived)

    def _depart(self, ticket: Any, arrived: float | None) -> None:
        now = self.clock.now
        self.strategy.depart(ticket, now)
        arrives = now + self.latency.quarter()
        if self.server.service:
            self.clock.at(arrives, self._line_up, ticket, arrived)
        else:
            self.clock.at(arrives, self._arrive, ticket, arrived)

    def _line_up(self, ticket: Any, arrived: float | None) -> None:
        self.clock.at(self.server.starts(self.clock.now), self._arrive, ticket, arrived)

    def _arrive(self, ticket: Any, arrived: float | None) -> None:
        now, server = self.clock.now, self.server
        refused, told = server.handle(now)
        leaves = now + self.latency.half()
        if server.cap < math.inf:
            server.inside += not refused
            server.busy += 1
            self.clock.at(leaves, self._leave, refused)
        self.clock.at(leaves + self.latency.quarter(), self._reply, ticket, arrived, refused, told)

    def _leave(self, refused: bool) -> None:
        self.server.inside -= not refused
        self.server.busy -= 1

    def _reply(self, ticket: Any, arrived: float | None, refused: bool, told: RateLimit) -> None:
        now = self.clock.now
        self.in_flight -= 1
        self._idle += 1
        again = self.strategy.observe(ticket, now, told, refused=refused)
        if not refused:
            self.tally.done += 1
            self.tally.finished = now
        else:
            self.tally.refused += 1
            if again > 0.0:
                self.clock.at(now + again, self._requeue, arrived)
            else:
                self._requeue(arrived)
        self.pump()

    def _requeue(self, arrived: float | None) -> None:
        if arrived is None:
            self.bulk += 1
        else:
            self.urgent.appendleft(self.clock.now)
        self.pump()


class Rival:
    """Another program that spends evenly from the same budget and looks at nothing."""

    def __init__(self, clock: Clock, server: Server, rate: float) -> None:
        self.clock, self.server, self.gap = clock, server, 1.0 / rate
        self.sent = self.denied = 0

    def tick(self) -> None:
        """One request, and the next."""
        self.sent += 1
        self.denied += not self.server.limiter.take(self.clock.now)
        self.clock.at(self.clock.now + self.gap, self.tick)


def _open_at(limiter: Limiter, at: float, steps: list[tuple[float, float]]) -> float:
    """The first admission from `at` on, through the steps that the limit takes."""
    found = limiter.earliest(at)
    while steps and found >= steps[0][0]:
        time, limit = steps.pop(0)
        limiter.step(limit)
        found = limiter.earliest(max(at, time))
    return found


@attrs.frozen
class Clairvoyant:
    """A client that knows the limiter from inside and sends greedily."""

    limiter: Limiter
    latency: Latency
    steps: tuple[tuple[float, float], ...] = ()
    at_once: float = math.inf
    service: float = 0.0

    def finish(self, jobs: int, cap: int) -> float:
        """When it would be done."""
        slots, crowd, steps = [0.0] * min(cap, jobs), list[float](), list(self.steps)
        last = end = 0.0
        for _ in range(jobs):
            arrival = max(heapq.heappop(slots) + self.latency.quarter(), last + self.service)
            while len(crowd) >= self.at_once:
                arrival = max(arrival, heapq.heappop(crowd))
            last = _open_at(self.limiter, arrival, steps)
            self.limiter.take(last)
            leaves = last + self.latency.half()
            if self.at_once < math.inf:
                heapq.heappush(crowd, leaves)
            reply = leaves + self.latency.quarter()
            heapq.heappush(slots, reply)
            end = max(end, reply)
        return end
