"""The rate limiters that the simulated server may have, since nobody outside knows the real one.

Twilio documents requests per second *averaged over ten seconds*, and three headers without a unit.
Each model here is one reading of that:

================== =========================================== ======== ===================
window             admits                                      Limit    Remaining
================== =========================================== ======== ===================
``none``           everything                                  absent   absent
``fixed1s``        L in each calendar second                   L        left in this second
``sliding1s``      L in any second                             L        left
``fixed10s_rate``  10·L in each ten seconds of the clock       L        left, divided by 10
``fixed10s_total`` 10·L in each ten seconds of the clock       10·L     left
``sliding10s``     10·L in any ten seconds                     L        left, divided by 10
``bucket``         from a bucket of L that gains L a second    L        whole tokens left
``bucket10``       from a bucket of 10·L that gains L a second L        whole tokens left
================== =========================================== ======== ===================

A refused request costs nothing. Every limiter can be looked at without spending, and its limit can
change while it runs; what was spent stays spent. These limiters share no line with the client's
throttle: the two must not agree on a mistake. No clock is read here; ``now`` comes in as seconds
since 1970 and may stand still or step back, which never gives budget away.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from attrs import define

__all__ = []

CONFIG = "is_default=true"
"""What the Config header says. The real grammar is unknown, so nothing is given away."""

AVERAGING_SECONDS = 10
"""Seconds over which Twilio documents that it averages."""


class Verdict(NamedTuple):
    """What a limiter says to one request, and what the three headers say with it."""

    allowed: bool
    limit: int | None
    remaining: int | None
    config: str | None


class Limiter(Protocol):
    """Decides about one resource key's requests, in the order in which they arrive."""

    def acquire(self, now: float) -> Verdict:
        """Admit or refuse the request that arrives now."""
        ...

    def peek(self, now: float) -> Verdict:
        """Say whether a request would be admitted now, and what is left before it."""
        ...

    def set_limit(self, limit: int) -> None:
        """Admit that many requests per second from now on."""
        ...


class Unlimited:
    """Admits everything and says nothing."""

    def acquire(self, now: float) -> Verdict:
        """Admit the request."""
        return self.peek(now)

    def peek(self, now: float) -> Verdict:
        """Say that it would be admitted."""
        del now
        return Verdict(True, None, None, None)

    def set_limit(self, limit: int) -> None:
        """Go on without a limit."""


class FixedWindow:
    """Admits ``limit * period`` in each window of ``period`` seconds that the clock shows."""

    def __init__(self, limit: int, period: int, *, in_total: bool = False) -> None:
        self._capacity = limit * period
        self._period = period
        self._unit = 1 if in_total else period
        self._window = 0
        self._used = 0

    def acquire(self, now: float) -> Verdict:
        """Admit the request if this window still has room."""
        allowed = self.peek(now).allowed
        self._used += allowed
        return self._verdict(allowed=allowed)

    def peek(self, now: float) -> Verdict:
        """Say whether this window has room."""
        window = int(now // self._period)
        if window > self._window:
            self._window, self._used = window, 0
        return self._verdict(allowed=self._used < self._capacity)

    def set_limit(self, limit: int) -> None:
        """Make the windows larger or smaller, this one too."""
        self._capacity = limit * self._period

    def _verdict(self, *, allowed: bool) -> Verdict:
        left = max(0, self._capacity - self._used)
        return Verdict(allowed, self._capacity // self._unit, left // self._unit, CONFIG)


class SlidingWindow:
    """Admits ``limit * period`` in any ``period`` seconds, by remembering every admission."""

    def __init__(self, limit: int, period: int) -> None:
        self._limit = limit
        self._period = period
        self._admitted: deque[float] = deque()
        self._latest = 0.0

    def acquire(self, now: float) -> Verdict:
        """Admit the request if fewer than the limit were admitted in the period before it."""
        allowed = self.peek(now).allowed
        if allowed:
            self._admitted.append(self._latest)
        return self._verdict(allowed=allowed)

    def peek(self, now: float) -> Verdict:
        """Say whether the period that ends now has room."""
        now = self._latest = max(now, self._latest)
        while self._admitted and now - self._admitted[0] >= self._period:
            self._admitted.popleft()
        return self._verdict(allowed=len(self._admitted) < self._limit * self._period)

    def set_limit(self, limit: int) -> None:
        """Admit more or fewer, those already admitted counted."""
        self._limit = limit

    def _verdict(self, *, allowed: bool) -> Verdict:
        left = max(0, self._limit * self._period - len(self._admitted))
        return Verdict(allowed, self._limit, left // self._period, CONFIG)


class TokenBucket:
    """Admits one request for each token; ``rate`` come in a second, up to those of some seconds.

    Args:
        rate: Tokens that come in each second.
        holds: How many seconds' tokens it holds.
    """

    def __init__(self, rate: int, holds: int) -> None:
        self._rate = rate
        self._holds = holds
        self._tokens = float(rate * holds)
        self._filled_at = 0.0

    def acquire(self, now: float) -> Verdict:
        """Admit the request if a whole token is there."""
        allowed = self.peek(now).allowed
        self._tokens -= allowed
        return self._verdict(allowed=allowed)

    def peek(self, now: float) -> Verdict:
        """Say whether a whole token is there."""
        gained = max(0.0, now - self._filled_at) * self._rate
        self._tokens = min(self._rate * self._holds, self._tokens + gained)
        self._filled_at = max(now, self._filled_at)
        return self._verdict(allowed=self._tokens >= 1)

    def set_limit(self, limit: int) -> None:
        """Fill faster or slower, and hold more or less."""
        self._rate = limit
        self._tokens = min(self._tokens, self._rate * self._holds)

    def _verdict(self, *, allowed: bool) -> Verdict:
        return Verdict(allowed, self._rate, int(self._tokens), CONFIG)


WINDOWS: Mapping[str, Callable[[int], Limiter]] = MappingProxyType(
    {
        "none": lambda _limit: Unlimited(),
        "fixed1s": lambda limit: FixedWindow(limit, 1),
        "sliding1s": lambda limit: SlidingWindow(limit, 1),
        "fixed10s_rate": lambda limit: FixedWindow(limit, AVERAGING_SECONDS),
        "fixed10s_total": lambda limit: FixedWindow(limit, AVERAGING_SECONDS, in_total=True),
        "sliding10s": lambda limit: SlidingWindow(limit, AVERAGING_SECONDS),
        "bucket": lambda limit: TokenBucket(limit, 1),
        "bucket10": lambda limit: TokenBucket(limit, AVERAGING_SECONDS),
    }
)
"""How each window model makes the limiter of one resource key from requests per second."""


class Rival:
    """Another process that spends the same budget, evenly, whether or not it is refused.

    Args:
        inner: The limiter whose budget is shared.
        limit: Its requests per second.
        share: What the other one asks for, as a share of the limit.
    """

    def __init__(self, inner: Limiter, limit: int, share: float) -> None:
        self._inner = inner
        self._share = share
        self._every = 1 / (limit * share)
        self._next: float | None = None

    def acquire(self, now: float) -> Verdict:
        """Let the rival spend what is due until now, then decide."""
        self._spend(now)
        return self._inner.acquire(now)

    def peek(self, now: float) -> Verdict:
        """Let the rival spend what is due until now, then look."""
        self._spend(now)
        return self._inner.peek(now)

    def set_limit(self, limit: int) -> None:
        """Change the limit, of which the rival goes on asking for its share."""
        self._every = 1 / (limit * self._share)
        self._inner.set_limit(limit)

    def _spend(self, now: float) -> None:
        """Spend at each moment that is due; what no limiter remembers is left out."""
        due = now if self._next is None else max(self._next, now - 2 * AVERAGING_SECONDS)
        while due <= now:
            self._inner.acquire(due)
            due += self._every
        self._next = due


@define
class Start:
    """When the first request of all came, which steps are counted from."""

    at: float | None = None

    def since(self, now: float) -> float:
        """Return the seconds since then."""
        if self.at is None:
            self.at = now
        return now - self.at


class Stepped:
    """A limit that changes as time goes on.

    Args:
        inner: The limiter whose limit changes.
        steps: Seconds since the start, and the limit from then on.
        start: When that was.
    """

    def __init__(self, inner: Limiter, steps: Sequence[tuple[float, int]], start: Start) -> None:
        self._inner = inner
        self._steps = sorted(steps, reverse=True)
        self._start = start

    def acquire(self, now: float) -> Verdict:
        """Take the steps that are due, then decide."""
        self._step(now)
        return self._inner.acquire(now)

    def peek(self, now: float) -> Verdict:
        """Take the steps that are due, then look."""
        self._step(now)
        return self._inner.peek(now)

    def set_limit(self, limit: int) -> None:
        """Change the limit, until the next step."""
        self._inner.set_limit(limit)

    def _step(self, now: float) -> None:
        elapsed = self._start.since(now)
        while self._steps and self._steps[-1][0] <= elapsed:
            self._inner.set_limit(self._steps.pop()[1])
