"""Infer from the server's counter what is left, what it counts, and who else uses it."""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .header_trust import JUMP, HeaderTrust, LimitAgreement
from .latency import MAX_REORDER, Latency
from .limit_model import (
    AVERAGE_EXTRA,
    PER_SECOND,
    TEN_SECOND_AVERAGE,
    TEN_SECOND_TOTAL,
    CostTest,
    LimitModel,
)
from .other_clients import SHARED_REPLIES, OtherClients
from .rate import MEMORY
from .refills import Refills
from .send_log import KEEP_SECONDS, SendLog, SendTicket

__all__ = ["BudgetEstimator"]

MIN_SLACK = 0.5
"""Header units that rounding explains."""

SLACK_SHARE = 0.02
"""Share of the limit that is not yet another client. Twice as much hides a rival of an average for
seconds: 6% of its requests are denied instead of 1%."""


@attrs.define(eq=False, repr=False)
class BudgetEstimator:
    """One budget's counter as the headers show it.

    Attributes:
        headroom: share of the limit that is never used.
        log: the own sends.
        limit: `Limit` less the headroom, in header units; None while none is believed.
        remaining: `Remaining` less the headroom, in the reply to request number `newest_send`.
        newest_send: number of the newest request whose reply stated `remaining`.
        newest_at: when that request was sent.
        unsent: requests that may go and were not sent yet.
        unseen: requests that other processes of a shared budget may have sent and not yet reported.
        min_remaining: the least that remained since the last change of the rate.
        slack: header units that other clients must exceed.
        busy_since: when the first send after a pause of the whole memory went.
    """

    headroom: float
    log: SendLog = attrs.Factory(SendLog)
    latency: Latency = attrs.Factory(Latency)
    trust: HeaderTrust = attrs.Factory(HeaderTrust)
    agreement: LimitAgreement = attrs.Factory(LimitAgreement)
    others: OtherClients = attrs.Factory(OtherClients)
    cost_test: CostTest = attrs.Factory(CostTest)
    refills: Refills = attrs.Factory(Refills)
    model: LimitModel = PER_SECOND
    limit: float | None = None
    remaining: float | None = None
    newest_send: int = 0
    newest_at: float = -math.inf
    unsent: int = 0
    unseen: int = 0
    min_remaining: float = math.inf
    slack: float = MIN_SLACK
    busy_since: float = -math.inf

    def is_exclusive(self, now: float) -> bool:
        """Tell whether nobody else used this budget lately."""
        others = self.others
        return now >= others.shared_until and others.replies_alone >= SHARED_REPLIES

    def has_remaining(self, now: float) -> bool:
        """Tell whether there is a `Remaining` to go by."""
        return self.remaining is not None and now >= self.trust.ignored_until

    @property
    def rate(self) -> float:
        """Requests per second that the limit amounts to."""
        return 0.0 if self.limit is None else self.limit / self.model.window_seconds

    @property
    def full(self) -> float:
        """Requests that the whole budget holds."""
        return 0.0 if self.limit is None else self.limit / self.model.cost

    @property
    def least_cost(self) -> float:
        """Header units that a request takes at least."""
        return 1.0 if self.model.cost == 1.0 else self.cost_test.low

    @property
    def past(self) -> float:
        """Seconds after which the server has surely forgotten an own request."""
        return self.model.memory + self.latency.late

    def own_rate(self, now: float) -> float:
        """Return the own requests per second, on the average of ten seconds."""
        return self.log.count_since(now - MEMORY) / MEMORY

    def credit(self, now: float) -> float:
        """Return the requests that the headers, or the own log, vouch for now."""
        if self.limit is None or self.remaining is None or now < self.trust.ignored_until:
            return 0.0
        cost, sent = self.model.cost, self.log.total - self.newest_send
        if self.model.is_short:
            return self.remaining / cost - sent - self.unsent
        since, past = self.log.count_since, self.past
        held = since(now - past)
        most = (self.remaining + 1.0) / cost - sent + since(self.newest_at - past) - held
        least = max(self.full - held, self.cost_test.vouched - self.log.total)
        return min(least, most) - self.unsent

    def credit_at(self, need: float) -> float:
        """Return when the server has forgotten enough own requests for `need` more."""
        kept = max(0, math.floor(self.full - need - self.unsent + 1e-9))
        return self.log.time_of(kept) + self.past

    def record_send(self, sent: SendTicket, now: float) -> None:
        """Record that a request was sent: in the log, and in the test of its cost."""
        self.unsent -= 1
        times = self.log.times
        if not times or (now - times[-1] > self.model.memory and now - times[-1] > self.past):
            self.busy_since = now
        sent.at = at = self.log.record(now)
        sent.number = self.log.total
        if self.limit is not None:  # the server refills for other clients as well
            sent.surplus = self.cost_test.record_send(
                at, sent.number, self.limit / (1.0 - self.headroom)
            )

    def update(self, sent: SendTicket, now: float, reported: RateLimit, *, refused: bool) -> bool:
        """Update from a reply's headers; return False if they are missing or not credible."""
        self.agreement.update(reported.limit, sent.number, refused=refused)
        limit, left = self.agreement.limit, reported.remaining
        ours = None if limit is None else (1.0 - self.headroom) * limit
        if ours != self.limit:
            self._change_limit(ours, now)
        if limit is None or reported.limit != limit or left is None:
            return False
        if not 0.0 <= left <= MEMORY * limit:  # a bucket may hold so many seconds
            return False
        if self.headroom:
            left = max(0.0, left - self.headroom * limit)
        newest = sent.number > self.newest_send
        rise = left - self.remaining if newest and self.remaining is not None else 0.0
        if not refused and (
            now < self.trust.ignored_until or (rise > JUMP * limit and self._contradicts(sent, now))
        ):
            return False
        if left < self.min_remaining:
            self.min_remaining = left
        self.cost_test.saw(sent, left, rose=rise > self.slack)
        if newest:
            self._count(sent, now, left, refused=refused)
        if refused:
            self.cost_test.base_at = -math.inf  # what was refused may not be counted
        elif self.model is PER_SECOND and sent.surplus > AVERAGE_EXTRA:
            self._test_average(sent, now)
        return True

    def assume_average(self) -> None:
        """Take the memory for long: nothing came back for longer than a second."""
        self.model = TEN_SECOND_AVERAGE
        self.cost_test.low = self.cost_test.high = self.model.cost

    def correct(
        self, sent: SendTicket, now: float, *, was_left: bool, was_due: bool, headers_ok: bool
    ) -> None:
        """Correct what was believed, after this budget refused a request.

        Args:
            sent: the request's ticket.
            now: the time, in seconds.
            was_left: whether the refusal's own `Remaining` would admit a request.
            was_due: whether there was credit, so that a long memory is refuted.
            headers_ok: whether the refusal stated `Remaining`; without, it counts as 0.
        """
        if was_left:
            self.distrust(now)
        if was_due and self.model.cost < 1.0:
            self.model = PER_SECOND
            self.cost_test.restart(self.limit or 0.0)
        if not headers_ok and self.remaining is not None:
            self.remaining, self.newest_send = 0.0, sent.number

    def distrust(self, now: float) -> None:
        """Ignore `Remaining` for a while, and what it said of others."""
        self.trust.ignore(now)
        self.others.forget()
        self.remaining, self.min_remaining = None, math.inf

    def _change_limit(self, limit: float | None, now: float) -> None:
        first = self.limit is None
        self.limit, self.remaining, self.min_remaining = limit, None, math.inf
        if limit is None:
            return
        self.slack = MIN_SLACK + SLACK_SHARE * limit
        self.refills.peak_at = None
        self.cost_test.restart(limit)
        if first:
            self.cost_test.begin(self.log, now, limit / (1.0 - self.headroom))

    def _contradicts(self, sent: SendTicket, now: float) -> bool:
        """Tell whether a shared counter jumped up more often than a window turns."""
        if self.model.cost < 1.0 or self.is_exclusive(now):
            return False
        if not self.trust.saw_jump(sent.at, self.latency.reorder_seconds):
            return False
        self.distrust(now)
        return True

    def _count(self, sent: SendTicket, now: float, left: float, *, refused: bool) -> None:
        """Take in what remained for the newest request."""
        cost = self.model.cost
        sent_since, fallen = self._since_refill(sent, left, refused=refused)
        self.remaining, self.newest_send, self.newest_at = left, sent.number, sent.at
        self.trust.empty = 0 if refused or left >= 1.0 else self.trust.empty + 1
        self._test_sharing(sent, now, sent_since, fallen)
        if self.model.cost < 1.0:
            self._bound_cost(sent, left)
        if not self.model.is_short:
            arrived = self.log.total - self.log.count_since(sent.at - self.latency.reorder_seconds)
            goes_on = self.model.cost <= cost and self.is_exclusive(now)
            self.cost_test.vouch(arrived + left / self.model.cost, goes_on=goes_on)

    def _since_refill(self, sent: SendTicket, left: float, *, refused: bool) -> tuple[int, float]:
        """Return own requests that may have arrived since the counter last rose, and its fall."""
        blur, between = self.latency.reorder_seconds, self.log.count_between
        peak_at, fallen = self.refills.peak_at, self.refills.peak - left
        if peak_at is None:
            self.refills.start(sent.at, left)
            return 0, 0.0
        sure = between(peak_at + blur, sent.at - blur)
        most = fallen + self.slack  # units; no request takes more than one
        if sure > most and not refused and sure * self.least_cost > most:
            self._refill(sent, left)
            return 0, 0.0
        if fallen <= self.slack or sent.at - peak_at <= blur:
            return 0, 0.0
        return between(peak_at - blur, sent.at + blur), fallen

    def _refill(self, sent: SendTicket, left: float) -> None:
        """Take in a refill: a turn, if the own sends of the memory would not leave so much."""
        blur, model = self.latency.reorder_seconds, self.model
        self.refills.saw(sent.at, left)
        if model.is_short:
            return
        if model is TEN_SECOND_TOTAL and self.refills.are_quick:
            self.model = PER_SECOND
            return
        sure = self.log.count_between(sent.at - model.memory + blur, sent.at - blur)
        if (self.limit or 0.0) - left + self.slack < sure * self.least_cost:
            self.refills.turned(self.newest_at, sent.at + blur, model.memory)

    def _test_average(self, sent: SendTicket, now: float) -> None:
        """Take the memory for long, if alone a request was admitted that no short one explains."""
        if not self.is_exclusive(now):
            return
        arrived = self.log.count_since(sent.at - self.latency.reorder_seconds)
        overtaken = max(0, arrived - (self.log.total - sent.number))
        if self.cost_test.proves_average(sent, overtaken):
            self.model = TEN_SECOND_AVERAGE
            self.refills.restart(self.cost_test.base_at, self.cost_test.base)
            self._bound_cost(sent, self.remaining or 0.0)

    def _bound_cost(self, sent: SendTicket, left: float) -> None:
        """Narrow the bounds of a request's cost, while the server has forgotten none since."""
        cost = self.cost_test
        if left <= 0.0 or sent.number != self.newest_send or cost.high <= 1.05 * cost.low:
            return
        blur, between = self.latency.reorder_seconds, self.log.count_between
        if not blur < sent.at - cost.base_at <= 1.0 / cost.high:
            return
        theirs = (self.limit or 0.0) * (sent.at - cost.base_at)  # others can't be faster for long
        least = between(cost.base_at + blur, sent.at - blur)
        most = between(cost.base_at - 2.0 * blur, sent.at + blur) + theirs + self.unseen
        used = (self.limit or 0.0) - left + self.slack  # a rise within the slack is not seen
        cost.bound(used, cost.base - left, least, most)
        self.model = cost.model()
        self.log.keep = max(KEEP_SECONDS, self.past + MAX_REORDER)

    def _unexplained(self, sent: SendTicket, left: float) -> tuple[float, float]:
        """Return the units gone that own sends cannot have used, and those that they can."""
        at, blur, model, unseen = sent.at, self.latency.reorder_seconds, self.model, self.unseen
        gone, our, between = (self.limit or 0.0) - left, 0.0, self.log.count_between
        if model.is_short:
            our = float(between(at - 1.0 - blur, at + blur) + unseen)
        if gone > our:
            past = MEMORY + blur if model.is_short else model.memory + self.latency.behind
            cost = 1.0 / MEMORY if model.is_short else model.cost
            our = max(our, math.ceil((between(at - past, at + blur) + unseen) * cost))
        return gone - our, our

    def _test_sharing(self, sent: SendTicket, now: float, sent_since: int, fallen: float) -> None:
        slack, others, left = self.slack, self.others, self.remaining or 0.0
        if others.first_reply_at == math.inf:
            others.saw_start(now, *self._unexplained(sent, left), slack)
            return
        if fallen <= slack and (self.limit or 0.0) - left <= slack:
            others.replies_alone += 1
            return
        unexplained, explained = self._unexplained(sent, left)
        if others.used_before_start:
            unexplained = others.less_history(now, unexplained)
        our = sent_since * self.model.cost
        if unexplained > slack and self._is_total(now, our, fallen):
            if self.refills.is_slow(sent.at):
                self.model = TEN_SECOND_TOTAL
                return
            unexplained = 0.0
        theirs = max(unexplained, fallen - our - self.unseen * self.model.cost)
        others.saw(now, theirs, explained, slack)
        if theirs > slack and self.model is TEN_SECOND_AVERAGE and self.cost_test.doubts():
            self.model = self.cost_test.model()
            others.shared_until = now + MEMORY / 2.0

    def _is_total(self, now: float, our: float, fallen: float) -> bool:
        """Tell whether half of the limit is gone, but not more than was sent since it rose."""
        return (
            self.model is PER_SECOND
            and fallen - our <= self.slack
            and fallen >= (self.limit or 0.0) - fallen
            and self.is_exclusive(now)
        )
