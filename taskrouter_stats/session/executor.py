"""Carries one request to its payload: leave, send, observe, decipher, and again if need be.

The walk of every request, whoever asked: a fetch, a worker of a stream, a page of a list.
"""

import random
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen

from taskrouter_stats.core import rate_limit
from taskrouter_stats.core.circuit_breaker import CircuitBreaker
from taskrouter_stats.core.identity import Served, differences
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.core.reply import Reply, decode_reply
from taskrouter_stats.core.request import Request
from taskrouter_stats.core.retry import (
    TRANSIENT,
    GiveUp,
    RetryAfter,
    RetryBudget,
    RetryPolicy,
    decide,
)
from taskrouter_stats.errors import (
    ApiError,
    PaceError,
    PayloadError,
    ServerDown,
    TimedOut,
    TransportError,
    UntrustedCertificate,
)
from taskrouter_stats.models.redaction import SecretRedactor

from .loop_fairness import LoopFairness
from .pacer import Pacer, Permit
from .retrying import call_with_retries
from .transport import Transport

__all__ = ["CallState", "RequestExecutor", "RunCounters"]


@define(eq=False, repr=False)
class RunCounters:
    """What a run counts while it goes: 429s, and sends that followed a failed one."""

    refused: int = 0
    retried: int = 0
    upcoming: int = 0
    """Queries that are known to follow the ones that were pulled."""


@define(eq=False, repr=False)
class CallState:
    """One request on its way, with what it has met so far.

    Attributes:
        request: what is sent.
        tally: the run's counters.
        interactive: whether it goes before bulk requests.
        max_wait: the seconds that it may wait for leave, over all attempts.
        began: when it began, on the loop's clock.
        meta: how its last attempt went.
    """

    request: Request
    tally: RunCounters
    interactive: bool
    max_wait: float | None
    began: float
    waited: float = 0.0
    attempts: int = 0
    refused: int = 0
    was_refused: bool = False
    status: int | None = None
    request_id: str | None = None
    limits: rate_limit.RateLimit = rate_limit.NO_HEADERS
    blotter: SecretRedactor | None = None

    def meta(self, now: float) -> Meta:
        """How it went."""
        return Meta(
            self.status,
            self.limits,
            self.request_id,
            now - self.began,
            self.attempts,
            self.refused,
        )


@frozen(eq=False, repr=False)
class RequestExecutor:
    """What requests need on their way."""

    pacer: Pacer
    transport: Transport
    policy: RetryPolicy
    breaker: CircuitBreaker = field(factory=CircuitBreaker)
    retries: RetryBudget = field(factory=RetryBudget)
    turns: LoopFairness = field(factory=LoopFairness)

    def execute(self, errand: CallState) -> Awaitable[Any]:
        """The payload, decoded.

        Raises:
            TaskRouterStatsError: what the last attempt met, once the policy gives up.
        """
        return call_with_retries(errand, self._attempt, self._next_step, self.pacer.sleep)

    async def _attempt(self, errand: CallState) -> Any:
        permit = self._permit_nowait(errand) or await self._acquire_permit(errand)
        if errand.attempts:
            errand.tally.retried += not errand.was_refused
        errand.attempts += 1
        errand.was_refused = False
        began = self.pacer.now()
        try:
            reply = await self.transport.send(errand.request, permit.mark_sent)
            if not self.turns.try_enter():
                await self.turns.enter(interactive=errand.interactive)
        except BaseException as error:
            permit.abandon()
            if isinstance(error, TransportError):
                self._note_failure(error)
            errand.status, errand.request_id, errand.limits = None, None, rate_limit.NO_HEADERS
            raise
        limits = rate_limit.parse_headers(reply.headers, reply.redactor.text)
        self.breaker.record_reply()
        permit.observe(limits, refused=reply.is_rate_limited)
        errand.status, errand.request_id, errand.limits = reply.status, reply.request_id, limits
        errand.blotter = reply.redactor
        if reply.is_rate_limited:
            errand.attempts -= 1
            errand.refused += 1
            errand.was_refused = True
            errand.tally.refused += 1
        return self._read(errand, reply, began)

    def _note_failure(self, error: TransportError) -> None:
        """Tell the breaker about a failed send, if the failure says something about the server.

        A reused connection may have died before the send, and a certificate that this machine
        does not trust came from a server that answers.
        """
        if not error.on_reused_connection and not isinstance(error, UntrustedCertificate):
            timed_out = isinstance(error, TimedOut)
            self.breaker.record_failure(self.pacer.now(), timed_out=timed_out, cause=str(error))

    def _read(self, errand: CallState, reply: Reply, began: float) -> Any:
        """Return the payload of a reply that answers the request.

        Raises:
            ApiError: for an error of the server.
            PayloadError: for a body that is not JSON, or that answers another query; the
                connections that may bring more such replies are not used again.
        """
        try:
            payload = decode_reply(reply, errand.limits, errand.attempts)
        except (ApiError, PayloadError):
            if not reply.is_rate_limited and reply.status not in TRANSIENT:
                self.retries.earn()
            raise
        request = errand.request
        if request.query is not None:
            wrong = differences(
                request.query,
                request.budget.account,
                payload,
                lambda: Served(reply.headers, datetime.now(UTC), self.pacer.now() - began),
            )
            if wrong:
                self.transport.drop_connections()
                raise PayloadError(wrong, reply.request_id, for_other_query=True)
        self.retries.earn()
        return payload

    def _permit_nowait(self, errand: CallState) -> Permit | None:
        """Leave that needs no waiting."""
        if self.breaker.open:
            return None
        upcoming = errand.tally.upcoming
        return self.pacer.acquire_nowait(
            errand.request.budget, interactive=errand.interactive, upcoming=upcoming
        )

    async def _acquire_permit(self, errand: CallState) -> Permit:
        """Leave to send, or ServerDown, which may be found out while waiting for leave."""
        is_probe = self._check_circuit(errand)
        try:
            permit = await self._wait_for_permit(errand)
        except BaseException:
            if is_probe:
                self.breaker.probe_cancelled()
            raise
        try:
            if is_probe or self._check_circuit(errand):
                self.breaker.probe_sent(self.pacer.now())
        except (ServerDown, PaceError):
            permit.cancel()
            raise
        return permit

    def _check_circuit(self, errand: CallState) -> bool:
        """Refuse to ask a server that is down, but for the next probe; tell whether this is it.

        When probes are stuck in all places, the next one waits for a place, and by that alone
        whoever comes later is refused at once: a stream's workers must be one more than places.
        """
        if not self.breaker.open:
            return False
        now = self.pacer.now()
        seconds = self.breaker.delay(now)
        if seconds > 0:
            down_for, allowed = self.breaker.down_for(now), errand.max_wait
            if not down_for:  # no probe is out yet: this is still a wait for leave
                errand.waited += seconds
                if allowed is not None and errand.waited > allowed:
                    raise PaceError(allowed, seconds)
            raise ServerDown(down_for, seconds, self.breaker.cause)
        self.breaker.start_probe()
        return True

    async def _wait_for_permit(self, errand: CallState) -> Permit:
        pacer, asked, allowed = self.pacer, self.pacer.now(), errand.max_wait
        try:
            return await pacer.acquire(
                errand.request.budget,
                interactive=errand.interactive,
                max_wait=None if allowed is None else max(0.0, allowed - errand.waited),
                front=errand.was_refused,
                upcoming=errand.tally.upcoming,
            )
        except PaceError as error:
            raise PaceError(allowed or 0.0, error.retry_after) from None
        finally:
            errand.waited += pacer.now() - asked

    def _next_step(self, errand: CallState, error: Exception) -> RetryAfter | GiveUp:
        now = self.pacer.now()
        return decide(
            error,
            self.policy,
            self.retries,
            interactive=errand.interactive,
            down_for=self.breaker.down_for(now),
            retry_safe=errand.request.retry_safe,
            attempts=errand.attempts,
            refused=errand.refused,
            elapsed=now - errand.began - errand.waited,
            jitter=random.random(),
        )
