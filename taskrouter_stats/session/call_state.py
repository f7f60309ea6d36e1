"""The state of one request over all its attempts, and the counters of one run."""

from attrs import define

from taskrouter_stats.core.outcome import Meta, new_meta
from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit
from taskrouter_stats.core.reply import Reply
from taskrouter_stats.core.request import Request

from .shared_wait import SharedWait

__all__ = ["CallState", "RunCounters"]


@define(eq=False, repr=False)
class RunCounters:
    """Counters of one run.

    Attributes:
        refused: 429 replies.
        retried: attempts that followed a failed attempt; those after a 429 do not count.
        upcoming: queries that will follow the ones already pulled.
    """

    refused: int = 0
    retried: int = 0
    upcoming: int = 0


@define(eq=False, repr=False)
class CallState:
    """State of one request over all its attempts.

    Attributes:
        request: the request to send.
        counters: the run's counters.
        interactive: whether the request goes before bulk requests.
        max_wait: seconds that all attempts together may wait for permits, or None.
        began: when the first attempt began, on the loop's clock (seconds); 0 before.
        waited: seconds spent waiting for permits so far.
        attempts: attempts so far, without those that got a 429.
        refused: 429 replies so far.
        was_refused: whether the last attempt got a 429.
        reply: the last attempt's reply; None if it got none.
        limits: rate-limit headers of that reply.
        shared: the limits of its callers, if several share the request.
        number: its number in the events for hooks; 0 without hooks.
    """

    request: Request
    counters: RunCounters
    interactive: bool = False
    max_wait: float | None = None
    began: float = 0.0
    waited: float = 0.0
    attempts: int = 0
    refused: int = 0
    was_refused: bool = False
    reply: Reply | None = None
    limits: RateLimit = NO_HEADERS
    shared: SharedWait | None = None
    number: int = 0

    def count_refusal(self) -> None:
        """Count a 429: its send was not an attempt."""
        self.attempts -= 1
        self.refused += 1
        self.was_refused = True
        self.counters.refused += 1

    def meta(self, now: float) -> Meta:
        """Return the metadata of the last attempt."""
        reply = self.reply
        return new_meta(
            None if reply is None else reply.status,
            self.limits,
            None if reply is None else reply.request_id,
            now - self.began,
            self.attempts,
            self.refused,
            None if reply is None else reply.served_at,
        )
