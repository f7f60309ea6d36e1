"""Whether one budget lets the next request go, by what is known of it."""

import math

import attrs

from .blind import BlindSearch
from .bulk import BulkPart
from .decision import SEND_NOW, WAIT_FOR_PROBE, WAIT_FOR_REPLY, Wait
from .estimator import BudgetEstimator
from .pause import Pause
from .rate import CALM, EPSILON, RateController
from .rate_learning import should_probe
from .scouts import SCOUTS, is_unproven, is_watching, next_look, next_scout, scouts_of

__all__ = ["Admission"]

RAMP_PER_REPLY = 16
"""Requests in flight at first, per admitted one. 400 requests beside a client of 60% deny it 5% of
its own, and a quarter without this bound; 8: 300 requests take 6% longer."""

RAMP_KNEE = 18.0
"""Requests in flight from which the ramp is slow. 400 requests into a hidden cap of 20: 18: 3.5%
refused; 20: 3.8%; 24: 4.0%."""

IN_FLIGHT_SHARE = 0.5
"""Share of the credit that may be in flight at once, so that an even rival shows before the credit
is gone (0.33: up to 9% refused by a hidden cap; 1: lying headers cost 20% more). Beyond the knee,
also the requests in flight per admitted one."""


@attrs.define(eq=False, repr=False)
class Admission:
    """The next request of one budget.

    Attributes:
        in_flight: requests whose ticket was not handed back.
        admitted: requests admitted so far.
        interactive_at: when an interactive request was last asked for.
    """

    estimator: BudgetEstimator
    pace: RateController
    blind: BlindSearch
    pause: Pause
    bulk: BulkPart
    in_flight: int = 0
    admitted: int = 0
    interactive_at: float = -math.inf

    def check(self, now: float, *, interactive: bool, waiting: int) -> Wait:
        """Answer for the next request; `waiting` bulk requests are known to be still to come."""
        if not self.admitted:
            return WAIT_FOR_PROBE if self.in_flight else SEND_NOW
        estimator = self.estimator
        if estimator.limit is None:
            return self._check_blind(now, interactive=interactive)
        alone = estimator.is_exclusive(now)
        if not interactive and self.bulk.part < 1.0:
            late = self.bulk.burst_delay(now, self._whole_rate(alone=alone), estimator.full)
            if late > EPSILON:
                return Wait(late, "pace" if alone else "shared")
        credit = estimator.credit(now) if alone or interactive else 0.0
        if alone and estimator.has_remaining(now):
            if not estimator.model.is_short:
                return self._check_credit(now, credit, interactive=interactive, waiting=waiting)
            if not estimator.refills.are_quick:
                look = self._check_look(now, credit, interactive=interactive, waiting=waiting)
                if look is not SEND_NOW:
                    return look
        return self._check_pace(now, credit, interactive=interactive, alone=alone)

    def _check_credit(self, now: float, credit: float, *, interactive: bool, waiting: int) -> Wait:
        """Alone with a long memory: nothing goes without credit, and the last of it are scouts."""
        estimator = self.estimator
        need = 1.0 if interactive else 1.0 + self._reserve(now)
        if credit < need:
            at = estimator.credit_at(need)
            if need > 1.0 and self.bulk.part < 1.0 and estimator.unsent and at - now <= EPSILON:
                return WAIT_FOR_REPLY  # the log does not hold yet what is being sent
            return self._wait_until(at, now)
        if interactive:
            return SEND_NOW
        kept = self.bulk.reserved(estimator.full)
        full, spare = estimator.full - kept, credit - need + 1.0
        shown = spare if is_watching(estimator, now) else math.inf
        if self.in_flight >= self._most_in_flight(shown):
            return WAIT_FOR_REPLY
        rest = (waiting - spare) % full
        if spare <= min(scouts_of(full), full - rest) and rest > 0.0 and waiting > spare:
            at = next_scout(estimator, credit, kept)
            if at - now > EPSILON:
                return WAIT_FOR_REPLY if estimator.unsent else Wait(at - now, "pace")
        return SEND_NOW

    def _check_blind(self, now: float, *, interactive: bool) -> Wait:
        """Without a limit: one at a time after a refusal, then by replies, the pace or the log."""
        blind = self.blind
        if self.pause.consecutive_429s:
            if self.in_flight >= max(1, blind.crowd.fits):
                return WAIT_FOR_REPLY
            return self._check_log(now) if blind.turned_at > -math.inf else SEND_NOW
        if blind.is_growing:
            most = blind.most_in_flight(self.admitted, self.estimator.latency.srtt)
            return SEND_NOW if self.in_flight < most else WAIT_FOR_REPLY
        if self.in_flight >= blind.most_after_refusal(self.admitted):
            return WAIT_FOR_REPLY
        if blind.memory:
            return self._check_log(now)
        wait = self.pace.delay(now)
        if not interactive and self.bulk.part < 1.0:
            wait = max(wait, self.bulk.delay(now, self.pace.rate))
        return Wait(wait, "pace") if wait else SEND_NOW

    def _check_log(self, now: float) -> Wait:
        """Without a limit, under a long memory: the own log shows when one more may go."""
        estimator = self.estimator
        at = self.blind.next_at(estimator.log, estimator.unsent, estimator.latency.late)
        return self._wait_until(at, now)

    def _check_look(self, now: float, credit: float, *, interactive: bool, waiting: int) -> Wait:
        """The limit is nearly gone, and may be one per ten seconds: look, one at a time."""
        left = credit if interactive else credit - self._reserve(now)
        if (interactive and credit >= 1.0) or not is_unproven(self.estimator, left, waiting):
            return SEND_NOW
        if self.in_flight:
            return WAIT_FOR_REPLY
        if self.estimator.newest_send < self.estimator.log.total:
            return SEND_NOW  # the newest reply showed nothing, so another look would show as little
        return self._wait_until(next_look(self.estimator, left), now)

    @staticmethod
    def _wait_until(at: float, now: float) -> Wait:
        return Wait(at - now, "pace") if at - now > EPSILON else SEND_NOW

    def is_interactive(self, now: float) -> bool:
        """Return whether an interactive request was asked for lately."""
        return now - self.interactive_at < CALM

    def _reserve(self, now: float) -> float:
        """Return the requests that bulk leaves to interactive ones."""
        full = self.estimator.full
        always = self.bulk.reserved(full)
        if not self.is_interactive(now):
            return always
        return max(always, SCOUTS * full)

    def _most_in_flight(self, credit: float) -> float:
        """Return how many may be in flight: few at first, and at most half of the credit."""
        ramp = min(RAMP_PER_REPLY * self.admitted, RAMP_KNEE + IN_FLIGHT_SHARE * self.admitted)
        return min(max(1.0, IN_FLIGHT_SHARE * credit), ramp)

    def _check_pace(self, now: float, credit: float, *, interactive: bool, alone: bool) -> Wait:
        """Send out of debt, or with credit."""
        wait = self.pace.delay(now)
        if not interactive and self.bulk.part < 1.0:
            wait = max(wait, self.bulk.delay(now, self._whole_rate(alone=alone)))
        if (alone or interactive) and self._may_spend(now, credit, interactive=interactive):
            return SEND_NOW
        if wait == 0.0 and self._may_pace(now, alone=alone):
            return SEND_NOW
        if alone and not wait:
            return WAIT_FOR_REPLY
        return Wait(wait or math.inf, "pace" if alone else "shared")

    def _whole_rate(self, *, alone: bool) -> float:
        """Return the requests per second of which bulk requests get their part."""
        rate = self.estimator.rate
        return rate if alone else min(rate, self.pace.rate)

    def _may_pace(self, now: float, *, alone: bool) -> bool:
        estimator = self.estimator
        if not self.in_flight or not estimator.has_remaining(now):
            return True
        if estimator.model.is_short and not estimator.refills.seen:
            return False
        return alone or estimator.credit(now) >= 1.0 or should_probe(self.pace, estimator, now)

    def _may_spend(self, now: float, credit: float, *, interactive: bool) -> bool:
        if self.estimator.headroom and self.pace.debt > self.estimator.full:
            return False  # a level that is kept is not enough: of what flows in, others get theirs
        if interactive or credit < 1.0:
            return credit >= 1.0
        left = credit - self._reserve(now)
        return left >= 1.0 and self.in_flight < self._most_in_flight(left)
