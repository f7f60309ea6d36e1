"""Rate limiters as a server might run them, written apart from any client.

Each answers two questions: `take(at)`, is a request that arrives now admitted, and
`earliest(at)`, when would the next one be (only a clairvoyant client may ask that).
"""

import math
from collections import deque
from typing import Protocol

from taskrouter_stats.core.rate_limit import RateLimit


class Limiter(Protocol):
    """A server's rule for one budget."""

    def take(self, at: float) -> bool:
        """Admit or refuse a request that arrives at `at`."""
        ...

    def earliest(self, at: float) -> float:
        """The first instant from `at` on at which a request would be admitted."""
        ...

    def headers(self, at: float) -> RateLimit:
        """What the reply says, stamped on arrival."""
        ...

    def step(self, limit: float) -> None:
        """Change the limit from now on."""
        ...


class FixedWindow:
    """So many requests per calendar window; `counted` is what the headers count in."""

    def __init__(self, limit: float, *, period: float, phase: float, total: bool = False) -> None:
        self.limit, self.period, self.phase, self.total = limit, period, phase, total
        self.window, self.used = -1, 0

    def _turn(self, at: float) -> None:
        window = math.floor((at + self.phase) / self.period)
        if window != self.window:
            self.window, self.used = window, 0

    def take(self, at: float) -> bool:
        """Admit or refuse."""
        self._turn(at)
        admitted = self.used < self.limit * self.period
        self.used += admitted
        return admitted

    def earliest(self, at: float) -> float:
        """When one would be admitted."""
        self._turn(at)
        if self.used < self.limit * self.period:
            return at
        return (self.window + 1) * self.period - self.phase + 1e-9

    def headers(self, at: float) -> RateLimit:
        """What a reply says."""
        self._turn(at)
        if self.total:
            top = self.limit * self.period
            return RateLimit(limit=top, remaining=max(0.0, top - self.used))
        left = math.floor(self.limit - self.used / self.period + 1e-9)
        return RateLimit(limit=self.limit, remaining=float(max(0, left)))

    def step(self, limit: float) -> None:
        """Change the limit."""
        self.limit = limit


class FirstRequestWindow(FixedWindow):
    """A window that opens with the first request after the last one ended (INCR and EXPIRE)."""

    def __init__(self, limit: float, *, period: float) -> None:
        super().__init__(limit, period=period, phase=0.0)
        self.ends = -math.inf

    def _turn(self, at: float) -> None:
        if at >= self.ends:
            self.used = 0

    def take(self, at: float) -> bool:
        """Admit or refuse."""
        if at >= self.ends:
            self.ends, self.used = at + self.period, 0
        return super().take(at)

    def earliest(self, at: float) -> float:
        """When one would be admitted."""
        if at >= self.ends or self.used < self.limit * self.period:
            return at
        return self.ends + 1e-9


class SlidingWindow:
    """An average over the last `period` seconds; refused calls may count as well."""

    def __init__(self, limit: float, *, period: float, count_refused: bool = False) -> None:
        self.limit, self.period, self.count_refused = limit, period, count_refused
        self.log: deque[float] = deque()

    def _expire(self, at: float) -> None:
        while self.log and self.log[0] <= at - self.period:
            self.log.popleft()

    def take(self, at: float) -> bool:
        """Admit or refuse."""
        self._expire(at)
        admitted = len(self.log) < self.limit * self.period
        if admitted or self.count_refused:
            self.log.append(at)
        return admitted

    def earliest(self, at: float) -> float:
        """When one would be admitted."""
        self._expire(at)
        over = len(self.log) - round(self.limit * self.period)
        return at if over < 0 else max(at, self.log[over] + self.period + 1e-9)

    def headers(self, at: float) -> RateLimit:
        """What a reply says."""
        self._expire(at)
        left = math.floor(self.limit - len(self.log) / self.period + 1e-9)
        return RateLimit(limit=self.limit, remaining=float(max(0, left)))

    def step(self, limit: float) -> None:
        """Change the limit."""
        self.limit = limit


class TokenBucket:
    """`limit` tokens a second drip into a bucket that holds `depth` of them."""

    def __init__(self, limit: float, *, depth: float) -> None:
        self.limit, self.depth = limit, depth
        self.tokens, self.at = depth, 0.0

    def _drip(self, at: float) -> None:
        self.tokens = min(self.depth, self.tokens + (at - self.at) * self.limit)
        self.at = at

    def take(self, at: float) -> bool:
        """Admit or refuse."""
        self._drip(at)
        admitted = self.tokens >= 1.0
        self.tokens -= admitted
        return admitted

    def earliest(self, at: float) -> float:
        """When one would be admitted."""
        self._drip(at)
        return at if self.tokens >= 1.0 else at + (1.0 - self.tokens) / self.limit + 1e-9

    def headers(self, at: float) -> RateLimit:
        """What a reply says."""
        self._drip(at)
        return RateLimit(limit=self.limit, remaining=float(math.floor(self.tokens)))

    def step(self, limit: float) -> None:
        """Change the limit."""
        self.depth *= limit / self.limit
        self.limit = limit


class EverySecond:
    """A broken gateway: it refuses every second request whatever the budget, and says `told`."""

    def __init__(self, told: RateLimit) -> None:
        self.told, self.count = told, 0

    def take(self, at: float) -> bool:
        """Admit or refuse."""
        del at
        self.count += 1
        return self.count % 2 == 1

    def earliest(self, at: float) -> float:
        """When one would be admitted."""
        self.count |= 1
        self.count += 1
        return at

    def headers(self, at: float) -> RateLimit:
        """What a reply says."""
        del at
        return self.told

    def step(self, limit: float) -> None:
        """Change the limit."""
        del limit


class Unlimited:
    """No limit at all, and no headers."""

    def take(self, at: float) -> bool:
        """Admit or refuse."""
        return at >= 0.0

    def earliest(self, at: float) -> float:
        """When one would be admitted."""
        return at

    def headers(self, at: float) -> RateLimit:
        """What a reply says."""
        del at
        return RateLimit()

    def step(self, limit: float) -> None:
        """Change the limit."""
        del limit
