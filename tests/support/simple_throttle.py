"""A throttle simple enough to foretell: one probe, then evenly.

The pacer's own tests run on it, so that what they expect does not hang on what the real throttle
has learned.
"""

import math
from typing import Final

from attrs import define, field

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle import SEND_NOW, ThrottleSnapshot, Wait

_LATE: Final = 2.0
"""Slots that may be caught up when a timer woke late; otherwise each late one is lost pace."""
_PAUSE: Final = 1.0
"""Seconds of the first pause after a 429 without ``Retry-After``: limits are per second."""
_LONGEST_PAUSE: Final = 60.0
"""No header may silence a budget for longer than this at a time."""


@define(eq=False)
class Ticket:
    """A ticket for one request on the wire."""

    at: float


@define
class SimpleThrottle:
    """The state of one budget."""

    created_at: float
    pace_limit: float | None = None
    headroom: float = 0.0
    reserved: float = 0.0
    limit: float | None = None
    remaining: float | None = None
    in_flight: int = 0
    sent: int = 0
    refused: int = 0
    _owed: float = field(default=-math.inf)
    _paused_until: float = field(default=-math.inf)
    _answered: bool = False
    _in_a_row: int = 0

    @property
    def pace(self) -> float:
        """Requests per second that are let out; infinite while nothing bounds them."""
        allowed = math.inf if self.limit is None else self.limit * (1.0 - self.headroom)
        return allowed if self.pace_limit is None else min(allowed, self.pace_limit)

    def check(self, now: float, *, interactive: bool = False, waiting: int = 0) -> Wait:
        """Whether a request may go out now; how many wait does not matter to this throttle."""
        del interactive, waiting
        if now < self._paused_until:
            return Wait(self._paused_until - now, "paused")
        if not self._answered and self.in_flight:
            return Wait(math.inf, "probe")
        if self.remaining is not None and self.in_flight >= max(1.0, self.remaining):
            return Wait(math.inf, "in_flight")
        if now < self._owed:
            return Wait(self._owed - now, "pace")
        return SEND_NOW

    def reserve(self, now: float, *, departs: bool = True, interactive: bool = False) -> Ticket:
        """A request goes out; this throttle asks neither when nor whose."""
        del departs, interactive
        slot = 1.0 / self.pace
        self._owed = max(self._owed, now - _LATE * slot if self._answered else now) + slot
        self.in_flight += 1
        self.sent += 1
        return Ticket(now)

    def mark_sent(self, sent: Ticket, now: float) -> None:
        """It is on its way."""

    def cancel(self, sent: Ticket) -> None:
        """Leave was given, and nothing was sent."""
        self.sent -= 1
        self._owed -= 1.0 / self.pace
        self.abandon(sent)

    def abandon(self, sent: Ticket) -> None:
        """A request was sent, and no reply will come."""
        del sent
        self.in_flight -= 1

    def observe(
        self, sent: Ticket, now: float, told: RateLimit, *, refused: bool, jitter: float
    ) -> bool:
        """A whole reply came."""
        self.abandon(sent)
        self._answered = True
        if told.limit is not None and told.limit > 0:
            self.limit = told.limit
        self.remaining = told.remaining if self.limit is not None else None
        if refused:
            self._refuse(sent, now, told, jitter)
        else:
            self._in_a_row = 0
        return False

    def snapshot(self, now: float) -> ThrottleSnapshot:
        """The budget in numbers."""
        reason = self.check(now).reason
        told = (self.limit, self.remaining, self.pace)
        return ThrottleSnapshot(*told, self.in_flight, self.sent, self.refused, reason)

    def _refuse(self, sent: Ticket, now: float, told: RateLimit, jitter: float) -> None:
        self.refused += 1
        if sent.at < self._paused_until:
            return  # it left before the last pause: the same news once more
        self._in_a_row += 1
        pause = told.retry_after
        if pause is None:
            pause = _PAUSE * 2.0 ** min(self._in_a_row - 1, 8) * (0.75 + 0.5 * jitter)
        self._paused_until = now + min(pause, _LONGEST_PAUSE)
