"""Servers whose headers are missing, meaningless or wrong: each rewrites a true reply."""

import random
from collections import deque
from collections.abc import Callable

from taskrouter_stats.core.rate_limit import RateLimit

Rewrite = Callable[[float, bool, RateLimit], RateLimit]


def quiet429(at: float, refused: bool, told: RateLimit) -> RateLimit:
    """No headers on a refusal."""
    del at
    return RateLimit() if refused else told


def headerless(at: float, refused: bool, told: RateLimit) -> RateLimit:
    """No headers at all."""
    del at, refused, told
    return RateLimit()


def retry_after(at: float, refused: bool, told: RateLimit) -> RateLimit:
    """No headers but Retry-After: 1 on a refusal."""
    del at, told
    return RateLimit(retry_after=1.0) if refused else RateLimit()


def stuck(at: float, refused: bool, told: RateLimit) -> RateLimit:
    """`Remaining` always says the whole limit."""
    del at, refused
    return RateLimit(limit=told.limit, remaining=told.limit)


def always(value: float) -> Rewrite:
    """`Remaining` always says `value`."""

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused
        return RateLimit(limit=told.limit, remaining=value)

    return rewrite


def noise(rng: random.Random) -> Rewrite:
    """`Remaining` is any number up to the limit."""

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused
        top = int(told.limit or 0)
        return RateLimit(limit=told.limit, remaining=float(rng.randint(0, top)))

    return rewrite


def garbage(rng: random.Random) -> Rewrite:
    """Every number is meaningless, and changes."""
    values: tuple[float | None, ...] = (None, -1.0, 0.0, 3.0, 7e5, 1e12)

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused, told
        return RateLimit(limit=rng.choice((None, 0.0, -5.0)), remaining=rng.choice(values))

    return rewrite


def stale(age: float) -> Rewrite:
    """`Remaining` as it was `age` seconds ago."""
    past: deque[tuple[float, RateLimit]] = deque()

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del refused
        past.append((at, told))
        while len(past) > 1 and past[1][0] <= at - age:
            past.popleft()
        if past[0][0] > at - age:
            return RateLimit(limit=told.limit, remaining=told.limit)
        return past[0][1]

    return rewrite


GARBAGE = (
    None,
    None,
    -1.0,
    None,
    None,
    None,
    None,
    None,
    3.75,
    None,
    None,
    None,
    0.0,
    0.0,
    None,
    None,
)
"""What the simulator's garbage reads as: one value in sixteen is a plausible limit."""


def simulated_garbage(rng: random.Random) -> Rewrite:
    """Each number is one of the simulator's sixteen pieces of garbage."""

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused, told
        return RateLimit(limit=rng.choice(GARBAGE), remaining=rng.choice(GARBAGE))

    return rewrite


def numbers(rng: random.Random) -> Rewrite:
    """Limit and `Remaining` are any numbers, other ones each time."""

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused, told
        return RateLimit(limit=float(rng.randint(1, 200)), remaining=float(rng.randint(0, 200)))

    return rewrite


def quarter(rng: random.Random) -> Rewrite:
    """One reply in four has headers."""

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused
        return told if rng.random() < 0.25 else RateLimit()

    return rewrite


def tiny(limit: float) -> Rewrite:
    """A limit too small to be one."""

    def rewrite(at: float, refused: bool, told: RateLimit) -> RateLimit:
        del at, refused, told
        return RateLimit(limit=limit, remaining=0.0)

    return rewrite
