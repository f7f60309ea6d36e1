"""`python -m tests.lab.small_world`: every interleaving of a small world, one model after another.

Six requests, four of them in ten seconds (or in one), each way one of two delays, sixteen phases:
65,536 runs where the phase matters and 4,096 where it does not. Alone and with the right reading
given, none may be refused; with a reading that has to be learned, at most two.
"""

import itertools
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import attrs

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle.limit_model import PER_SECOND, TEN_SECOND_TOTAL, LimitModel
from tests.lab.limiters import (
    FirstRequestWindow,
    FixedWindow,
    Limiter,
    SlidingWindow,
    TokenBucket,
)
from tests.lab.subject import Ours
from tests.lab.world import Client, Clock, Server

REQUESTS, CAPACITY, PHASES = 6, 4, 16
DELAYS = (0.05, 0.10)
"""Seconds of one way: requests overtake each other, by no more than the throttle allows for."""


class Draws:
    """Delays in a given order, again from the start when they are used up."""

    def __init__(self, delays: Sequence[float]) -> None:
        self._delays = itertools.cycle(delays)

    def quarter(self) -> float:
        """One way."""
        return next(self._delays)

    def half(self) -> float:
        """The server takes no time."""
        return 0.0


class CountedWindow(SlidingWindow):
    """A sliding window whose headers count requests."""

    def headers(self, at: float) -> RateLimit:
        """What a reply says."""
        self._expire(at)
        return RateLimit(limit=float(CAPACITY), remaining=float(CAPACITY - len(self.log)))


def _fixed(period: float) -> Callable[[float], Limiter]:
    rate = CAPACITY / period
    return lambda phase: FixedWindow(rate, period=period, phase=phase * period, total=True)


def _first(phase: float) -> Limiter:
    del phase
    window = FirstRequestWindow(CAPACITY / 10.0, period=10.0)
    window.total = True
    return window


@attrs.frozen
class World:
    """One limiter of the small world, and the reading that is right for it."""

    name: str
    make: Callable[[float], Limiter]
    reading: LimitModel
    phases: int


WORLDS = (
    World("fixed10s_total", _fixed(10.0), TEN_SECOND_TOTAL, PHASES),
    World("sliding10s", lambda _: CountedWindow(0.4, period=10.0), TEN_SECOND_TOTAL, 1),
    World("first10s", _first, TEN_SECOND_TOTAL, 1),
    World("fixed1s", _fixed(1.0), PER_SECOND, PHASES),
    World("sliding1s", lambda _: CountedWindow(4.0, period=1.0), PER_SECOND, 1),
    World("bucket", lambda _: TokenBucket(4.0, depth=4.0), PER_SECOND, 1),
)


def live(world: World, phase: float, delays: Sequence[float], *, given: bool) -> tuple[int, float]:
    """Live through one run; return the refusals and the seconds that it took."""
    clock, subject = Clock(), Ours(random.Random(0))
    if given:
        subject.throttle.estimator.model = world.reading
    server = Server(world.make(phase))
    client = Client(clock, server, Draws(delays), subject, jobs=REQUESTS)
    clock.at(0.0, client.pump)
    clock.run(lambda: client.tally.done == REQUESTS, until=200.0)
    assert client.tally.done == REQUESTS
    return client.tally.refused, client.tally.finished


def runs(world: World, *, every: int = 1) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Yield phase and delays of each run, or of every so manieth."""
    phases = [i / world.phases for i in range(world.phases)]
    all_runs = itertools.product(phases, itertools.product(DELAYS, repeat=2 * REQUESTS))
    return itertools.islice(all_runs, 0, None, every)


def refusals(world: World, *, given: bool, every: int = 1) -> tuple[Counter[int], float]:
    """Return how many runs had how many refusals, and the longest run in seconds."""
    counts, longest = Counter[int](), 0.0
    for phase, delays in runs(world, every=every):
        refused, seconds = live(world, phase, delays, given=given)
        counts[refused] += 1
        longest = max(longest, seconds)
    return counts, longest


def main() -> int:
    """Print the table; 1 when a bound does not hold."""
    broken = 0
    for world in WORLDS:
        for given in (True, False):
            counts, longest = refusals(world, given=given)
            most = 0 if given and not world.reading.is_short else 2
            broken += max(counts) > most
            told = ", ".join(f"{n} runs with {r}" for r, n in sorted(counts.items()))
            kind = "given" if given else "learned"
            sys.stdout.write(f"{world.name:15} {kind:8} refused: {told}; longest {longest:.2f} s\n")
            sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
