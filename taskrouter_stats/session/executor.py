"""Executes one request: acquire a permit, send, update the throttle, decode, retry.

Fetches, streams and pages of lists all take this path.
"""

import random
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from taskrouter_stats.core import rate_limit
from taskrouter_stats.core.circuit_breaker import CircuitBreaker
from taskrouter_stats.core.identity import Served, differences
from taskrouter_stats.core.reply import RATE_LIMITED, Reply, decode_reply
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
    TaskRouterStatsError,
    TimedOut,
    TransportError,
    UntrustedCertificate,
)

from .call_state import CallState
from .loop_fairness import LoopFairness, fairness_of_loop
from .pacer import Pacer, Permit
from .retrying import call_again
from .transport import Transport

if TYPE_CHECKING:
    from .hook_calls import Hooks

__all__ = ["RequestExecutor"]


@frozen(eq=False, repr=False)
class RequestExecutor:
    """Executes every request of a session."""

    pacer: Pacer
    transport: Transport
    policy: RetryPolicy
    breaker: CircuitBreaker = field(factory=CircuitBreaker)
    retries: RetryBudget = field(factory=RetryBudget)
    fairness: LoopFairness = field(factory=fairness_of_loop)
    hooks: "Hooks | None" = None

    async def execute(self, call: CallState) -> Any:
        """Return the decoded payload.

        Raises:
            TaskRouterStatsError: the last attempt's error, once the policy gives up.
        """
        try:
            return await self._attempt(call)
        except TaskRouterStatsError as error:
            first = [error]  # emptied later, so that the error keeps no frame alive
        return await call_again(call, first, self._attempt, self._next_step, self.pacer.sleep)

    async def _attempt(self, call: CallState) -> Any:
        began = self.pacer.now()
        call.began = call.began or began
        permit = self._permit_nowait(call, began)
        if permit is None:
            permit = await self._acquire_permit(call)
            began = self.pacer.now()
        if call.attempts and not call.was_refused:
            call.counters.retried += 1
        call.attempts += 1
        call.was_refused = False
        hooks = self.hooks
        if hooks is not None:
            hooks.sent(call)
        try:
            reply = await self.transport.send(call.request, permit.mark_sent)
            fairness = self.fairness
            if not fairness.try_enter() and await fairness.enter(interactive=call.interactive):
                fairness.begin()
        except BaseException as error:
            permit.abandon()
            if hooks is not None:
                hooks.no_reply(call, error, self.pacer.now() - began)
            if isinstance(error, TransportError):
                self._note_failure(error)
            call.reply, call.limits = None, rate_limit.NO_HEADERS
            raise
        limits = rate_limit.parse_headers(reply.headers, reply.shown)
        was_open = self.breaker.open
        self.breaker.record_reply()
        refused = reply.status == RATE_LIMITED  # for less than the property
        permit.observe(limits, refused=refused)
        call.reply, call.limits = reply, limits
        if hooks is not None:
            self._report(hooks, call, reply, began, was_open=was_open)
        if refused:
            call.count_refusal()
        return self._read(call, reply, began)

    def _report(
        self, hooks: "Hooks", call: CallState, reply: Reply, began: float, *, was_open: bool
    ) -> None:
        """Tell the hooks about a reply."""
        now = self.pacer.now()
        hooks.replied(call, reply, now - began, self.pacer.pace(call.request.budget))
        if was_open:
            hooks.circuit_closed()

    def _note_failure(self, error: TransportError) -> None:
        """Report a failed send to the circuit breaker, if it says something about the server.

        A reused connection may have failed before the send. A certificate that this machine
        does not trust came from a server that is up.
        """
        if not error.on_reused_connection and not isinstance(error, UntrustedCertificate):
            timed_out = isinstance(error, TimedOut)
            was_open = self.breaker.open
            self.breaker.record_failure(self.pacer.now(), timed_out=timed_out, cause=str(error))
            if self.hooks is not None and self.breaker.open and not was_open:
                self.hooks.circuit_opened(self.breaker.cause)

    def _read(self, call: CallState, reply: Reply, began: float) -> Any:
        """Return the payload of a reply that answers the request.

        Raises:
            ApiError: the server answered with an error.
            PayloadError: the body is not JSON, or it answers another query; then the
                connections that may bring more such replies are not used again.
        """
        try:
            payload = decode_reply(reply, call.limits, call.attempts)
        except (ApiError, PayloadError):
            if not reply.is_rate_limited and reply.status not in TRANSIENT:
                self.retries.earn()
            raise
        request = call.request
        if request.query is not None:
            wrong = differences(
                request.query,
                request.budget.account,
                payload,
                partial(self._served, reply, began),
            )
            if wrong:
                self.transport.drop_connections()
                raise PayloadError(wrong, reply.request_id, for_other_query=True)
        self.retries.earn()
        return payload

    def _permit_nowait(self, call: CallState, now: float) -> Permit | None:
        """Return a permit if one is available without waiting, else None."""
        if self.breaker.open:
            return None
        upcoming = call.counters.upcoming
        return self.pacer.acquire_nowait(
            call.request.budget, now, interactive=call.interactive, upcoming=upcoming
        )

    def _served(self, reply: Reply, began: float) -> Served:
        """Return the time of a reply that was sent at ``began``."""
        return Served(reply.headers, datetime.now(UTC), self.pacer.now() - began)

    async def _acquire_permit(self, call: CallState) -> Permit:
        """Wait for a permit.

        Raises:
            ServerDown: the circuit is open, or opened during the wait.
            PaceError: the wait would exceed ``max_wait``.
        """
        is_probe = self._check_circuit(call)
        if self.hooks is not None:
            wait = self.pacer.explain(call.request.budget, interactive=call.interactive)
            self.hooks.waiting(call, wait)
        try:
            permit = await self._wait_for_permit(call)
        except BaseException:
            if is_probe:
                self.breaker.probe_cancelled()
            raise
        try:
            if is_probe or self._check_circuit(call):
                self.breaker.probe_sent(self.pacer.now())
        except (ServerDown, PaceError):
            permit.cancel()
            raise
        return permit

    def _check_circuit(self, call: CallState) -> bool:
        """Return whether this request is the probe of an open circuit; False if it is closed.

        If probes occupy all slots, the next probe waits for a slot, and every later request fails
        at once. So a stream needs one worker more than bulk requests have slots.

        Raises:
            ServerDown: the circuit is open, and the next probe is not due.
            PaceError: the first probe is not due within ``max_wait``.
        """
        if not self.breaker.open:
            return False
        now = self.pacer.now()
        seconds = self.breaker.delay(now)
        if seconds > 0:
            down_for, allowed = self.breaker.down_for(now), call.max_wait
            if not down_for:  # no probe was sent yet: this still counts as a wait for a permit
                call.waited += seconds
                if allowed is not None and call.waited > allowed:
                    raise PaceError(allowed, seconds)
                if call.shared is not None:
                    call.shared.add_pause(seconds)
            raise ServerDown(down_for, seconds, self.breaker.cause)
        self.breaker.start_probe()
        return True

    async def _wait_for_permit(self, call: CallState) -> Permit:
        pacer, requested, allowed = self.pacer, self.pacer.now(), call.max_wait
        try:
            return await pacer.acquire(
                call.request.budget,
                interactive=call.interactive,
                max_wait=None if allowed is None else max(0.0, allowed - call.waited),
                front=call.was_refused,
                upcoming=call.counters.upcoming,
                on_queued=None if call.shared is None else call.shared.begin,
            )
        except PaceError as error:
            raise PaceError(allowed or 0.0, error.retry_after) from None
        finally:
            call.waited += pacer.now() - requested
            if call.shared is not None:
                call.shared.end()

    def _next_step(self, call: CallState, error: Exception) -> RetryAfter | GiveUp:
        now = self.pacer.now()
        step = decide(
            error,
            self.policy,
            self.retries,
            interactive=call.interactive,
            down_for=self.breaker.down_for(now),
            retry_safe=call.request.retry_safe,
            attempts=call.attempts,
            refused=call.refused,
            elapsed=now - call.began - call.waited,
            jitter=random.random(),
        )
        if self.hooks is not None and isinstance(step, RetryAfter):
            self.hooks.retried(call, error, step.seconds)
        return step
