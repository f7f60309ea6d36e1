"""Decide when the next request may go, and learn from each reply."""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .decision import SEND_NOW, WAIT_FOR_PROBE, WAIT_FOR_REPLY, ThrottleSnapshot, Wait
from .estimator import BudgetEstimator
from .pause import Pause
from .rate import (
    DECREASE,
    DECREASE_ALONE,
    EPSILON,
    MARGIN,
    MIN_SHARE,
    SLOT_SLACK,
    TIMER_SLACK,
    RateController,
)
from .send_log import SendTicket

__all__ = ["Throttle"]

RAMP_PER_REPLY = 8
"""Requests in flight at first, per admitted one."""

RAMP_KNEE = 28.0
"""Requests in flight from which the ramp is slow. Into a hidden cap of 20: up to 14: 1.4% refused;
28: 1.7%; 56: 3.2%."""

RAMP_SLOPE = 0.5
"""Requests in flight beyond the knee, per admitted one."""

IN_FLIGHT_SHARE = 0.5
"""Share of the credit that may be in flight at once, so that an even rival shows before the credit
is gone (0.33: up to 9% refused by a hidden cap; 1: lying headers cost 20% more)."""

RESERVE = 0.04
"""Share of the budget that bulk leaves to interactive requests."""

INTERACTIVE_SECONDS = 30.0
"""Seconds after an interactive request during which it does so."""

REPLIES_PER_STEP = 5
"""Replies that an increase in company must rest on, if a second brings fewer."""

STEP_SHARE = 0.1
"""The same as a share of the limit, where that is less: a small limit brings few replies.

Sixteen processes: 2: 1.11 / 3.0%; 5: 1.14 / 2.3%; 10: 1.19 / 1.7%."""

OUTAGE = 1.2
"""Seconds of nothing but refusals that a second's memory cannot explain (0.6, 2.4: within 2%)."""

BLIND_OUTAGE = 3.0
"""The same seconds without headers, where other clients may cause an outage unseen."""

ALREADY_FULL = 0.9
"""Own share of a second's limit that makes a refusal with some left a lie, not another limit's."""


@attrs.define(eq=False, repr=False)
class Throttle:
    """One budget's throttle: ask for leave, say what was sent, say what came back."""

    created_at: float
    pace_limit: float | None = attrs.field(default=None, kw_only=True)
    headroom: float = attrs.field(default=0.0, kw_only=True)
    estimator: BudgetEstimator = attrs.field(init=False)
    pace: RateController = attrs.field(init=False)
    in_flight: int = attrs.field(default=0, init=False)
    sent: int = attrs.field(default=0, init=False)
    refused: int = attrs.field(default=0, init=False)
    _admitted: int = attrs.field(default=0, init=False)
    _last_headers: RateLimit = attrs.field(factory=RateLimit, init=False)
    _pause: Pause = attrs.field(factory=Pause, init=False)
    _slot_at: float = attrs.field(default=-math.inf, init=False)
    _interactive_at: float = attrs.field(default=-math.inf, init=False)
    _replies_at_step: int = attrs.field(default=0, init=False)
    _epoch: int = attrs.field(default=0, init=False)
    _outage_at: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.estimator = BudgetEstimator(self.headroom)
        self.pace = RateController(self.created_at)

    @property
    def limit(self) -> float | None:
        """What is believed of the limit, `headroom` taken off."""
        return self.estimator.limit

    def check(self, now: float, *, interactive: bool, waiting: int = 0) -> Wait:
        """May a request go now? If not, when to ask again, and why."""
        if interactive:
            self._interactive_at = now
        if self._pause.until - now > EPSILON:
            return Wait(self._pause.until - now, "paused")
        if self._slot_at - now > EPSILON:
            return Wait(self._slot_at - now, "pace")
        if not self._admitted:
            return WAIT_FOR_PROBE if self.in_flight else SEND_NOW
        estimator = self.estimator
        if estimator.has_remaining(now) and estimator.is_exclusive(now):
            if not estimator.model.is_short:
                return self._check_credit(now, interactive=interactive, waiting=waiting)
            look = self._check_look(now, interactive=interactive)
            if look is not SEND_NOW:
                return look
        if estimator.limit is None:
            return self._check_blind(now)
        return self._check_pace(now, interactive=interactive)

    def reserve(self, now: float, *, departs: bool = True) -> SendTicket:
        """Leave is used: the ticket goes with the request.

        The server counts a request when it arrives. One that waits for its connection to be made,
        two or three round trips with TLS, does not depart yet: `depart` tells when it does.
        """
        self.in_flight += 1
        self.sent += 1
        self.pace.charge(now)
        if self.pace_limit is not None:
            slot = 1.0 / self.pace_limit
            self._slot_at = max(self._slot_at, now - min(TIMER_SLACK, SLOT_SLACK * slot)) + slot
        sent = SendTicket(now, self._epoch)
        self.estimator.unsent += 1
        if departs:
            self.estimator.record_send(sent, now)
        return sent

    def mark_sent(self, sent: SendTicket, now: float) -> None:
        """It is on its way; twice is once."""
        if not sent.number:
            self.estimator.record_send(sent, now)

    def cancel(self, sent: SendTicket) -> None:
        """Take back a reservation of which nothing was sent, as if it had never been."""
        self.abandon(sent)
        self.sent -= 1
        if sent.number:
            self.estimator.log.remove(sent)
            self.estimator.cost_test.surplus -= 1.0
        self.pace.refund()
        if self.pace_limit is not None:
            self._slot_at -= 1.0 / self.pace_limit

    def abandon(self, sent: SendTicket) -> None:
        """No reply will come; the server may have counted what departed, so it stays spent."""
        self.in_flight -= 1
        if not sent.number:
            self.estimator.unsent -= 1

    def observe(
        self, sent: SendTicket, now: float, rate_limit: RateLimit, *, refused: bool, jitter: float
    ) -> bool:
        """A whole reply came; `refused` says that it was a 429, `jitter` lies in [0, 1).

        True when the refusal was not this budget's: it had some left. Then the account-wide
        window should hear of it.
        """
        self.mark_sent(sent, sent.at)
        self.abandon(sent)
        self._last_headers = rate_limit
        estimator, pace = self.estimator, self.pace
        estimator.latency.record(max(0.0, now - sent.at))
        pace.drain(now)
        if now >= pace.increase_at:
            self._increase(now)
        alone = estimator.is_exclusive(now)
        if alone and estimator.others.presumed:
            estimator.others.presumed, pace.rate = False, (1.0 - MARGIN) * estimator.rate
        unexpected = refused and alone and estimator.credit(now) >= 1.0
        headers_ok = self._update_estimate(sent, now, rate_limit, refused=refused, alone=alone)
        if estimator.limit is None:
            if sent.epoch < self._epoch:
                pace.saw_blind(sent.number, refused=refused)
        if refused:
            self.refused += 1
            account_wide = self._refuse(
                sent, now, rate_limit, jitter, headers_ok=headers_ok, unexpected=unexpected
            )
            if estimator.limit is None:
                estimator.log.remove(sent)  # the server did not count it
            return account_wide
        self._admitted += 1
        self._pause.consecutive_429s = 0
        return False

    def snapshot(self, now: float) -> ThrottleSnapshot:
        """The budget in numbers, as the server would put them."""
        urgent = self._interactive_at
        reason = self.check(now, interactive=False).reason
        self._interactive_at = urgent
        reported = self._last_headers
        rate = self.pace.rate if self.pace_limit is None else min(self.pace.rate, self.pace_limit)
        return ThrottleSnapshot(
            reported.limit,
            reported.remaining,
            rate,
            self.in_flight,
            self.sent,
            self.refused,
            reason,
        )

    def _check_credit(self, now: float, *, interactive: bool, waiting: int) -> Wait:
        """Alone with a long memory: nothing goes without credit, and the last of it are scouts."""
        estimator = self.estimator
        credit, need = estimator.credit(now), 1.0
        if not interactive:
            need += self._reserve(now)
        if credit < need:
            return self._wait_until(estimator.credit_at(need), now)
        if interactive:
            return SEND_NOW
        full, spare = estimator.full, credit - need + 1.0
        shown = spare if estimator.is_watching(now) else math.inf
        if self.in_flight >= self._most_in_flight(shown):
            return WAIT_FOR_REPLY
        scouts = estimator.scouts
        if spare <= scouts and 0.0 < (waiting - spare) % full <= full - scouts and waiting > spare:
            at = estimator.next_scout(credit)
            if at - now > EPSILON:
                return WAIT_FOR_REPLY if estimator.unsent else Wait(at - now, "pace")
        return SEND_NOW

    def _check_blind(self, now: float) -> Wait:
        """Without a limit: one at a time after a 429, then by the pace or the own log."""
        is_outage = self._pause.consecutive_429s > 1 and now - self._outage_at > OUTAGE
        if is_outage and self.in_flight:
            return WAIT_FOR_REPLY
        pace, estimator = self.pace, self.estimator
        if not pace.blind_memory:
            wait = pace.delay(now)
            return Wait(wait, "pace") if wait else SEND_NOW
        past = pace.blind_memory + max(2 * estimator.latency.reorder_seconds, estimator.latency.lag)
        newest = max(0, math.floor(pace.blind_memory * pace.rate) - estimator.unsent - 1)
        return self._wait_until(estimator.log.time_of(newest) + past, now)

    def _check_look(self, now: float, *, interactive: bool) -> Wait:
        """The limit is nearly gone, and may be one per ten seconds: look, one at a time."""
        estimator, reserve = self.estimator, 0.0 if interactive else self._reserve(now)
        if not estimator.is_unproven(now, reserve) or (interactive and estimator.credit(now) >= 1):
            return SEND_NOW
        if self.in_flight:
            return WAIT_FOR_REPLY
        return self._wait_until(estimator.next_look(now, reserve), now)

    @staticmethod
    def _wait_until(at: float, now: float) -> Wait:
        return Wait(at - now, "pace") if at - now > EPSILON else SEND_NOW

    def _reserve(self, now: float) -> float:
        """Return the requests that bulk leaves to interactive ones."""
        if now - self._interactive_at >= INTERACTIVE_SECONDS:
            return 0.0
        return RESERVE * self.estimator.full

    def _most_in_flight(self, credit: float) -> float:
        """Return how many may be in flight: few at first, and at most half of the credit."""
        ramp = min(RAMP_PER_REPLY * self._admitted, RAMP_KNEE + RAMP_SLOPE * self._admitted)
        return min(max(1.0, IN_FLIGHT_SHARE * credit), ramp)

    def _check_pace(self, now: float, *, interactive: bool) -> Wait:
        alone = self.estimator.is_exclusive(now)
        wait = self.pace.delay(now)
        if wait == 0.0 and self._may_pace(now, alone=alone):
            return SEND_NOW
        if (alone or interactive) and self._may_spend(now, interactive=interactive):
            return SEND_NOW
        if alone and not wait:
            return WAIT_FOR_REPLY
        return Wait(wait or math.inf, "pace" if alone else "shared")

    def _may_pace(self, now: float, *, alone: bool) -> bool:
        estimator = self.estimator
        if not self.in_flight or not estimator.has_remaining(now):
            return True
        if estimator.model.is_short and not estimator.refills.seen:
            return False
        return alone or estimator.credit(now) >= 1.0 or self.pace.should_probe(now)

    def _may_spend(self, now: float, *, interactive: bool) -> bool:
        left = self.estimator.credit(now)
        if self.headroom and self.pace.debt > self.estimator.full:
            return False  # a level that is kept is not enough: of what flows in, others get theirs
        if interactive or left < 1.0:
            return left >= 1.0
        left -= self._reserve(now)
        return left >= 1.0 and self.in_flight < self._most_in_flight(left)

    def _update_estimate(
        self, sent: SendTicket, now: float, reported: RateLimit, *, refused: bool, alone: bool
    ) -> bool:
        estimator, pace = self.estimator, self.pace
        limit, span = estimator.limit, estimator.model.window_seconds
        headers_ok = estimator.update(sent, now, reported, refused=refused)
        if estimator.limit != limit:
            if estimator.limit is None:
                pace.forget_limit(now)
            elif limit is None:
                pace.first_limit(estimator.rate, now)
            else:
                pace.rate *= estimator.limit / limit
        if estimator.model.window_seconds != span:
            pace.rate = estimator.rate
            pace.replay(estimator.log.times, now)
        if alone and not estimator.is_exclusive(now):
            pace.start_sharing(estimator.others.own_share * estimator.rate, estimator.rate, now)
            estimator.min_remaining = math.inf
            if estimator.model.cost < 1.0:
                pace.replay(estimator.log.times, now)
        return headers_ok

    def _refuse(
        self,
        sent: SendTicket,
        now: float,
        reported: RateLimit,
        jitter: float,
        *,
        headers_ok: bool,
        unexpected: bool,
    ) -> bool:
        estimator = self.estimator
        fresh = sent.epoch == self._epoch
        left = (reported.remaining or 0.0) / estimator.model.cost if headers_ok else 0.0
        account_wide = left >= 1.0 and (
            estimator.model.cost < 1.0
            or estimator.log.count_since(now - 1.0) < ALREADY_FULL * estimator.rate
        )
        if not fresh:
            return account_wide
        self._epoch += 1
        if not account_wide:
            self._exhausted(
                sent, now, headers_ok=headers_ok, unexpected=unexpected, contradicted=left >= 1.0
            )
        alone, srtt = estimator.is_exclusive(now), estimator.latency.srtt
        self._pause.start(now, srtt, jitter, reported.retry_after, alone=alone)
        return account_wide

    def _exhausted(
        self,
        sent: SendTicket,
        now: float,
        *,
        headers_ok: bool,
        unexpected: bool,
        contradicted: bool,
    ) -> None:
        estimator, pace = self.estimator, self.pace
        least = MIN_SHARE * estimator.rate
        if contradicted:
            estimator.distrust(now)
        estimator.trust.jumps = 0
        if unexpected:
            estimator.reject_average()
        if not headers_ok:
            estimator.assume_empty(sent)
        if estimator.limit is None:
            pace.decrease_blind(estimator.log.count_since(now - 1.0), sent.number, now)
            self._check_outage(now)
        elif estimator.is_exclusive(now) and not self._pause.consecutive_429s:
            pace.decrease(DECREASE_ALONE, now, least)
        else:
            pace.decrease(DECREASE, now, least)
            self._check_outage(now)

    def _check_outage(self, now: float) -> None:
        estimator = self.estimator
        if not self._pause.consecutive_429s:
            self._outage_at = now
        elif estimator.limit is None:
            if now - self._outage_at > BLIND_OUTAGE and not self.pace.blind_memory:
                self.pace.learn_memory((1.0 - MARGIN) * estimator.own_rate(now), now)
        elif (
            now - self._outage_at > OUTAGE
            and estimator.model.is_short
            and not estimator.is_exclusive(now)
        ):
            estimator.assume_average()
            self.pace.rate = max(self.pace.rate, estimator.own_rate(now))
            self.pace.replay(estimator.log.times, now)

    def _increase(self, now: float) -> None:
        estimator, pace = self.estimator, self.pace
        if estimator.limit is None:
            pace.increase_blind(now, estimator.latency.srtt)
            return
        if estimator.is_exclusive(now):
            if estimator.min_remaining >= 1.0 or not estimator.model.is_short:
                pace.increase_alone(estimator.rate, now)
        elif self._admitted < self._replies_at_step + min(
            REPLIES_PER_STEP, max(2.0, STEP_SHARE * estimator.limit)
        ):
            return
        elif estimator.model.cost < 1.0:
            pace.increase_slowly(
                estimator.rate, estimator.min_remaining, estimator.own_rate(now), now
            )
        else:
            pace.increase_shared(estimator.limit, estimator.min_remaining, now)
        self._replies_at_step, pace.increase_at, estimator.min_remaining = (
            self._admitted,
            now + 1.0,
            math.inf,
        )
