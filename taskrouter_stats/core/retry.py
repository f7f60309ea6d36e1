"""Whether a failed attempt is followed by another, and after how long.

Backoff is exponential with full jitter. A 429 is another matter: it was "never processed and is
always safe to retry" (https://www.twilio.com/docs/api/errors/20429), the pacer has already paused
the whole budget for it, and so it is no attempt and adds no wait; only their number is bounded.

A send that dies on a reused connection before the reply's head says nothing about the server: the
next attempt waits for nothing and costs the retry budget nothing. It is an attempt, since the
server may have seen it.
"""

import math
from typing import Final

from attrs import define, frozen

from taskrouter_stats import errors

from .plain import plain_number, whole_number

__all__ = ["GIVE_UP", "TRANSIENT", "GiveUp", "RetryAfter", "RetryBudget", "RetryPolicy", "decide"]

_MOST: Final = 200.0
"""Tokens at first and at most: all of 100 in flight may fail at once, and once more."""
_EARNED: Final = 0.5


@define(eq=False, repr=False)
class RetryBudget:
    """The tokens of one session."""

    _tokens: float = _MOST

    def earn(self) -> None:
        """An answer came that is not tried again."""
        if self._tokens < _MOST:
            self._tokens = min(_MOST, self._tokens + _EARNED)

    def spend(self) -> bool:
        """Take a retry's token; False when there is none."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


TRANSIENT: Final = frozenset({408, 500, 502, 503, 504})
"""Statuses that may pass."""
_RESTART: Final = 0.5
"""Seconds after the first unanswered probe in which those who are waited for are not told so."""


@frozen
class RetryPolicy:
    """How persistent to be.

    Attributes:
        attempts: sends that may fail otherwise than by a 429, the first included.
        base: the first backoff's upper end, seconds; it doubles with each further one.
        cap: the longest backoff, seconds.
        max_elapsed: seconds after which nothing is tried again, waiting for leave left out.
        refusals: 429s after which a query fails with ``RateLimited``.
    """

    attempts: int = 5
    base: float = 0.1
    cap: float = 10.0
    max_elapsed: float = 120.0
    refusals: int = 20

    def __attrs_post_init__(self) -> None:
        for name in ("attempts", "refusals"):
            count = whole_number(getattr(self, name))
            if count is None or count < 1:
                raise errors.InvalidParameter(
                    name, getattr(self, name), "a whole number, 1 or more"
                )
            object.__setattr__(self, name, count)
        for name in ("base", "cap", "max_elapsed"):
            seconds = plain_number(getattr(self, name))
            if seconds is None or not seconds >= 0:
                raise errors.InvalidParameter(name, getattr(self, name), "seconds, not negative")
            object.__setattr__(self, name, seconds)
        if self.base == math.inf:  # and no jitter makes a number of it
            raise errors.InvalidParameter("base", self.base, "a finite number of seconds")


@frozen
class RetryAfter:
    """Try again after so many seconds."""

    seconds: float


@frozen
class GiveUp:
    """Let the caller have the error."""


GIVE_UP: Final = GiveUp()


def decide(
    error: Exception,
    policy: RetryPolicy,
    budget: RetryBudget,
    *,
    interactive: bool,
    down_for: float,
    retry_safe: bool,
    attempts: int,
    refused: int,
    elapsed: float,
    jitter: float,
) -> RetryAfter | GiveUp:
    """Decide what follows a failed attempt.

    Args:
        error: what the attempt raised.
        policy: how persistent to be.
        budget: what retries are paid from.
        interactive: whether somebody waits for it: it sits a server's restart out, but not an
            outage. In bulk it waits for as long as ``policy.cap``.
        down_for: seconds since the first probe of a server that is down; 0 when it is not.
        retry_safe: whether sending twice does no harm.
        attempts: sends so far that were not refused by a 429, the failed one included.
        refused: 429s so far.
        elapsed: seconds since the first send, waiting for leave left out.
        jitter: a random number in [0, 1).
    """
    if isinstance(error, errors.RateLimited):
        return RetryAfter(0.0) if refused < policy.refusals else GIVE_UP
    patience = min(policy.cap, _RESTART) if interactive else policy.cap
    if isinstance(error, errors.TransportError) and down_for > patience:
        return GIVE_UP
    if isinstance(error, errors.ServerDown):
        in_time = elapsed + error.retry_after <= policy.max_elapsed
        return RetryAfter(error.retry_after) if in_time else GIVE_UP
    if not retry_safe or not _transient(error) or attempts >= policy.attempts:
        return GIVE_UP
    doubled = policy.base * 2.0 ** min(attempts - 1, 64)
    reused = isinstance(error, errors.TransportError) and error.on_reused_connection
    seconds = 0.0 if reused else jitter * min(policy.cap, doubled)
    if elapsed + seconds > policy.max_elapsed:
        return GIVE_UP
    return RetryAfter(seconds) if reused or budget.spend() else GIVE_UP


def _transient(error: Exception) -> bool:
    if isinstance(error, errors.ApiError):
        return error.status in TRANSIENT
    if isinstance(error, errors.PayloadError):
        return error.for_other_query
    return isinstance(error, errors.TransportError) and not isinstance(
        error, errors.UntrustedCertificate
    )
