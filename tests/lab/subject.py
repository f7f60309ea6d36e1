"""The throttle and the concurrency window, as a pacer would drive them."""

import random
from typing import Any

import attrs

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle.concurrency import ConcurrencyLimit
from taskrouter_stats.core.throttle.throttle import Throttle


@attrs.define
class Ours:
    """One process with one budget."""

    rng: random.Random
    throttle: Throttle = attrs.Factory(lambda: Throttle(0.0))
    window: ConcurrencyLimit = attrs.Factory(ConcurrencyLimit)

    def ask(self, now: float, *, interactive: bool, waiting: int) -> float:
        """Seconds to wait; 0 is leave."""
        wait = self.window.check(interactive=interactive)
        if wait.seconds > 0.0:
            return wait.seconds
        return self.throttle.check(now, interactive=interactive, waiting=waiting).seconds

    def send(self, now: float) -> Any:
        """Leave is used."""
        return self.throttle.reserve(now, departs=False), self.window.start()

    def depart(self, sent: Any, now: float) -> None:
        """It is on its way."""
        self.throttle.mark_sent(sent[0], now)

    def observe(self, sent: Any, now: float, told: RateLimit, *, refused: bool) -> float:
        """A reply came."""
        account_wide = self.throttle.observe(
            sent[0], now, told, refused=refused, jitter=self.rng.random()
        )
        self.window.observe(sent[1], refused=refused, account_wide=account_wide)
        return 0.0
