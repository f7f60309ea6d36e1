"""Three ways to pace that people use today, for comparison."""

import math
import random

import attrs

from taskrouter_stats.core.rate_limit import RateLimit


class Baseline:
    """What none of them cares for."""

    def depart(self, sent: object, now: float) -> None:
        """A request is on its way."""


@attrs.define
class Backoff(Baseline):
    """Send at once; after a 429 wait 100 ms x 2^n, at most 3 s, with full jitter."""

    rng: random.Random
    tries: int = 0

    def ask(self, now: float, *, interactive: bool, waiting: int) -> float:
        """Seconds to wait; 0 is leave."""
        del now, interactive, waiting
        return 0.0

    def send(self, now: float) -> None:
        """Leave is used."""
        del now

    def observe(self, sent: object, now: float, told: RateLimit, *, refused: bool) -> float:
        """A reply came."""
        del sent, now, told
        self.tries = min(self.tries + 1, 5) if refused else 0
        return self.rng.random() * min(3.0, 0.1 * 2.0**self.tries) if refused else 0.0


@attrs.define
class StaticBucket(Baseline):
    """A token bucket that was told the true limit."""

    limit: float
    tokens: float = 0.0
    at: float = 0.0

    def ask(self, now: float, *, interactive: bool, waiting: int) -> float:
        """Seconds to wait; 0 is leave."""
        del interactive, waiting
        self.tokens = min(self.limit, self.tokens + (now - self.at) * self.limit)
        self.at = now
        short = 1.0 - self.tokens
        return short / self.limit if short > 1e-9 else 0.0

    def send(self, now: float) -> None:
        """Leave is used."""
        del now
        self.tokens -= 1.0

    def observe(self, sent: object, now: float, told: RateLimit, *, refused: bool) -> float:
        """A reply came."""
        del sent, now, told, refused
        return 0.0


@attrs.define
class Semaphore(Baseline):
    """`Remaining` less what is in flight; at 0 a second's rest."""

    remaining: float = math.inf
    in_flight: int = 0
    rest: float = 0.0

    def ask(self, now: float, *, interactive: bool, waiting: int) -> float:
        """Seconds to wait; 0 is leave."""
        del interactive, waiting
        if now < self.rest:
            return self.rest - now
        if self.in_flight == 0 or self.remaining - self.in_flight >= 1.0:
            return 0.0
        return math.inf

    def send(self, now: float) -> None:
        """Leave is used."""
        del now
        self.in_flight += 1

    def observe(self, sent: object, now: float, told: RateLimit, *, refused: bool) -> float:
        """A reply came."""
        del sent
        self.in_flight -= 1
        if told.remaining is not None:
            self.remaining = told.remaining
        if refused or self.remaining < 1.0:
            self.rest = now + 1.0
        return 0.0
