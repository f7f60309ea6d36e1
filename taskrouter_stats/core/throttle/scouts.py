"""When the last requests with credit go, and when one looks at a counter that may not come back."""

import math

from .estimator import BudgetEstimator
from .refills import QUICK_SECONDS

__all__ = ["is_unproven", "is_watching", "next_look", "next_scout", "scouts_of"]

SCOUTS = 0.04
"""Share of a long memory's budget that is spread over the wait, to see its window turn."""

MIN_SCOUTS = 4.0
"""Scouts of a small budget, but never more than half of it."""


def scouts_of(full: float) -> float:
    """Return how many requests of a full budget are kept to see the counter come back."""
    return min(max(MIN_SCOUTS, SCOUTS * full), full / 2.0)


def is_watching(estimator: BudgetEstimator, now: float) -> bool:
    """Tell whether no whole memory passed alone yet, so that others may still show."""
    return now < max(estimator.busy_since, estimator.others.shared_until) + estimator.past


def next_scout(estimator: BudgetEstimator, credit: float, kept: float = 0.0) -> float:
    """Return when the next of the last requests with credit may go; minus infinity: now.

    They are spread evenly over the time in which the window must turn, if that is known. Otherwise
    over the time until the own requests are surely forgotten, each gap in proportion to the time
    already spent: so a turn is seen late by the same part of a short run as of a long one.

    `kept`: how many of them are no scouts, since they are reserved to interactive requests.
    """
    model, refills, log, past = estimator.model, estimator.refills, estimator.log, estimator.past
    oldest = max(0, math.floor(estimator.full - credit) - 1)
    last, first_end = log.time_of(0), estimator.busy_since + past
    shortest = 1.0 / model.cost if model.cost < 1.0 else model.memory
    turn = (refills.turned_after + shortest, refills.turned_before + past)
    is_known = refills.turned_before >= estimator.busy_since and last < turn[1]
    if not is_known and last >= first_end:
        return -math.inf
    end, parts = max(log.time_of(oldest) + past, first_end), credit - kept + 1.0
    if last < turn[1] and turn[0] < end:
        first = max(last, turn[0])
        return first + (min(end, turn[1]) - first) / parts
    since = min(last - estimator.busy_since, past) + QUICK_SECONDS
    return last + since * (math.pow(1.0 + (end - last) / since, 1.0 / parts) - 1.0)


def is_unproven(estimator: BudgetEstimator, credit: float, waiting: int) -> bool:
    """Tell whether a limit that is not proven to be one per second is nearly gone.

    A small one is soon gone: there one refill is proof enough. Of a larger one no more is kept than
    the last window of the `waiting` requests can spare, except what the looks need.
    """
    full = estimator.full
    if SCOUTS * full < MIN_SCOUTS:
        return credit < 1.0 and not estimator.refills.seen
    room = full - (waiting - credit) % full
    return credit < max(MIN_SCOUTS, min(SCOUTS * full, room))


def next_look(estimator: BudgetEstimator, credit: float) -> float:
    """Return when the next request goes that shows whether the memory is short.

    With credit four looks go while a short memory must come back: what is left are scouts. Without
    credit two go: two at most are refused before a limit per ten seconds is known.
    """
    looks = min(max(credit, 1.0), MIN_SCOUTS)
    return estimator.log.time_of(0) + QUICK_SECONDS / (looks + 1.0)
