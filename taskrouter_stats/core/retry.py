"""Retry decisions: whether to retry a failed attempt, and after how many seconds.

The backoff is exponential with full jitter. A 429 does not count as an attempt and adds no wait:
it was "never processed and is always safe to retry"
(https://www.twilio.com/docs/api/errors/20429), and the pacer has already paused the budget. Only
the number of 429s is bounded.

A send that fails on a reused connection before the reply's head says nothing about the server: the
next attempt starts at once and takes nothing from the retry budget. It counts as an attempt, since
the server may have seen it.
"""

import math
from typing import Final

from attrs import define, frozen

from taskrouter_stats import errors

from .plain_numbers import plain_number, whole_number

__all__ = ["GIVE_UP", "TRANSIENT", "GiveUp", "RetryAfter", "RetryBudget", "RetryPolicy", "decide"]

_MAX_TOKENS: Final = 200.0
"""Tokens at the start and at most: all of 100 requests in flight may fail twice."""
_TOKENS_PER_ANSWER: Final = 0.5
"""Tokens that an answer without a retry adds."""


@define(eq=False, repr=False)
class RetryBudget:
    """The retries that one session can afford, as tokens.

    A retry takes one token; an answer that needs no retry adds half a token. A server that fails
    a quarter of the time needs a third of a retry per answer, so it is retried without end. A
    server that always fails adds no tokens, so its retries end.
    """

    _tokens: float = _MAX_TOKENS

    def earn(self) -> None:
        """Add the tokens of an answer that is not retried."""
        if self._tokens < _MAX_TOKENS:
            self._tokens = min(_MAX_TOKENS, self._tokens + _TOKENS_PER_ANSWER)

    def spend(self) -> bool:
        """Take the token of one retry; return False if none is left."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


TRANSIENT: Final = frozenset({408, 500, 502, 503, 504})
"""Statuses of errors that may be temporary."""
_RESTART_SECONDS: Final = 0.5
"""Seconds that an interactive request waits for a server that restarts, from the first unanswered
probe."""


@frozen
class RetryPolicy:
    """The limits of retries of one query.

    Attributes:
        attempts: sends at most, those answered with a 429 left out; ≥ 1.
        base: upper bound of the first backoff, seconds, ≥ 0; it doubles with each retry.
        cap: the longest backoff, seconds, ≥ 0.
        max_elapsed: seconds after which no retry starts, ≥ 0; waits for permits are left out.
        refusals: 429s after which a query fails with ``RateLimited``; ≥ 1.
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
                    name, getattr(self, name), "expected a whole number, 1 or more"
                )
            object.__setattr__(self, name, count)
        for name in ("base", "cap", "max_elapsed"):
            seconds = plain_number(getattr(self, name))
            if seconds is None or not seconds >= 0:
                raise errors.InvalidParameter(
                    name, getattr(self, name), "expected seconds, 0 or more"
                )
            object.__setattr__(self, name, seconds)
        if self.base == math.inf:  # infinity times a jitter of 0 is not a number
            raise errors.InvalidParameter("base", self.base, "expected a finite number of seconds")


@frozen
class RetryAfter:
    """The decision to retry after ``seconds``."""

    seconds: float


@frozen
class GiveUp:
    """The decision to raise the error to the caller."""


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
    """Decide whether to retry after a failed attempt.

    Args:
        error: the error of the attempt.
        policy: the limits of retries.
        budget: the session's tokens for retries.
        interactive: whether the request is interactive: then it waits for a server's restart, but
            not for the end of an outage. A bulk request waits up to ``policy.cap`` seconds.
        down_for: seconds since the first probe of a server that is down; 0 if it is not down.
        retry_safe: whether the request may be sent twice.
        attempts: sends so far, the failed one included, those answered with a 429 left out.
        refused: number of 429s so far.
        elapsed: seconds since the first send, waits for permits left out.
        jitter: a random number in [0, 1).
    """
    if isinstance(error, errors.RateLimited):
        return RetryAfter(0.0) if refused < policy.refusals else GIVE_UP
    patience = min(policy.cap, _RESTART_SECONDS) if interactive else policy.cap
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
