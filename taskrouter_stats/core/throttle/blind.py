"""How fast requests may go when no header states a limit.

At first no pace holds requests back: the number in flight follows the admitted ones. After a 429
the next request goes when none is in flight any more. If many were in flight, one also goes for
each admission of a request that was sent after the refused one. The first reply to such a request
ends the count:

- It was a crowd, if many of the later ones were admitted: the account's window closes to the number
  in flight, and the search goes on within it.
- Else it was the pace: a cut, a return to where the last 429 was, and a search beyond, slow at
  first and fast after half a minute without a refusal. The first cut has no pace to go by. The
  requests that were admitted by then also had to last while the server refused, so they are divided
  by the time from the first one to the next admission.
- It is an average over ten seconds, if nothing was admitted for longer than a second: what was
  admitted in the ten seconds before, or since a fixed window turned, is the capacity. The log of
  own sends shows when more may go, and a small share of the capacity is in flight. A refusal while
  the log has room shows that a fixed window turned unseen; it bounds the capacity.

No window holds more than what was admitted before its first refusal. Where the next end may come,
few requests are in flight.

A server whose headers hold numbers, but no possible limit, probably has one: the search is wary.
"""

import math

import attrs

from .header_trust import MAX_LIMIT
from .rate import CALM, DECREASE, MEMORY, RECOVER
from .refills import QUICK_SECONDS
from .send_log import SendLog

__all__ = ["BlindSearch"]

START = 8.0
"""Requests a second before anything is known, and in flight where a window may end, at least (4,
16: nothing moves)."""

RAMP = (2.0, 0.65)
"""Requests in flight: at first, and per admitted one. With 0.6, 300 requests without a limit take
more than 2.5 times the optimum. Starting with 2.5, four processes take a quarter longer."""

LATE_RAMP = (80.0, 0.02)
"""The same later, when many were admitted: a window of ten seconds refuses what is in flight at its
end (85: 4.1% instead of 3.9%)."""

WARY_RAMP = (2.0, 1.0 / 15.0, 0.15)
"""Where headers hold garbage, from the first on: requests in flight beyond `RAMP`'s first and per
admitted one, and the round trip in seconds below which they are fewer in proportion, since limits
are per second (always as many: 500 requests at 30 ms are refused 1 point more; 1 / 12: a window of
ten seconds refuses 2.2%; 1 / 16: 1.6%, but without a limit requests take longer)."""

MIN_RATE = 1.5
"""Requests a second below which no 429 cuts: a server may refuse every second request whatever the
pace."""

SEARCH = 80.0
"""Seconds without a refusal after which the rate doubles within one; the growth is their third
power, so that who shares is seldom refused, and who is alone at last soon takes all (60: 16
processes are refused 0.4 points more; growth in proportion to time: the slowest of four processes
takes up to twice the optimum)."""

FIRST_SEARCH = 0.02
"""Growth per second from the first cut to the second (0.001: a small bucket takes 25% longer; 0.05:
four processes are refused half more)."""

SHORTEST = 0.6
"""Seconds that the first requests are taken to have lasted, at least (1: four processes and small
buckets take a tenth longer; 0.4: 16 processes take a tenth longer)."""

MEMORY_SHARE = 0.06
"""Share of a known capacity that may be in flight: it may be less in the next window (0.03: 1.18
instead of 1.10 in ten seconds; 0.1: 0.4% more refused)."""

CROWD = 24
"""Requests in flight that may be a crowd (16: a small bucket refuses 2.4% instead of 0.8%)."""

CROWD_ADMITTED = 0.67
"""Admitted ones per refused one in a crowd that was refused for its number, at least (a cap of 20:
from 0.9 on; a bucket of 50: up to 0.55)."""


@attrs.define(eq=False, repr=False)
class Crowd:
    """Many requests in flight, of which one was refused: for their number, or for their pace?

    A server that admits so many at once goes on admitting some of those that were sent later. One
    whose budget is used up refuses them all.

    Attributes:
        after: when the refused one was sent.
        heard_at: when its reply came.
        fits: how many may be in flight: one less for each that was refused, or sent before.
        admitted: how many of the later ones were admitted.
        refused: how many were refused; 0: no requests are watched.
    """

    after: float = 0.0
    heard_at: float = 0.0
    fits: int = 1
    admitted: int = 0
    refused: int = 0

    @property
    def is_watched(self) -> bool:
        """Whether a request was refused and no verdict spoken."""
        return self.refused > 0

    def saw(self, at: float, *, refused: bool) -> None:
        """Take in a reply to a request sent at `at`."""
        if not self.is_watched:
            return
        is_late_admission = not refused and at > self.after
        self.refused += refused
        self.admitted += is_late_admission
        self.fits -= not is_late_admission


@attrs.define(eq=False, repr=False)
class BlindSearch:
    """The rate of a budget without a limit.

    Attributes:
        rate: requests per second.
        is_growing: whether no pace holds yet: no 429 came, or only crowds were refused.
        is_wary: whether headers hold garbage.
        memory: seconds that the server averages over, once an outage showed it; else 0.
        turned_at: when the first request after the last turn of a fixed window was sent.
        rate_at_429: the rate of the last 429, to which the search returns; 0 before the second.
        decreased_at: when the last 429 came.
        refused_at: when the request of the last 429 was sent, and those that it may have overtaken.
        resumed_at: when the request of the first admission after a 429 was sent.
        crowd: the requests in flight with a refused one, while they may be a crowd.
        had_crowd: whether the last ones were.
        held: requests admitted before the first cut, until the second: no window holds more.
        is_fixed: whether a refusal showed that the long memory is a fixed window's.
    """

    rate: float = START
    is_growing: bool = True
    is_wary: bool = False
    memory: float = 0.0
    turned_at: float = -math.inf
    rate_at_429: float = 0.0
    decreased_at: float = -math.inf
    refused_at: float = -math.inf
    resumed_at: float = -math.inf
    crowd: Crowd = attrs.Factory(Crowd)
    had_crowd: bool = False
    held: int = 0
    is_fixed: bool = False

    def most_in_flight(self, admitted: int, srtt: float) -> float:
        """Return how many requests may be in flight while no pace holds, at this round trip."""
        if self.is_wary:
            part = min(1.0, srtt / WARY_RAMP[2])
            return RAMP[0] + part * (WARY_RAMP[0] + WARY_RAMP[1] * admitted)
        return min(RAMP[0] + RAMP[1] * admitted, LATE_RAMP[0] + LATE_RAMP[1] * admitted)

    def most_after_refusal(self, admitted: int) -> float:
        """Return how many requests may be in flight once a pace holds.

        A window holds at most what was admitted before its first refusal, and more than half of it
        if it turned once meanwhile. There it may end, and refuses what is in flight.
        """
        may_end = 1.5 * self.held <= admitted < 2 * self.held
        if self.memory:
            share = MEMORY_SHARE / 2.0 if may_end and self.turned_at > -math.inf else MEMORY_SHARE
            return max(1.0, share * self.memory * self.rate)
        return max(START, MEMORY_SHARE / 2.0 * self.held) if may_end else math.inf

    def next_at(self, log: SendLog, unsent: int, late: float) -> float:
        """Return when the own log has room for one more request."""
        newest = max(0, math.floor(self.memory * self.rate + 1e-6) - unsent - 1)
        at = log.time_of(newest)
        return -math.inf if at < self.turned_at else at + self.memory + late

    def saw_admission(self, at: float, log: SendLog) -> None:
        """Take in the first admission, sent at `at`, after refusals: did a fixed window turn?"""
        self.resumed_at = at
        is_first = not (self.memory or self.rate_at_429 or self.is_growing)
        if is_first and log.times:
            self.rate /= min(1.0, max(SHORTEST, at - log.times[0]))
        if self.memory and (self.is_fixed or at + QUICK_SECONDS < self.next_at(log, 0, 0.0)):
            self.turned_at = at

    def suspect_crowd(self, at: float, now: float, in_flight: int) -> bool:
        """Return whether a 429, to a request sent at `at`, may be a crowd's; then watch it."""
        may_be_crowd = self.is_growing and (in_flight >= CROWD or self.had_crowd)
        self.crowd = Crowd(at, now, in_flight, refused=1) if may_be_crowd else Crowd()
        return may_be_crowd

    def judge_crowd(self) -> bool:
        """Return whether the watched requests were refused for their number; watch no longer."""
        crowd, self.crowd = self.crowd, Crowd()
        if crowd.is_watched:
            self.had_crowd = crowd.admitted >= CROWD_ADMITTED * crowd.refused
        return crowd.is_watched and self.had_crowd

    def decrease(self, log: SendLog, at: float, now: float, late: float, admitted: int) -> None:
        """Slow down after the first 429 in a row, to a request sent at `at`; `admitted` so far.

        Another one takes half as much off if the search had the time to come back.
        """
        if self.is_growing:
            self.held = admitted
        elif admitted > self.held:
            self.held = 0
        if self.memory:
            self._bound(log, at, late)
        elif self.is_growing:
            self.rate = max(MIN_RATE, DECREASE * log.count_since(now - 1.0))
            self.is_growing = False
        else:
            was_back = now - self.decreased_at > 1.0 / RECOVER
            self.rate_at_429 = self.rate
            factor = 1.0 - RECOVER / 2.0 if was_back else DECREASE
            self.rate = max(min(MIN_RATE, self.rate), self.rate * factor)
        self.decreased_at = now

    def _bound(self, log: SendLog, at: float, late: float) -> None:
        """Take in a refusal under a long memory: it held no more than was admitted within it.

        If it held less than was thought, a fixed window had turned unseen.
        """
        since = max(self.turned_at, at - self.memory - late)
        rate = max(MIN_RATE, (log.count_since(since) - log.count_since(at)) / self.memory)
        self.is_fixed = self.is_fixed or rate < self.rate
        self.rate = min(self.rate, rate)

    def saw_outage(self, seconds: float, log: SendLog, now: float) -> None:
        """Take in that nothing was admitted for so long: the memory is long, and full.

        What was admitted in the ten seconds before fills it. If most of it was admitted since the
        last refusals, a fixed window turned there, and only what came since does.
        """
        if seconds <= QUICK_SECONDS or self.memory:
            return
        admitted, since = log.count_since(now - MEMORY), log.count_since(self.resumed_at)
        if admitted / 2.0 <= since < admitted:
            admitted, self.turned_at = since, self.resumed_at
        self.memory, self.rate = MEMORY, max(MIN_RATE, admitted / MEMORY)
        self.rate_at_429, self.is_growing = 0.0, False

    def increase(self, now: float, admitted: int, srtt: float) -> float:
        """Grow, or return to the last 429's rate and creep beyond it; return the next time."""
        if self.is_growing:
            self.rate = min(MAX_LIMIT, self.most_in_flight(admitted, srtt) / (srtt or 1.0))
            return now + srtt
        calm = now - self.decreased_at
        if not self.memory or calm > CALM:
            creep = min(1.0, (calm / SEARCH) ** 3.0)
            if self.memory or not self.rate_at_429:
                creep = FIRST_SEARCH if self.memory else max(FIRST_SEARCH, creep)
            back = RECOVER / 2.0 * max(0.0, self.rate_at_429 - self.rate)
            self.rate += creep * self.rate + back
            self.rate = min(MAX_LIMIT, self.rate)
        return now + 1.0
