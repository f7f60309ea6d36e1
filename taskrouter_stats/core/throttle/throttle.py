"""The throttle: when may the next request go, learned from the server's headers alone.

Twilio says of a budget only `X-Rate-Limit-Limit`, `-Remaining` and an opaque `-Config`: no
window, no unit, no reset. Its documents speak of requests per second *averaged over ten
seconds*, and other processes may spend from the same budget. So nothing about the server is
configured here; it is inferred, one idea a file:

**Debt** (`pace`). Every request adds one to a debt that drains at the learned pace. Out of
debt, a request may go. After a burst the debt says by itself when the average is back at the
limit; no window has to be known and no reset awaited.

**Credit** (`meter`). `Remaining`, less what was sent since it was told, lets requests go
before their debt is paid; nothing else does. Debt is the memory, credit the permission: a
budget that a server grants at once is spent at once, and one that it doles out is paced.

**Reading** (`reading`). A header unit may be one request of this second, a tenth of one (an
average), or one of ten seconds. The careful reading holds until the own sends refute it.

**Others** (`meter`, `ledger`). What is gone and was not sent from here, others spent. In
company there is no credit for bulk: a burst that one process calls unspent is what its rivals
are about to send. All sharers then steer by the same signal, the least that was left.

**Doubt** (`doubt`). Headers can lie. A refusal though credit was left, or replies that
contradict each other, silence them for a while; and low headers that no refusal confirms hold
the pace down for twenty seconds, not for ever.

Leave is asked in this order; the first that matches answers:

1. Paused after a 429, or inside a slot of the user's `pace_limit`: wait for its end.
2. No request was admitted yet: one at a time, a probe.
3. Out of debt: go, if nothing is in flight, or the headers are silent; alone, once the counter
   was seen to come back at all (else the limit may cover ten seconds); in company, while
   `Remaining` covers what is in flight.
4. Credit, alone or for an interactive request: go. A bulk request leaves `RESERVE` where
   interactive requests were seen, keeps at most half of what is left in flight (an even rival
   is seen only between replies), and opens in steps, in case a hidden cap on requests in flight
   waits.
5. Wait until the debt is paid, or for the next reply.

A 429 counts once per epoch: requests that were on their way together are refused together.
It pauses the whole budget: a credible `Retry-After`, or half a round trip, doubled while nothing
gets through. If the server still had some left for this budget, the refusal was not the
budget's, and the caller hands it to the account's window (`concurrency`). If nothing comes back
for more than a second of refusals in company, the memory is long, and the own average of ten
seconds becomes pace and debt.

Nothing here reads a clock or rolls dice: `now` and `jitter` come in, decisions go out. Figures
beside the constants are from the laboratory (`python -m tests.lab`): what halving and doubling
them does to completion over a clairvoyant client's, and to the share of requests refused.
"""

import math

import attrs

from taskrouter_stats.core.rate_limit import RateLimit

from .decision import LEAVE, PROBE, REPLY, Snapshot, Wait
from .estimator import Meter
from .limit_model import AVERAGE
from .rate import CUT, CUT_ALONE, EPSILON, LATE, LATE_SHARE, MARGIN, Pace
from .send_log import Ledger, Sent

OPENING, OPEN_AT, OPEN_SLOPE = 8, 28.0, 0.5
"""Requests in flight at first: 8 per reply up to 28, then half a one more per reply.

Into a hidden cap of 20: up to 14: 1.4% refused; 28: 1.7%; 56: 3.2%."""

HALF = 0.5
"""Share of the credit that may be in flight at once (0.33: up to 9% refused by a hidden cap;
1: lying headers cost 20% more)."""

RESERVE, URGENT = 0.04, 30.0
"""Share of the budget that bulk leaves where an interactive request came in the last 30 s."""

STEP = 5
"""Replies that a step of growth in company must rest on, if a second brings fewer.

Sixteen processes: 2: 1.11 / 3.0%; 5: 1.14 / 2.3%; 10: 1.19 / 1.7%."""

OUTAGE = 1.2
"""Seconds of nothing but refusals that a second's memory cannot explain (0.6, 2.4: within 2%)."""

ALREADY_FULL = 0.9
"""Own share of a second's limit that makes a refusal with some left a lie, not another's."""

PAUSE, PAUSE_ALONE, PAUSE_SHARED = 0.5, 1.0, 2.5
"""The first pause in round trips, and the longest in seconds; outages come in company."""

LONGEST = 300.0
"""Seconds of `Retry-After` obeyed at once; a server that means more will say so again."""

CREDIBLE = 86_400.0
"""More seconds of `Retry-After` than any rate limit's: a broken clock's, and not obeyed at all."""

_DOUBLINGS = 20


@attrs.define(eq=False, repr=False)
class Throttle:
    """One budget's throttle: ask for leave, say what was sent, say what came back."""

    now: float
    pace_limit: float | None = attrs.field(default=None, kw_only=True)
    headroom: float = attrs.field(default=0.0, kw_only=True)
    meter: Meter = attrs.field(init=False)
    pace: Pace = attrs.field(init=False)
    in_flight: int = attrs.field(default=0, init=False)
    sent: int = attrs.field(default=0, init=False)
    refused: int = attrs.field(default=0, init=False)
    _admitted: int = attrs.field(default=0, init=False)
    _told: RateLimit = attrs.field(factory=RateLimit, init=False)
    _paused_until: float = attrs.field(default=-math.inf, init=False)
    _slot_at: float = attrs.field(default=-math.inf, init=False)
    _urgent_at: float = attrs.field(default=-math.inf, init=False)
    _stepped: int = attrs.field(default=0, init=False)
    _epoch: int = attrs.field(default=0, init=False)
    _streak: int = attrs.field(default=0, init=False)
    _outage_at: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.meter = Meter(self.headroom, Ledger())
        self.pace = Pace(self.now)

    @property
    def limit(self) -> float | None:
        """What is believed of the limit, `headroom` taken off."""
        return self.meter.limit

    def ask(self, now: float, *, interactive: bool) -> Wait:
        """May a request go now? If not, when to ask again, and why."""
        if interactive:
            self._urgent_at = now
        if self._paused_until - now > EPSILON:
            return Wait(self._paused_until - now, "paused")
        if self._slot_at - now > EPSILON:
            return Wait(self._slot_at - now, "pace")
        if not self._admitted:
            return PROBE if self.in_flight else LEAVE
        return self._ask_budget(now, interactive=interactive)

    def send(self, now: float, *, departs: bool = True) -> Sent:
        """Leave is used: the ticket goes with the request.

        The server counts a request when it arrives. One that waits for its connection to be made,
        two or three round trips with TLS, does not depart yet: `depart` tells when it does.
        """
        self.in_flight += 1
        self.sent += 1
        self.pace.spend(now)
        if self.pace_limit is not None:
            slot = 1.0 / self.pace_limit
            self._slot_at = max(self._slot_at, now - min(LATE, LATE_SHARE * slot)) + slot
        sent = Sent(now, self._epoch)
        self.meter.pending += 1
        if departs:
            self.meter.spend(sent, now)
        return sent

    def depart(self, sent: Sent, now: float) -> None:
        """It is on its way; twice is once."""
        if sent.open and not sent.number:
            self.meter.spend(sent, now)

    def unsend(self, sent: Sent, now: float) -> None:
        """Leave was given but nothing was sent: as if it had never been."""
        if sent.open:
            self.lose(sent, now)
            self.sent -= 1
            if sent.number:
                self.meter.ledger.strike(sent)
                self.meter.surplus -= 1.0
            self.pace.refund()
            if self.pace_limit is not None:
                self._slot_at -= 1.0 / self.pace_limit

    def lose(self, sent: Sent, now: float) -> None:
        """No reply will come; the server may have counted what departed, so it stays spent."""
        del now
        if sent.open:
            sent.open = False
            self.in_flight -= 1
            if not sent.number:
                self.meter.pending -= 1

    def observe(
        self, sent: Sent, now: float, rate_limit: RateLimit, *, refused: bool, jitter: float
    ) -> bool:
        """A whole reply came; `refused` says that it was a 429, `jitter` lies in [0, 1).

        True when the refusal was not this budget's: it had some left. Then the account-wide
        window should hear of it.
        """
        if not sent.open:
            return False
        self.depart(sent, sent.at)
        self.lose(sent, now)
        self._told = rate_limit
        meter, pace = self.meter, self.pace
        meter.time(max(0.0, now - sent.at))
        pace.drain(now)
        if now >= pace.grow_at:
            self._grow(now)
        alone = meter.alone(now)
        if alone and meter.presumed:
            meter.presumed, pace.rate = False, (1.0 - MARGIN) * meter.rate
        surprised = refused and alone and meter.credit(now) >= 1.0
        spoke = self._hear(sent, now, rate_limit, refused=refused, alone=alone)
        if refused:
            self.refused += 1
            return self._refuse(sent, now, rate_limit, jitter, spoke=spoke, surprised=surprised)
        self._admitted += 1
        self._streak = 0
        return False

    def snapshot(self, now: float) -> Snapshot:
        """The budget in numbers, as the server would put them."""
        urgent = self._urgent_at
        reason = self.ask(now, interactive=False).reason
        self._urgent_at = urgent
        told = self._told
        rate = self.pace.rate if self.pace_limit is None else min(self.pace.rate, self.pace_limit)
        return Snapshot(
            told.limit, told.remaining, rate, self.in_flight, self.sent, self.refused, reason
        )

    def _ask_budget(self, now: float, *, interactive: bool) -> Wait:
        alone = self.meter.alone(now)
        wait = self.pace.due(now)
        if wait == 0.0 and self._may_pace(now, alone=alone):
            return LEAVE
        if (alone or interactive) and self._may_spend(now, interactive=interactive):
            return LEAVE
        if alone and not wait:
            return REPLY
        return Wait(wait or math.inf, "pace" if alone else "shared")

    def _may_pace(self, now: float, *, alone: bool) -> bool:
        meter = self.meter
        if not self.in_flight or not meter.trusted(now):
            return True
        if not meter.refilled:
            return False
        return alone or meter.credit(now) >= 1.0 or self.pace.impatient(now)

    def _may_spend(self, now: float, *, interactive: bool) -> bool:
        left = self.meter.credit(now)
        if self.headroom and self.pace.debt > self.meter.full:
            return False  # a level that is kept is not enough: of what flows in, others get theirs
        if interactive or left < 1.0:
            return left >= 1.0
        if now - self._urgent_at < URGENT:
            left -= RESERVE * self.meter.full
        opening = min(OPENING * self._admitted, OPEN_AT + OPEN_SLOPE * self._admitted)
        return left >= 1.0 and self.in_flight < min(max(1.0, HALF * left), opening)

    def _hear(self, sent: Sent, now: float, told: RateLimit, *, refused: bool, alone: bool) -> bool:
        meter, pace = self.meter, self.pace
        limit, span = meter.limit, meter.reading.span
        spoke = meter.hear(sent, now, told, refused=refused)
        if meter.limit is not None and meter.limit != limit:
            if limit is None:
                pace.begin(meter.rate, now)
            else:
                pace.rate *= meter.limit / limit
        if meter.reading.span != span:
            pace.rate = meter.rate
            pace.replay(meter.ledger.times, now)
        if alone and not meter.alone(now):
            pace.share(meter.share * meter.rate, meter.rate, now)
            meter.low = math.inf
            if meter.reading is AVERAGE:
                pace.replay(meter.ledger.times, now)
        return spoke

    def _refuse(
        self,
        sent: Sent,
        now: float,
        told: RateLimit,
        jitter: float,
        *,
        spoke: bool,
        surprised: bool,
    ) -> bool:
        meter = self.meter
        fresh = sent.epoch == self._epoch
        left = (told.remaining or 0.0) / meter.reading.price if spoke else 0.0
        elsewhere = left >= 1.0 and (
            meter.reading is AVERAGE or meter.ledger.since(now - 1.0) < ALREADY_FULL * meter.rate
        )
        if not fresh:
            return elsewhere
        self._epoch += 1
        if not elsewhere:
            self._exhausted(sent, now, spoke=spoke, surprised=surprised, lied=left >= 1.0)
        self._streak += 1
        longest = PAUSE_ALONE if meter.alone(now) else PAUSE_SHARED
        pause = min(longest, PAUSE * meter.srtt * 2.0 ** min(self._streak - 1, _DOUBLINGS))
        pause *= 0.75 + 0.5 * jitter
        if told.retry_after is not None and told.retry_after <= CREDIBLE:
            pause = max(pause, min(told.retry_after, LONGEST))
        self._paused_until = max(self._paused_until, now + pause)
        return elsewhere

    def _exhausted(
        self, sent: Sent, now: float, *, spoke: bool, surprised: bool, lied: bool
    ) -> None:
        meter, pace = self.meter, self.pace
        if lied:
            meter.distrust(now)
        meter.doubt.clear()
        if surprised:
            meter.disprove(now)
        if not spoke:
            meter.exhaust(sent)
        if meter.limit is None:
            pace.cut_blind(meter.ledger.since(now - 1.0), now)
        elif meter.alone(now) and not self._streak:
            pace.cut(CUT_ALONE, now)
        else:
            pace.cut(CUT, now)
            self._outage(now)

    def _outage(self, now: float) -> None:
        meter = self.meter
        if not self._streak:
            self._outage_at = now
        elif now - self._outage_at > OUTAGE and meter.reading.brief and not meter.alone(now):
            meter.average()
            self.pace.rate = max(self.pace.rate, meter.own(now))
            self.pace.replay(meter.ledger.times, now)

    def _grow(self, now: float) -> None:
        meter, pace = self.meter, self.pace
        if meter.limit is None:
            pace.grow_blind(now, meter.srtt)
            return
        if meter.alone(now):
            if meter.low >= 1.0 or not meter.reading.brief:
                pace.grow_alone(meter.rate, now)
        elif self._admitted < self._stepped + STEP:
            return
        elif meter.reading is AVERAGE:
            pace.grow_slowly(meter.rate, meter.low, meter.own(now), now)
        else:
            pace.grow_shared(meter.limit, meter.low, now)
        self._stepped, pace.grow_at, meter.low = self._admitted, now + 1.0, math.inf
