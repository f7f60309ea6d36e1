"""Infer from the server's counter what is left, what it counts, and who else uses it."""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .header_trust import JUMP, HeaderTrust
from .limit_model import PER_SECOND, TEN_SECOND_AVERAGE, TEN_SECOND_TOTAL, LimitModel
from .rate import MEMORY
from .send_log import SendLog, SendTicket

REORDER_SHARE, MIN_REORDER, MAX_REORDER = 0.25, 0.03, 2.0
"""Share of a round trip by which requests may overtake each other, and its bound in seconds."""

SMOOTH = 0.1
"""Weight of the newest round trip in the smoothed one."""

AVERAGE_USES, AVERAGE_EXTRA, SEEN = 2.2, 6.0, 2.0
"""TEN_SECOND_AVERAGE: own surplus over this many uses, plus this many, once SEEN units moved.

Looser or stricter by half: the same, but 4 uses or 12 requests let a hidden concurrency cap
refuse 8-10% of 400 instead of 4%."""

STRETCH, HALF_USED = 1.5, 0.5
"""TEN_SECOND_TOTAL: seconds without a refill, and the share of the limit that must be gone by then.

Both are flat: 1.1 to 3 s and 0.25 to 0.75 move no row by 1%."""

TURN_LEAST, TURN_MOST = 1.0, 8.0
"""TEN_SECOND_TOTAL is refuted by two refills with a gap between these seconds."""

SLACK_ONE, SLACK_SHARE = 0.5, 0.02
"""Unexplained units that are not yet others: half of one, and this share of the limit.

Twice as much hides a rival of an average for seconds: he is denied 6% instead of 1%."""

SHARED, SHARED_REPLIES = 10.0, 10
"""Others are gone when neither for so many seconds nor so many replies anything was theirs.

5 or 20 s: no row moves by 1%. Without the replies, a slow sharer of a window believes itself
alone now and then: the worst run of sixteen is refused 5.1% instead of 2.3%."""

PRESUMED, PRESUMED_REPLIES = 1.0, 2
"""Seconds, and replies, without news of others after which what was gone at first was history."""

MISSED, MISSED_FORGIVEN, SAID_AGAIN = 12, 4, 3
"""Admitted replies without a limit after which the one that was reported is forgotten; how many of
them each that tells one forgives; and how many in a row must tell one to be believed again. One
number among rubbish would otherwise hold the pace down for ever."""

AVERAGE_RETRY_SECONDS = 60.0
"""Seconds without a new proof after a refusal disproved TEN_SECOND_AVERAGE."""

MIN_LIMIT, MAX_LIMIT, MAX_REMAINING = 0.01, 1e6, 10.0
"""A limit outside of these, or a remainder beyond so many limits, is no number to act on."""


@attrs.define(eq=False, repr=False)
class BudgetEstimator:
    """One budget's counter as the headers show it."""

    headroom: float
    log: SendLog
    trust: HeaderTrust = attrs.Factory(HeaderTrust)
    model: LimitModel = PER_SECOND
    srtt: float = 0.0
    reorder_seconds: float = 0.0
    limit: float | None = None
    remaining: float | None = None
    newest_send: int = 0
    unsent: int = 0
    min_remaining: float = math.inf
    slack: float = SLACK_ONE

    first_reply_at: float = math.inf
    used_before_start: float = 0.0
    sharing_presumed: bool = False

    peak: float = 0.0
    peak_at: float | None = None
    refilled: bool = False
    refilled_at: float = -math.inf

    surplus: float = 0.0
    surplus_at: float = -math.inf
    burst: float = math.inf
    max_remaining: float = 0.0
    max_used: float = 0.0
    average_rejected_until: float = -math.inf

    replies_without_limit: int = 0
    replies_with_limit: int = 0
    limit_lapsed: bool = False

    shared_until: float = -math.inf
    replies_alone: int = SHARED_REPLIES
    own_share: float = 1.0

    def is_exclusive(self, now: float) -> bool:
        """Has nobody else spent from this budget lately?"""
        return now >= self.shared_until and self.replies_alone >= SHARED_REPLIES

    def has_remaining(self, now: float) -> bool:
        """Is there a `Remaining` to go by?"""
        return self.remaining is not None and now >= self.trust.ignored_until

    @property
    def rate(self) -> float:
        """Requests per second that the limit amounts to."""
        return 0.0 if self.limit is None else self.limit / self.model.window_seconds

    @property
    def full(self) -> float:
        """Requests that the whole budget holds."""
        return 0.0 if self.limit is None else self.limit / self.model.cost

    def record_rtt(self, seconds: float) -> None:
        """A round trip took so long."""
        self.srtt += SMOOTH * (seconds - self.srtt) if self.srtt else seconds
        self.reorder_seconds = min(max(REORDER_SHARE * self.srtt, MIN_REORDER), MAX_REORDER)

    def own_rate(self, now: float) -> float:
        """Own requests per second, on the average of ten seconds."""
        return self.log.count_since(now - MEMORY) / MEMORY

    def credit(self, now: float) -> float:
        """Requests that the headers vouch for now."""
        if self.limit is None or self.remaining is None or now < self.trust.ignored_until:
            return 0.0
        remaining = self.remaining / self.model.cost - (self.log.total - self.newest_send)
        if not self.model.is_short:
            remaining = max(
                remaining, self.full - self.log.count_since(now - MEMORY - self.reorder_seconds)
            )
        return remaining - self.unsent

    def record_send(self, sent: SendTicket, now: float) -> None:
        """A request departs: in the log, and in the surplus over the promised refill."""
        self.unsent -= 1
        sent.at = at = self.log.record(now)
        sent.number = number = self.log.total
        if self.limit is not None:
            refill = self.limit / (
                1.0 - self.headroom
            )  # the server refills for other clients as well
            self.surplus = max(0.0, self.surplus - (at - self.surplus_at) * refill)
            self.surplus_at = at
            if self.surplus <= 0.0:
                self.burst, self.max_used = number, 0.0
            self.surplus += 1.0
        sent.surplus = self.surplus

    def update(self, sent: SendTicket, now: float, reported: RateLimit, *, refused: bool) -> bool:
        """Take in a reply's headers; False when they say nothing that can be believed."""
        limit, remaining = reported.limit, reported.remaining
        if limit is None or not MIN_LIMIT <= limit <= MAX_LIMIT:
            self._missed(refused=refused)
            return False
        self.replies_with_limit += 1
        self.replies_without_limit = max(0, self.replies_without_limit - MISSED_FORGIVEN)
        if self.limit_lapsed and self.replies_with_limit < SAID_AGAIN:
            return False
        kept = self.headroom * limit
        if limit - kept != self.limit:
            self._change_limit(limit - kept, now)
        if remaining is None or not 0.0 <= remaining <= MAX_REMAINING * limit:
            return False
        newest = sent.number > self.newest_send
        if not refused and (
            now < self.trust.ignored_until or (newest and self._contradicts(sent, now, remaining))
        ):
            return False
        self._count(sent, now, max(0.0, remaining - kept), newest=newest, refused=refused)
        return True

    def _missed(self, *, refused: bool) -> None:
        """Count a reply that reported no limit; forget a limit that few replies report."""
        if not refused:
            self.replies_with_limit, self.replies_without_limit = 0, self.replies_without_limit + 1
            if self.limit is not None and self.replies_without_limit >= MISSED:
                self.limit = self.remaining = None
                self.limit_lapsed = True

    def assume_empty(self, sent: SendTicket) -> None:
        """A refusal without a remainder says that nothing remained."""
        if self.remaining is not None:
            self.remaining, self.newest_send = 0.0, sent.number

    def assume_average(self) -> None:
        """Nothing came back for longer than a second: the memory is long."""
        self.model = TEN_SECOND_AVERAGE

    def reject_average(self, now: float) -> None:
        """A refusal came although credit remained: back to the careful model."""
        if self.model is TEN_SECOND_AVERAGE:
            self.model, self.average_rejected_until = PER_SECOND, now + AVERAGE_RETRY_SECONDS

    def distrust(self, now: float) -> None:
        """Believe no remainder for a while; what it said of others counts no more."""
        self.trust.ignore(now)
        self.shared_until, self.replies_alone = -math.inf, SHARED_REPLIES
        self.remaining, self.min_remaining = None, math.inf

    def _change_limit(self, limit: float, now: float) -> None:
        first = self.limit is None
        self.slack = SLACK_ONE + SLACK_SHARE * limit
        self.limit, self.remaining, self.min_remaining, self.max_remaining = (
            limit,
            None,
            math.inf,
            limit,
        )
        self.peak_at, self.max_used = None, 0.0
        self.burst = 1 if first else math.inf
        if first:
            self.surplus, self.surplus_at = float(self.log.total), now

    def _contradicts(self, sent: SendTicket, now: float, remaining: float) -> bool:
        if self.limit is None or self.is_exclusive(now) or self.model is TEN_SECOND_AVERAGE:
            self.trust.reset()
            return False
        false = self.trust.saw_empty(sent.at, remaining)
        if self.remaining is not None and remaining - self.remaining > JUMP * self.limit:
            false = self.trust.saw_jump(sent.at, self.reorder_seconds) or false
        if false:
            self.distrust(now)
        return false

    def _count(
        self, sent: SendTicket, now: float, remaining: float, *, newest: bool, refused: bool
    ) -> None:
        self.min_remaining = min(self.min_remaining, remaining)
        if sent.number >= self.burst:
            self.max_remaining = max(self.max_remaining, remaining)
            self.max_used = max(self.max_used, self.max_remaining - remaining)
        if newest:
            own, fallen = self._since_refill(sent, remaining, refused=refused)
            self.remaining, self.newest_send = remaining, sent.number
            self._test_sharing(sent, now, own, fallen)
        if not refused:
            self._test_average(sent, now)

    def _since_refill(
        self, sent: SendTicket, remaining: float, *, refused: bool
    ) -> tuple[float, float]:
        """What may be own, and what is gone, in header units since the counter last rose."""
        blur, count_since = self.reorder_seconds, self.log.count_since
        if self.peak_at is not None:
            fallen = self.peak - remaining
            sure = count_since(self.peak_at + blur) - count_since(sent.at - blur)
            if refused or sure * self.model.cost <= fallen + self.slack:
                if fallen <= self.slack or sent.at - self.peak_at <= blur:
                    return 0.0, 0.0
                own = count_since(self.peak_at - blur) - count_since(sent.at + blur)
                return own * self.model.cost, fallen
            self._refill(sent)
        self.peak, self.peak_at = remaining, sent.at
        return 0.0, 0.0

    def _refill(self, sent: SendTicket) -> None:
        self.refilled = True
        if self.model is TEN_SECOND_TOTAL:
            if TURN_LEAST < sent.at - self.refilled_at < TURN_MOST:
                self.model = PER_SECOND
            self.refilled_at = sent.at

    def _test_average(self, sent: SendTicket, now: float) -> None:
        if (
            self.model is not PER_SECOND
            or now < self.average_rejected_until
            or not self.is_exclusive(now)
        ):
            return
        sure = AVERAGE_USES * self.max_used + AVERAGE_EXTRA
        if sent.number < self.burst or self.max_used < SEEN or sent.surplus <= sure:
            return
        overtaken = self.log.count_since(sent.at - self.reorder_seconds) - (
            self.log.total - sent.number
        )
        if sent.surplus - overtaken > sure:
            self.model = TEN_SECOND_AVERAGE

    def _unexplained(self, sent: SendTicket, remaining: float) -> tuple[float, int]:
        """Units gone that own sends cannot have used when this one arrived; and those they can."""
        blur, count_since, model = self.reorder_seconds, self.log.count_since, self.model
        gone = (self.limit or 0.0) - remaining
        later = count_since(sent.at + blur)
        mine = count_since(sent.at - 1.0 - blur) - later if model is PER_SECOND else 0
        if gone > mine:
            ten = count_since(sent.at - MEMORY - blur) - later
            mine = ten if model is TEN_SECOND_TOTAL else max(mine, math.ceil(ten / MEMORY))
        return gone - mine, mine

    def _test_sharing(self, sent: SendTicket, now: float, own: float, fallen: float) -> None:
        slack = self.slack
        if self.first_reply_at == math.inf:
            self._first_reply(sent, now)
            return
        if fallen <= slack and (self.limit or 0.0) - (self.remaining or 0.0) <= slack:
            self.replies_alone += 1
            return
        unexplained, mine = self._unexplained(sent, self.remaining or 0.0)
        self.used_before_start = max(0.0, min(self.used_before_start, unexplained))
        if now - self.first_reply_at < MEMORY:
            unexplained -= self.used_before_start
        if unexplained > slack and self._is_total(now, own, fallen):
            if self.peak_at is not None and sent.at - self.peak_at > STRETCH:
                self.model, self.refilled_at = TEN_SECOND_TOTAL, -math.inf
                return
            unexplained = 0.0
        theirs = max(unexplained, fallen - own)
        if theirs > slack:
            self.own_share = mine / (mine + theirs)
            self.shared_until, self.replies_alone, self.sharing_presumed = now + SHARED, 0, False
        else:
            self.replies_alone += 1

    def _first_reply(self, sent: SendTicket, now: float) -> None:
        """The first word: what is gone already may be all that others ever spend."""
        self.first_reply_at = now
        unexplained, mine = self._unexplained(sent, self.remaining or 0.0)
        if unexplained > self.slack:
            self.used_before_start, self.sharing_presumed = unexplained, True
            self.own_share = mine / (mine + unexplained)
            self.shared_until, self.replies_alone = (
                now + PRESUMED,
                SHARED_REPLIES - PRESUMED_REPLIES,
            )

    def _is_total(self, now: float, own: float, fallen: float) -> bool:
        """Is much of the limit gone, but not more than was sent since the last refill?"""
        return (
            self.model is PER_SECOND
            and fallen - own <= self.slack
            and fallen >= HALF_USED * (self.limit or 0.0)
            and self.is_exclusive(now)
        )
