"""Decide when the next request may go, and learn from each reply."""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .admission import Admission
from .blind import BlindSearch
from .bulk import BulkPart
from .decision import ThrottleSnapshot, Wait
from .estimator import BudgetEstimator
from .pause import Pause
from .rate import EPSILON, MARGIN, SLOT_SLACK, TIMER_SLACK, RateController
from .rate_learning import decrease, increase
from .send_log import SendTicket

__all__ = ["Throttle"]


@attrs.define(eq=False, repr=False)
class Throttle:
    """One budget's throttle: check, reserve, say what was sent and what came back.

    `headroom` is the share of the limit that nobody here uses; `reserved` is the share of the
    limit that bulk requests leave to interactive ones.
    """

    created_at: float
    pace_limit: float | None = attrs.field(default=None, kw_only=True)
    headroom: float = attrs.field(default=0.0, kw_only=True)
    reserved: float = attrs.field(default=0.0, kw_only=True)
    estimator: BudgetEstimator = attrs.field(init=False)
    pace: RateController = attrs.field(init=False)
    blind: BlindSearch = attrs.field(factory=BlindSearch, init=False)
    bulk: BulkPart = attrs.field(init=False)
    sent: int = attrs.field(default=0, init=False)
    refused: int = attrs.field(default=0, init=False)
    _admission: Admission = attrs.field(init=False)
    _last_headers: RateLimit = attrs.field(factory=RateLimit, init=False)
    _pause: Pause = attrs.field(factory=Pause, init=False)
    _slot_at: float = attrs.field(default=-math.inf, init=False)
    _epoch: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.estimator = BudgetEstimator(self.headroom)
        self.pace = RateController(self.created_at, self.blind.rate)
        self.bulk = BulkPart.of(self.reserved, self.headroom, self.created_at)
        self._admission = Admission(self.estimator, self.pace, self.blind, self._pause, self.bulk)

    @property
    def in_flight(self) -> int:
        """How many requests have a ticket that was not handed back."""
        return self._admission.in_flight

    @in_flight.setter
    def in_flight(self, count: int) -> None:
        self._admission.in_flight = count

    @property
    def limit(self) -> float | None:
        """The limit that is believed, less the headroom."""
        return self.estimator.limit

    def is_interactive(self, now: float) -> bool:
        """Return whether an interactive request was asked for lately."""
        return self._admission.is_interactive(now)

    def check(self, now: float, *, interactive: bool, waiting: int = 0) -> Wait:
        """Return whether a request may go now, else how long to wait and why.

        Args:
            now: the time, in seconds.
            interactive: whether it goes before bulk requests.
            waiting: how many bulk requests are known to be still to come, this one included.
        """
        if interactive:
            self._admission.interactive_at = now
        if self._pause.until - now > EPSILON:
            return Wait(self._pause.until - now, "paused")
        if self._slot_at - now > EPSILON:
            return Wait(self._slot_at - now, "pace")
        return self._admission.check(now, interactive=interactive, waiting=waiting)

    def reserve(self, now: float, *, departs: bool = True, interactive: bool = False) -> SendTicket:
        """Take a ticket for a request.

        The server counts a request when it arrives. One that waits for its connection to be made,
        two or three round trips with TLS, is not sent yet: `mark_sent` tells when it is.
        """
        self._admission.in_flight += 1
        self.sent += 1
        self.pace.charge(now)
        if not interactive:
            self.bulk.charge(now)
        if self.pace_limit is not None:
            slot = 1.0 / self.pace_limit
            self._slot_at = max(self._slot_at, now - min(TIMER_SLACK, SLOT_SLACK * slot)) + slot
        sent = SendTicket(now, self._epoch, not interactive)
        self.estimator.unsent += 1
        if departs:
            self.estimator.record_send(sent, now)
        return sent

    def mark_sent(self, sent: SendTicket, now: float) -> None:
        """Record that the request was sent; a second call does nothing."""
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
        if sent.is_bulk:
            self.bulk.refund()
        if self.pace_limit is not None:
            self._slot_at -= 1.0 / self.pace_limit

    def abandon(self, sent: SendTicket) -> None:
        """Record that no reply will come; what was sent stays counted, as the server may do."""
        self._admission.in_flight -= 1
        if not sent.number:
            self.estimator.unsent -= 1

    def observe(
        self, sent: SendTicket, now: float, rate_limit: RateLimit, *, refused: bool, jitter: float
    ) -> bool:
        """Learn from a whole reply.

        Args:
            sent: the request's ticket.
            now: the time, in seconds.
            rate_limit: what its headers stated.
            refused: whether it was a 429.
            jitter: a random number from 0 up to 1.

        Returns:
            Whether the reply shows that another limit than this budget's refused: the account's.
        """
        estimator, pace = self.estimator, self.pace
        if not sent.number:
            estimator.record_send(sent, sent.at)
        self._admission.in_flight -= 1
        self._last_headers = rate_limit
        estimator.latency.record(now - sent.at if now > sent.at else 0.0)
        if now >= pace.increase_at:
            self._increase(now)
        alone = estimator.is_exclusive(now)
        if alone and estimator.others.presumed:
            pace.drain(now)
            estimator.others.presumed = False
            pace.rate = (1.0 - MARGIN) * estimator.rate or self.blind.rate
        was_due = refused and alone and estimator.credit(now) >= 1.0
        headers_ok = self._update_estimate(sent, now, rate_limit, refused=refused, alone=alone)
        if not refused:
            return self._admit(sent, now)
        self.refused += 1
        pace.drain(now)
        if estimator.limit is None:
            return self._refuse_blind(sent, now, rate_limit.retry_after, jitter)
        left = (rate_limit.remaining or 0.0) / estimator.model.cost if headers_ok else 0.0
        account_wide = left >= 1.0 and (
            estimator.model.cost < 1.0 or estimator.log.count_since(now - 1.0) < estimator.rate
        )
        if sent.epoch == self._epoch:
            self._epoch += 1
            if not account_wide:
                estimator.correct(
                    sent, now, was_left=left >= 1.0, was_due=was_due, headers_ok=headers_ok
                )
                decrease(pace, estimator, self._pause, now)
            srtt, retry_after = estimator.latency.srtt, rate_limit.retry_after
            self._pause.start(now, srtt, jitter, retry_after, is_crowd=account_wide)
        return account_wide

    def snapshot(self, now: float) -> ThrottleSnapshot:
        """Return the budget in numbers."""
        reason = self.check(now, interactive=False).reason
        reported, rate = self._last_headers, min(self.pace.rate, self.pace_limit or math.inf)
        counts = self.in_flight, self.sent, self.refused
        return ThrottleSnapshot(reported.limit, reported.remaining, rate, *counts, reason)

    def _update_estimate(
        self, sent: SendTicket, now: float, reported: RateLimit, *, refused: bool, alone: bool
    ) -> bool:
        estimator, pace = self.estimator, self.pace
        limit, span = estimator.limit, estimator.model.window_seconds
        headers_ok = estimator.update(sent, now, reported, refused=refused)
        if estimator.limit is None and (reported.limit, reported.remaining) != (None, None):
            self.blind.is_wary = True
        if estimator.limit != limit:
            pace.drain(now)
            if estimator.limit is None:
                pace.rate, pace.increase_at = self.blind.rate, now
            elif limit is None:
                most = (1.0 - MARGIN) * estimator.rate
                pace.rate = most if self.blind.is_growing else min(self.blind.rate, estimator.rate)
                pace.increase_at = now + 1.0
            else:
                pace.rate *= estimator.limit / limit
        if estimator.model.window_seconds != span:
            pace.rate = estimator.rate or self.blind.rate
            pace.replay(estimator.log.times, now)
        if alone and not estimator.is_exclusive(now):
            pace.start_sharing(estimator.others.own_share, estimator.rate, now)
            estimator.min_remaining = math.inf
            if estimator.model.cost < 1.0:
                pace.replay(estimator.log.times, now)
        return headers_ok

    def _refuse_blind(
        self, sent: SendTicket, now: float, retry_after: float | None, jitter: float
    ) -> bool:
        estimator, blind, pause = self.estimator, self.blind, self._pause
        estimator.log.remove(sent)  # the server did not count it
        blind.crowd.saw(sent.at, refused=True)
        if sent.epoch != self._epoch:
            return False
        self._epoch += 1
        blind.refused_at = now if blind.memory else sent.at + estimator.latency.reorder_seconds
        is_first = not pause.consecutive_429s and retry_after is None
        may_be_crowd = is_first and blind.suspect_crowd(sent.at, now, self.in_flight)
        if not may_be_crowd and self._judge(sent, now):
            pause.consecutive_429s = 0  # those that fit are admitted
            return True
        pause.start(now, estimator.latency.srtt, jitter, retry_after, is_crowd=may_be_crowd)
        return False

    def _admit(self, sent: SendTicket, now: float) -> bool:
        """Learn from an admission; return whether it shows that a crowd had been refused."""
        blind, is_crowd = self.blind, False
        self._admission.admitted += 1
        if self.estimator.limit is None and self._pause.consecutive_429s:
            is_watched, is_later = blind.crowd.is_watched, sent.at > blind.refused_at
            blind.crowd.saw(sent.at, refused=False)
            if sent.epoch != self._epoch if is_watched else not is_later:
                return False
            is_crowd = is_watched and self._judge(sent, now)
            blind.saw_admission(sent.at, self.estimator.log)
            self.pace.drain(now)
            self.pace.rate = blind.rate
        self._pause.consecutive_429s = 0
        return is_crowd

    def _judge(self, sent: SendTicket, now: float) -> bool:
        """Return whether the account refused a crowd; otherwise slow down."""
        estimator, blind, admitted = self.estimator, self.blind, self._admission.admitted
        heard_at = blind.crowd.heard_at if blind.crowd.is_watched else now
        if blind.judge_crowd():
            return True
        if blind.is_growing:
            self.pace.debt = 0.0
        if blind.is_growing or blind.memory or not self._pause.consecutive_429s:
            blind.decrease(estimator.log, sent.at, heard_at, estimator.latency.late, admitted)
        blind.saw_outage(self._pause.outage(now), estimator.log, now)
        self.pace.rate, self.pace.increase_at = blind.rate, now + 1.0
        return False

    def _increase(self, now: float) -> None:
        estimator, pace, admitted = self.estimator, self.pace, self._admission.admitted
        pace.drain(now)
        if estimator.limit is None:
            pace.increase_at = self.blind.increase(now, admitted, estimator.latency.srtt)
            pace.rate = self.blind.rate
        else:
            increase(pace, estimator, admitted, now)
