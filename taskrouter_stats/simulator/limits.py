"""The rate limiters of the simulated server, in all the ways that Twilio's documents allow.

Twilio documents requests per second *averaged over ten seconds*, and three headers without a unit.
Each window model is one interpretation:

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

A refused request uses no budget. ``peek`` uses none either, and a limit can change at any time
without returning used budget. These limiters share no code with the client's throttle, so that both
cannot have the same error. No limiter reads a clock: ``now`` is seconds since 1970, and may stand
still or step back, which never adds budget.

``Rival`` and ``Stepped`` are limiters around a limiter: another client that uses the budget, and
changes of the limit. They combine with each other and with every window model.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from attrs import define

__all__ = [
    "AVERAGING_SECONDS",
    "CONFIG",
    "WINDOWS",
    "FixedWindow",
    "Limiter",
    "Rival",
    "SlidingWindow",
    "Start",
    "Stepped",
    "TokenBucket",
    "Unlimited",
    "Verdict",
]

CONFIG = "is_default=true"
"""The Config header's value. The real grammar is unknown, so it holds no usable figure."""

AVERAGING_SECONDS = 10
"""Seconds over which Twilio documents that it averages."""


class Verdict(NamedTuple):
    """A limiter's decision about one request, and the values of the three headers."""

    allowed: bool
    limit: int | None
    remaining: int | None
    config: str | None


class Limiter(Protocol):
    """The rate limiter of one resource key, called in the order of arrival."""

    def acquire(self, now: float) -> Verdict:
        """Admit or refuse the request that arrives now."""
        ...

    def peek(self, now: float) -> Verdict:
        """Return the decision about a request now, without using budget."""
        ...

    def set_limit(self, limit: int) -> None:
        """Change the limit, requests per second."""
        ...


class Unlimited:
    """A limiter that admits every request and sends no headers."""

    def acquire(self, now: float) -> Verdict:
        """Admit the request."""
        return self.peek(now)

    def peek(self, now: float) -> Verdict:
        """Return that a request would be admitted."""
        del now
        return Verdict(True, None, None, None)

    def set_limit(self, limit: int) -> None:
        """Ignore the limit."""


class FixedWindow:
    """A limiter of ``limit * period`` requests in each ``period`` seconds of the clock."""

    def __init__(self, limit: int, period: int, *, in_total: bool = False) -> None:
        self._capacity = limit * period
        self._period = period
        self._unit = 1 if in_total else period
        self._window = 0
        self._used = 0

    def acquire(self, now: float) -> Verdict:
        """Admit the request if this window has budget."""
        allowed = self.peek(now).allowed
        self._used += allowed
        return self._verdict(allowed=allowed)

    def peek(self, now: float) -> Verdict:
        """Return whether this window has budget."""
        window = int(now // self._period)
        if window > self._window:
            self._window, self._used = window, 0
        return self._verdict(allowed=self._used < self._capacity)

    def set_limit(self, limit: int) -> None:
        """Change the budget of all windows, this one included."""
        self._capacity = limit * self._period

    def _verdict(self, *, allowed: bool) -> Verdict:
        remaining = max(0, self._capacity - self._used)
        return Verdict(allowed, self._capacity // self._unit, remaining // self._unit, CONFIG)


class SlidingWindow:
    """A limiter of ``limit * period`` requests in any ``period`` seconds; it keeps their times."""

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
        """Return whether the period that ends now has budget."""
        now = self._latest = max(now, self._latest)
        while self._admitted and now - self._admitted[0] >= self._period:
            self._admitted.popleft()
        return self._verdict(allowed=len(self._admitted) < self._limit * self._period)

    def set_limit(self, limit: int) -> None:
        """Change the budget; requests already admitted still count."""
        self._limit = limit

    def _verdict(self, *, allowed: bool) -> Verdict:
        remaining = max(0, self._limit * self._period - len(self._admitted))
        return Verdict(allowed, self._limit, remaining // self._period, CONFIG)


class TokenBucket:
    """A limiter that admits one request for each token.

    Args:
        rate: Tokens added per second.
        holds: Capacity, in seconds of ``rate``.
    """

    def __init__(self, rate: int, holds: int) -> None:
        self._rate = rate
        self._holds = holds
        self._tokens = float(rate * holds)
        self._filled_at = 0.0

    def acquire(self, now: float) -> Verdict:
        """Admit the request if the bucket has a whole token."""
        allowed = self.peek(now).allowed
        self._tokens -= allowed
        return self._verdict(allowed=allowed)

    def peek(self, now: float) -> Verdict:
        """Return whether the bucket has a whole token."""
        gained = max(0.0, now - self._filled_at) * self._rate
        self._tokens = min(self._rate * self._holds, self._tokens + gained)
        self._filled_at = max(now, self._filled_at)
        return self._verdict(allowed=self._tokens >= 1)

    def set_limit(self, limit: int) -> None:
        """Change the rate and the capacity."""
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
"""Window models by name: each makes a limiter from requests per second."""


class Rival:
    """Another client that uses the same budget at an even rate, whether or not it is refused.

    Args:
        inner: The limiter whose budget is shared.
        limit: The limiter's requests per second.
        share: The rival's requests as a share of the limit, 0 < share <= 1.
    """

    def __init__(self, inner: Limiter, limit: int, share: float) -> None:
        self._inner = inner
        self._share = share
        self._every = 1 / (limit * share)
        self._next: float | None = None

    def acquire(self, now: float) -> Verdict:
        """Count the rival's requests until now, then decide."""
        self._spend(now)
        return self._inner.acquire(now)

    def peek(self, now: float) -> Verdict:
        """Count the rival's requests until now, then peek."""
        self._spend(now)
        return self._inner.peek(now)

    def set_limit(self, limit: int) -> None:
        """Change the limit; the rival's share stays the same."""
        self._every = 1 / (limit * self._share)
        self._inner.set_limit(limit)

    def _spend(self, now: float) -> None:
        """Make the rival's due requests; skip those older than any limiter's memory."""
        due = now if self._next is None else max(self._next, now - 2 * AVERAGING_SECONDS)
        while due <= now:
            self._inner.acquire(due)
            due += self._every
        self._next = due


@define
class Start:
    """The time of the account's first request, from which steps are counted."""

    at: float | None = None

    def since(self, now: float) -> float:
        """Return the seconds since the first request; the first call sets its time."""
        if self.at is None:
            self.at = now
        return now - self.at


class Stepped:
    """A limit that changes over time.

    Args:
        inner: The limiter whose limit changes.
        steps: Seconds since the start, and the limit from then on.
        start: The start.
    """

    def __init__(self, inner: Limiter, steps: Sequence[tuple[float, int]], start: Start) -> None:
        self._inner = inner
        self._steps = sorted(steps, reverse=True)
        self._start = start

    def acquire(self, now: float) -> Verdict:
        """Apply the due steps, then decide."""
        self._step(now)
        return self._inner.acquire(now)

    def peek(self, now: float) -> Verdict:
        """Apply the due steps, then peek."""
        self._step(now)
        return self._inner.peek(now)

    def set_limit(self, limit: int) -> None:
        """Change the limit until the next step."""
        self._inner.set_limit(limit)

    def _step(self, now: float) -> None:
        elapsed = self._start.since(now)
        while self._steps and self._steps[-1][0] <= elapsed:
            self._inner.set_limit(self._steps.pop()[1])
