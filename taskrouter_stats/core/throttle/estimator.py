"""The meter: what the server's counter shows, and what that proves.

Everything here compares two numbers: what the headers say was spent, and what the ledger knows
that this process sent. Latency blurs the comparison: requests overtake each other on the way
up. So own spending is always bounded from both sides, by the sends that surely arrived before
and by all that may have (`BLUR`), and every inference uses the side that keeps it honest.

*Credit* is what `Remaining` allows now: what the newest request was told, less what was sent
after it. Only a newer request's word replaces an older one's; an old reply that arrives late
never raises credit. While alone in a budget with ten seconds' memory, the own ledger gives a
second lower bound, exact where the header is rounded.

*The reading* (see `reading`) starts as SECOND. AVERAGE is proven when the own sends outran the
promised refill by more than two full uses of the counter (one budget, one turn of a window)
ever showed: such a counter charges less than one per request. TOTAL is proven when the counter
fell one by one for longer than a second without coming back: such a limit covers more than a
second.

*History* is what was gone when the first reply came: spent by others, but perhaps by others who
have ended. They are taken for company for a second; unless the counter shows them spending on,
what is still missing is theirs no more.

*Others* spend whatever the own sends cannot explain: more gone than was sent within the
memory, or more gone since the last refill than was sent since.
"""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .header_trust import LEAP, Doubt
from .limit_model import AVERAGE, SECOND, TOTAL, Reading
from .rate import MEMORY
from .send_log import Ledger, Sent

BLUR, BLUR_LEAST, BLUR_MOST = 0.25, 0.03, 2.0
"""Share of a round trip by which requests may overtake each other, and its bound in seconds."""

SMOOTH = 0.1
"""Weight of the newest round trip in the smoothed one."""

SURE, SURE_PLUS, SEEN = 2.2, 6.0, 2.0
"""AVERAGE: own surplus over this many uses, plus this many, once the counter moved by SEEN.

Looser or stricter by half: the same, but 4 uses or 12 requests let a hidden concurrency cap
refuse 8-10% of 400 instead of 4%."""

STRETCH, HALF_USED = 1.5, 0.5
"""TOTAL: seconds without a refill, and the share of the limit that must be gone by then.

Both are flat: 1.1 to 3 s and 0.25 to 0.75 move no row by 1%."""

TURN_LEAST, TURN_MOST = 1.0, 8.0
"""TOTAL is refuted by two refills with a gap between these: its windows turn every 10 s."""

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
"""Admitted replies without a limit after which the one that was told is forgotten; how many of
them each that tells one forgives; and how many in a row must tell one to be believed again. One
number among rubbish would otherwise hold the pace down for ever."""

BAN = 60.0
"""Seconds without a new proof after a refusal disproved AVERAGE."""

SMALLEST, LARGEST, FULLEST = 0.01, 1e6, 10.0
"""A limit outside of these, or a remainder beyond so many limits, is no number to act on."""


@attrs.define(eq=False, repr=False)
class Meter:
    """One budget's counter as the headers show it."""

    headroom: float
    ledger: Ledger
    doubt: Doubt = attrs.Factory(Doubt)
    reading: Reading = SECOND
    srtt: float = 0.0
    blur: float = 0.0
    limit: float | None = None
    remaining: float | None = None
    number: int = 0
    pending: int = 0
    low: float = math.inf
    slack: float = SLACK_ONE

    met_at: float = math.inf
    inherited: float = 0.0
    presumed: bool = False

    peak: float = 0.0
    peak_at: float | None = None
    refilled: bool = False
    turned_at: float = -math.inf

    surplus: float = 0.0
    surplus_at: float = -math.inf
    burst: float = math.inf
    top: float = 0.0
    used: float = 0.0
    banned_until: float = -math.inf

    missed: int = 0
    said: int = 0
    wary: bool = False

    shared_until: float = -math.inf
    quiet: int = SHARED_REPLIES
    share: float = 1.0

    def alone(self, now: float) -> bool:
        """Has nobody else spent from this budget lately?"""
        return now >= self.shared_until and self.quiet >= SHARED_REPLIES

    def trusted(self, now: float) -> bool:
        """Is there a `Remaining` to go by?"""
        return self.remaining is not None and now >= self.doubt.silent_until

    @property
    def rate(self) -> float:
        """Requests per second that the limit amounts to."""
        return 0.0 if self.limit is None else self.limit / self.reading.span

    @property
    def full(self) -> float:
        """Requests that the whole budget holds."""
        return 0.0 if self.limit is None else self.limit / self.reading.price

    def time(self, seconds: float) -> None:
        """A round trip took so long."""
        self.srtt += SMOOTH * (seconds - self.srtt) if self.srtt else seconds
        self.blur = min(max(BLUR * self.srtt, BLUR_LEAST), BLUR_MOST)

    def own(self, now: float) -> float:
        """Own requests per second, on the average of ten seconds."""
        return self.ledger.since(now - MEMORY) / MEMORY

    def credit(self, now: float) -> float:
        """Requests that the headers vouch for now."""
        if self.limit is None or self.remaining is None or now < self.doubt.silent_until:
            return 0.0
        left = self.remaining / self.reading.price - (self.ledger.total - self.number)
        if not self.reading.brief:
            left = max(left, self.full - self.ledger.since(now - MEMORY - self.blur))
        return left - self.pending

    def spend(self, sent: Sent, now: float) -> None:
        """A request departs: in the ledger, and in the surplus over the promised refill."""
        self.pending -= 1
        sent.at = at = self.ledger.add(now)
        sent.number = number = self.ledger.total
        if self.limit is not None:
            refill = self.limit / (1.0 - self.headroom)  # the server refills what is left to others
            self.surplus = max(0.0, self.surplus - (at - self.surplus_at) * refill)
            self.surplus_at = at
            if self.surplus <= 0.0:
                self.burst, self.used = number, 0.0
            self.surplus += 1.0
        sent.surplus = self.surplus

    def hear(self, sent: Sent, now: float, told: RateLimit, *, refused: bool) -> bool:
        """Take in a reply's headers; False when they say nothing that can be believed."""
        limit, left = told.limit, told.remaining
        if limit is None or not SMALLEST <= limit <= LARGEST:
            self._missed(refused=refused)
            return False
        self.said += 1
        self.missed = max(0, self.missed - MISSED_FORGIVEN)
        if self.wary and self.said < SAID_AGAIN:
            return False
        kept = self.headroom * limit
        if limit - kept != self.limit:
            self._relimit(limit - kept, now)
        if left is None or not 0.0 <= left <= FULLEST * limit:
            return False
        newest = sent.number > self.number
        if not refused and (
            now < self.doubt.silent_until or (newest and self._contradicts(sent, now, left))
        ):
            return False
        self._count(sent, now, max(0.0, left - kept), newest=newest, refused=refused)
        return True

    def _missed(self, *, refused: bool) -> None:
        """An admitted reply told no limit: a server that mostly tells none has told none."""
        if not refused:
            self.said, self.missed = 0, self.missed + 1
            if self.limit is not None and self.missed >= MISSED:
                self.limit = self.remaining = None
                self.wary = True

    def exhaust(self, sent: Sent) -> None:
        """A refusal without a remainder says that nothing was left."""
        if self.remaining is not None:
            self.remaining, self.number = 0.0, sent.number

    def average(self) -> None:
        """Nothing came back for longer than a second: the memory is long."""
        self.reading = AVERAGE

    def disprove(self, now: float) -> None:
        """A refusal came although credit was left: back to the careful reading."""
        if self.reading is AVERAGE:
            self.reading, self.banned_until = SECOND, now + BAN

    def distrust(self, now: float) -> None:
        """Believe no remainder for a while; nothing that it said of others counts."""
        self.doubt.silence(now)
        self.shared_until, self.quiet = -math.inf, SHARED_REPLIES
        self.remaining, self.low = None, math.inf

    def _relimit(self, limit: float, now: float) -> None:
        first = self.limit is None
        self.slack = SLACK_ONE + SLACK_SHARE * limit
        self.limit, self.remaining, self.low, self.top = limit, None, math.inf, limit
        self.peak_at, self.used = None, 0.0
        self.burst = 1 if first else math.inf
        if first:
            self.surplus, self.surplus_at = float(self.ledger.total), now

    def _contradicts(self, sent: Sent, now: float, left: float) -> bool:
        if self.limit is None or self.alone(now) or self.reading is AVERAGE:
            self.doubt.clear()
            return False
        false = self.doubt.note_empty(sent.at, left)
        if self.remaining is not None and left - self.remaining > LEAP * self.limit:
            false = self.doubt.note_leap(sent.at, self.blur) or false
        if false:
            self.distrust(now)
        return false

    def _count(self, sent: Sent, now: float, left: float, *, newest: bool, refused: bool) -> None:
        self.low = min(self.low, left)
        if sent.number >= self.burst:
            self.top = max(self.top, left)
            self.used = max(self.used, self.top - left)
        if newest:
            own, fallen = self._since_refill(sent, left, refused=refused)
            self.remaining, self.number = left, sent.number
            self._seek_others(sent, now, own, fallen)
        if not refused:
            self._seek_average(sent, now)

    def _since_refill(self, sent: Sent, left: float, *, refused: bool) -> tuple[float, float]:
        """What may be own, and what is gone, in header units since the counter last rose."""
        blur, since = self.blur, self.ledger.since
        if self.peak_at is not None:
            fallen = self.peak - left
            sure = since(self.peak_at + blur) - since(sent.at - blur)
            if refused or sure * self.reading.price <= fallen + self.slack:
                if fallen <= self.slack or sent.at - self.peak_at <= blur:
                    return 0.0, 0.0
                own = since(self.peak_at - blur) - since(sent.at + blur)
                return own * self.reading.price, fallen
            self._refill(sent)
        self.peak, self.peak_at = left, sent.at
        return 0.0, 0.0

    def _refill(self, sent: Sent) -> None:
        self.refilled = True
        if self.reading is TOTAL:
            if TURN_LEAST < sent.at - self.turned_at < TURN_MOST:
                self.reading = SECOND
            self.turned_at = sent.at

    def _seek_average(self, sent: Sent, now: float) -> None:
        if self.reading is not SECOND or now < self.banned_until or not self.alone(now):
            return
        sure = SURE * self.used + SURE_PLUS
        if sent.number < self.burst or self.used < SEEN or sent.surplus <= sure:
            return
        overtaken = self.ledger.since(sent.at - self.blur) - (self.ledger.total - sent.number)
        if sent.surplus - overtaken > sure:
            self.reading = AVERAGE

    def _unexplained(self, sent: Sent, left: float) -> tuple[float, int]:
        """Units gone that own sends cannot have used when this one arrived; and those they can."""
        blur, since, reading = self.blur, self.ledger.since, self.reading
        gone = (self.limit or 0.0) - left
        later = since(sent.at + blur)
        mine = since(sent.at - 1.0 - blur) - later if reading is SECOND else 0
        if gone > mine:
            ten = since(sent.at - MEMORY - blur) - later
            mine = ten if reading is TOTAL else max(mine, math.ceil(ten / MEMORY))
        return gone - mine, mine

    def _seek_others(self, sent: Sent, now: float, own: float, fallen: float) -> None:
        slack = self.slack
        if self.met_at == math.inf:
            self._meet(sent, now)
            return
        if fallen <= slack and (self.limit or 0.0) - (self.remaining or 0.0) <= slack:
            self.quiet += 1
            return
        unexplained, mine = self._unexplained(sent, self.remaining or 0.0)
        self.inherited = max(0.0, min(self.inherited, unexplained))
        if now - self.met_at < MEMORY:
            unexplained -= self.inherited
        if unexplained > slack and self._falls_alone(now, own, fallen):
            if self.peak_at is not None and sent.at - self.peak_at > STRETCH:
                self.reading, self.turned_at = TOTAL, -math.inf
                return
            unexplained = 0.0
        theirs = max(unexplained, fallen - own)
        if theirs > slack:
            self.share = mine / (mine + theirs)
            self.shared_until, self.quiet, self.presumed = now + SHARED, 0, False
        else:
            self.quiet += 1

    def _meet(self, sent: Sent, now: float) -> None:
        """The first word: what is gone already may be all that others ever spend."""
        self.met_at = now
        unexplained, mine = self._unexplained(sent, self.remaining or 0.0)
        if unexplained > self.slack:
            self.inherited, self.presumed = unexplained, True
            self.share = mine / (mine + unexplained)
            self.shared_until, self.quiet = now + PRESUMED, SHARED_REPLIES - PRESUMED_REPLIES

    def _falls_alone(self, now: float, own: float, fallen: float) -> bool:
        """Is much of the limit gone, but not more than was sent since the last refill?"""
        return (
            self.reading is SECOND
            and fallen - own <= self.slack
            and fallen >= HALF_USED * (self.limit or 0.0)
            and self.alone(now)
        )
