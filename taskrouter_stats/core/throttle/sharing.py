"""A throttle of several processes: what changes when they part, and when they meet again."""

from .bulk import BulkPart
from .rate import MARGIN
from .throttle import Throttle

__all__ = ["divide", "set_shares", "unite"]


def divide(throttle: Throttle, now: float, parts: int) -> None:
    """Go on as one of ``parts`` equal clients that do not see each other any more.

    The others' requests are other clients' from now on, so bulk requests get no credit.
    """
    throttle.estimator.unseen = 0
    if parts > 1:
        throttle.pace.rate /= parts
        throttle.blind.rate /= parts
        throttle.estimator.others.expect(now, 1.0 / parts)


def unite(throttle: Throttle, pace: float) -> None:
    """Go on for one more client, which allowed itself ``pace`` requests a second meanwhile."""
    rate, blind = throttle.estimator.rate, throttle.blind
    most = (1.0 - MARGIN) * rate if rate else throttle.pace.rate + pace
    throttle.pace.rate = max(throttle.pace.rate, min(throttle.pace.rate + pace, most))
    if not rate:
        blind.rate = throttle.pace.rate


def set_shares(throttle: Throttle, headroom: float, reserve: float) -> None:
    """Change what nobody uses of the budget, and what bulk requests leave to interactive ones.

    A share that changed counts from the next reply on.
    """
    if (throttle.headroom, throttle.reserved) != (headroom, reserve):
        throttle.headroom = throttle.estimator.headroom = headroom
        throttle.reserved = reserve
        part = BulkPart.of(min(reserve, 1.0 - headroom), headroom, throttle.created_at).part
        throttle.bulk.part = part
