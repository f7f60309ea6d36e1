"""Decide when the next request may go, and learn from each reply."""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .decision import SEND_NOW, WAIT_FOR_PROBE, WAIT_FOR_REPLY, ThrottleSnapshot, Wait
from .estimator import BudgetEstimator
from .limit_model import TEN_SECOND_AVERAGE
from .rate import DECREASE, DECREASE_ALONE, EPSILON, MARGIN, SLOT_SLACK, TIMER_SLACK, RateController
from .send_log import SendLog, SendTicket

RAMP_PER_REPLY, RAMP_KNEE, RAMP_SLOPE = 8, 28.0, 0.5
"""Requests in flight at first: 8 per reply up to 28, then half a one more per reply.

Into a hidden cap of 20: up to 14: 1.4% refused; 28: 1.7%; 56: 3.2%."""

IN_FLIGHT_SHARE = 0.5
"""Share of the credit that may be in flight at once (0.33: up to 9% refused by a hidden cap;
1: lying headers cost 20% more)."""

RESERVE, INTERACTIVE_SECONDS = 0.04, 30.0
"""Share of the budget that bulk leaves where an interactive request came in the last 30 s."""

REPLIES_PER_STEP = 5
"""Replies that a step of growth in company must rest on, if a second brings fewer.

Sixteen processes: 2: 1.11 / 3.0%; 5: 1.14 / 2.3%; 10: 1.19 / 1.7%."""

OUTAGE = 1.2
"""Seconds of nothing but refusals that a second's memory cannot explain (0.6, 2.4: within 2%)."""

ALREADY_FULL = 0.9
"""Own share of a second's limit that makes a refusal with some left a lie, not another's."""

PAUSE, PAUSE_ALONE, PAUSE_SHARED = 0.5, 1.0, 2.5
"""The first pause in round trips, and the longest in seconds; outages come in company."""

MAX_RETRY_AFTER = 300.0
"""Seconds of `Retry-After` obeyed at once; a server that means more will say so again."""

MAX_CREDIBLE_RETRY_AFTER = 86_400.0
"""More seconds of `Retry-After` than any rate limit's: a broken clock's, and not obeyed at all."""

_DOUBLINGS = 20


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
    _paused_until: float = attrs.field(default=-math.inf, init=False)
    _slot_at: float = attrs.field(default=-math.inf, init=False)
    _interactive_at: float = attrs.field(default=-math.inf, init=False)
    _replies_at_step: int = attrs.field(default=0, init=False)
    _epoch: int = attrs.field(default=0, init=False)
    _consecutive_429s: int = attrs.field(default=0, init=False)
    _outage_at: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.estimator = BudgetEstimator(self.headroom, SendLog())
        self.pace = RateController(self.created_at)

    @property
    def limit(self) -> float | None:
        """What is believed of the limit, `headroom` taken off."""
        return self.estimator.limit

    def check(self, now: float, *, interactive: bool, waiting: int = 0) -> Wait:
        """May a request go now? If not, when to ask again, and why."""
        if interactive:
            self._interactive_at = now
        if self._paused_until - now > EPSILON:
            return Wait(self._paused_until - now, "paused")
        if self._slot_at - now > EPSILON:
            return Wait(self._slot_at - now, "pace")
        if not self._admitted:
            return WAIT_FOR_PROBE if self.in_flight else SEND_NOW
        return self._check_budget(now, interactive=interactive)

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
            self.estimator.surplus -= 1.0
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
        estimator.record_rtt(max(0.0, now - sent.at))
        pace.drain(now)
        if now >= pace.increase_at:
            self._increase(now)
        alone = estimator.is_exclusive(now)
        if alone and estimator.sharing_presumed:
            estimator.sharing_presumed, pace.rate = False, (1.0 - MARGIN) * estimator.rate
        unexpected = refused and alone and estimator.credit(now) >= 1.0
        headers_ok = self._update_estimate(sent, now, rate_limit, refused=refused, alone=alone)
        if refused:
            self.refused += 1
            return self._refuse(
                sent, now, rate_limit, jitter, headers_ok=headers_ok, unexpected=unexpected
            )
        self._admitted += 1
        self._consecutive_429s = 0
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

    def _check_budget(self, now: float, *, interactive: bool) -> Wait:
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
        if not estimator.refilled:
            return False
        return alone or estimator.credit(now) >= 1.0 or self.pace.should_probe(now)

    def _may_spend(self, now: float, *, interactive: bool) -> bool:
        left = self.estimator.credit(now)
        if self.headroom and self.pace.debt > self.estimator.full:
            return False  # a level that is kept is not enough: of what flows in, others get theirs
        if interactive or left < 1.0:
            return left >= 1.0
        if now - self._interactive_at < INTERACTIVE_SECONDS:
            left -= RESERVE * self.estimator.full
        opening = min(RAMP_PER_REPLY * self._admitted, RAMP_KNEE + RAMP_SLOPE * self._admitted)
        return left >= 1.0 and self.in_flight < min(max(1.0, IN_FLIGHT_SHARE * left), opening)

    def _update_estimate(
        self, sent: SendTicket, now: float, reported: RateLimit, *, refused: bool, alone: bool
    ) -> bool:
        estimator, pace = self.estimator, self.pace
        limit, span = estimator.limit, estimator.model.window_seconds
        headers_ok = estimator.update(sent, now, reported, refused=refused)
        if estimator.limit is not None and estimator.limit != limit:
            if limit is None:
                pace.first_limit(estimator.rate, now)
            else:
                pace.rate *= estimator.limit / limit
        if estimator.model.window_seconds != span:
            pace.rate = estimator.rate
            pace.replay(estimator.log.times, now)
        if alone and not estimator.is_exclusive(now):
            pace.start_sharing(estimator.own_share * estimator.rate, estimator.rate, now)
            estimator.min_remaining = math.inf
            if estimator.model is TEN_SECOND_AVERAGE:
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
            estimator.model is TEN_SECOND_AVERAGE
            or estimator.log.count_since(now - 1.0) < ALREADY_FULL * estimator.rate
        )
        if not fresh:
            return account_wide
        self._epoch += 1
        if not account_wide:
            self._exhausted(
                sent, now, headers_ok=headers_ok, unexpected=unexpected, contradicted=left >= 1.0
            )
        self._consecutive_429s += 1
        longest = PAUSE_ALONE if estimator.is_exclusive(now) else PAUSE_SHARED
        pause = min(
            longest, PAUSE * estimator.srtt * 2.0 ** min(self._consecutive_429s - 1, _DOUBLINGS)
        )
        pause *= 0.75 + 0.5 * jitter
        if reported.retry_after is not None and reported.retry_after <= MAX_CREDIBLE_RETRY_AFTER:
            pause = max(pause, min(reported.retry_after, MAX_RETRY_AFTER))
        self._paused_until = max(self._paused_until, now + pause)
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
        if contradicted:
            estimator.distrust(now)
        estimator.trust.reset()
        if unexpected:
            estimator.reject_average(now)
        if not headers_ok:
            estimator.assume_empty(sent)
        if estimator.limit is None:
            pace.decrease_blind(estimator.log.count_since(now - 1.0), now)
        elif estimator.is_exclusive(now) and not self._consecutive_429s:
            pace.decrease(DECREASE_ALONE, now)
        else:
            pace.decrease(DECREASE, now)
            self._check_outage(now)

    def _check_outage(self, now: float) -> None:
        estimator = self.estimator
        if not self._consecutive_429s:
            self._outage_at = now
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
            pace.increase_blind(now, estimator.srtt)
            return
        if estimator.is_exclusive(now):
            if estimator.min_remaining >= 1.0 or not estimator.model.is_short:
                pace.increase_alone(estimator.rate, now)
        elif self._admitted < self._replies_at_step + REPLIES_PER_STEP:
            return
        elif estimator.model is TEN_SECOND_AVERAGE:
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
