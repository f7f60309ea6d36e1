"""How the pace of a known limit follows what the replies show."""

import math

from .estimator import BudgetEstimator
from .other_clients import SHARED_REPLIES
from .pause import Pause
from .rate import DECREASE, MARGIN, MEMORY, RateController
from .refills import QUICK_SECONDS

__all__ = ["decrease", "increase", "should_probe"]

STEP_SHARE = 0.1
"""Replies that an increase of a shared budget must rest on, as a share of the limit: a small limit
brings few. Sixteen processes at 50 a second: 2 replies: 1.11 / 3.0%; 5: 1.14 / 2.3%; 10: 1.19 /
1.7%."""


def increase(pace: RateController, estimator: BudgetEstimator, admitted: int, now: float) -> None:
    """Raise the pace once a second, beside others once enough replies came as well.

    `admitted`: requests admitted so far.
    """
    limit, least = estimator.limit or 0.0, estimator.min_remaining
    if estimator.is_exclusive(now):
        if least >= 1.0 or not estimator.model.is_short:
            pace.increase_alone(estimator.rate)
    elif admitted < pace.admitted_before + STEP_SHARE * limit:
        return
    elif estimator.model.cost < 1.0:
        pace.increase_slowly(estimator.rate, least, estimator.own_rate(now))
    else:
        pace.increase_shared(limit, least, probes=should_probe(pace, estimator, now))
    pace.admitted_before, pace.increase_at = admitted, now + 1.0
    estimator.min_remaining = math.inf


def should_probe(pace: RateController, estimator: BudgetEstimator, now: float) -> bool:
    """Tell whether low headers are in doubt.

    Either no refusal confirmed them for two whole memories, or twenty requests in a row were
    admitted and nothing was left after each: a budget that is used up refuses some. Without this, a
    server that always says 0 made five of sixty runs take 2.3 to 4.2 times the optimum, now 1.8.
    """
    return now - pace.decreased_at > 2.0 * MEMORY or estimator.trust.empty >= 2 * SHARED_REPLIES


def decrease(pace: RateController, estimator: BudgetEstimator, pause: Pause, now: float) -> None:
    """Slow down after a refusal; a short memory would not refuse for long."""
    alone = estimator.is_exclusive(now)
    if alone and not pause.consecutive_429s:
        pace.decrease(1.0 - 2.0 * MARGIN, estimator.rate, now)
        return
    pace.decrease(DECREASE, estimator.rate, now)
    if not alone and estimator.model.is_short and pause.outage(now) > QUICK_SECONDS:
        estimator.assume_average()
        pace.rate = max(pace.rate, estimator.own_rate(now))
        pace.replay(estimator.log.times, now)
