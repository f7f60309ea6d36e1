"""The cost of pacing: CPU of one grant by the number of waiters, and memory of one budget.

``python tests/benchmarks/pacer_cost.py`` prints three tables:

* The pacer with a number of waiters queued in one budget of a real event loop. Nothing is sent:
  each waiter, once granted, observes headers of a huge limit, so that the throttle delays none.
  ``queued`` is the cost of starting to wait, ``granted`` that of a grant with its wake-up and its
  reply. Sizes take turns within a round; the figures are medians of the rounds.
* The throttle by itself: one ask, one send and one reply, against an invented window of a second in
  virtual time, alone and beside a rival. The loop around them is measured with a throttle that does
  nothing, and taken off. All figures are CPU, with garbage collection on.
* The memory of one budget that has been used, its log of send times emptied.
"""

import asyncio
import statistics
import time
import tracemalloc
from collections import deque

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import SEND_NOW, SendTicket, Throttle, Wait
from taskrouter_stats.session.pacer import Pacer

SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = 3
GRANTS = 20_000
"""The minimum of grants in one round; small queues are filled several times."""

MAX_IN_FLIGHT = 100
"""The default of a session."""

HUGE = RateLimit(limit=1e6, remaining=1e6)

LIMIT, LATENCY, RIVAL = 50, 0.15, 25
"""The simulated server: requests per second, seconds, and a rival's requests per second."""

REPORTED = [RateLimit(limit=float(LIMIT), remaining=float(left)) for left in range(LIMIT + 1)]
BUDGETS = 50


async def queue_and_grant(size: int) -> tuple[float, float]:
    """Queue waiters behind a first request, then reply; return seconds of queueing and granting."""
    pacer = Pacer(max_in_flight=MAX_IN_FLIGHT)
    key = BudgetKey("AC", "WS", "worker_statistics")

    async def wait() -> None:
        (await pacer.acquire(key, interactive=False)).observe(HUGE, refused=False)

    first = await pacer.acquire(key, interactive=False)
    tasks = [asyncio.create_task(wait()) for _ in range(size)]
    begun = time.process_time()
    await asyncio.sleep(0)
    queued = time.process_time()
    (budget,) = pacer.snapshots()
    assert budget.waiting == size
    first.observe(HUGE, refused=False)
    await tasks[-1]
    done = time.process_time()
    await asyncio.gather(*tasks)
    (budget,) = pacer.snapshots()
    assert (budget.waiting, budget.in_flight, budget.sent) == (0, 0, size + 1)
    return queued - begun, done - queued


async def one_round(size: int) -> tuple[float, float]:
    """Return the microseconds per waiter and per grant, over enough grants."""
    times = max(1, GRANTS // size)
    spent = [await queue_and_grant(size) for _ in range(times)]
    queued, granted = (1e6 * sum(column) / (times * size) for column in zip(*spent, strict=True))
    return queued, granted


async def print_pacer() -> None:
    """Measure and print the cost by the number of waiters."""
    await one_round(SIZES[0])
    rounds = [[await one_round(size) for size in SIZES] for _ in range(ROUNDS)]
    print(f"{'waiters':>9} {'queued µs':>10} {'granted µs':>11} {'to 100 waiters':>15}")
    flat = 0.0
    for size, results in zip(SIZES, zip(*rounds, strict=True), strict=True):
        queued, granted = (statistics.median(column) for column in zip(*results, strict=True))
        flat = flat or granted
        print(f"{size:>9,} {queued:>10.2f} {granted:>11.2f} {granted / flat:>15.2f}")


class Still:
    """A throttle that does nothing, so that the loop around one can be measured."""

    def check(self, now: float, *, interactive: bool) -> Wait:
        """Return that a request may be sent now."""
        return SEND_NOW

    def reserve(self, now: float) -> None:
        """Keep nothing."""

    def observe(self, sent, now, reported, *, refused, jitter) -> None:
        """Learn nothing."""


def drive(throttle: Throttle | Still, grants: int, rival: int) -> int:
    """Send at nine tenths of what is free, one ask each; return how often the answer was no.

    The window lasts a second; a rival takes its share of it evenly.
    """
    step, waits = 1.0 / (0.9 * (LIMIT - rival)), 0
    flying = deque[tuple[float, SendTicket | None, RateLimit]]()
    now, second, used = 0.0, 0, 0
    for _ in range(grants):
        now += step
        if flying and flying[0][0] <= now:
            at, ticket, reported = flying.popleft()
            throttle.observe(ticket, at, reported, refused=False, jitter=0.5)
        if int(now) > second:
            second, used = int(now), 0
        used += 1
        left = LIMIT - used - int(rival * (now - second))
        waits += throttle.check(now, interactive=False) is not SEND_NOW
        flying.append((now + LATENCY, throttle.reserve(now), REPORTED[max(0, left)]))
    return waits


def cpu(throttle: Throttle | Still, rival: int) -> tuple[float, int]:
    """Return the microseconds of CPU for one grant with its reply, and the number of waits."""
    begun = time.process_time()
    waits = drive(throttle, GRANTS, rival)
    return 1e6 * (time.process_time() - begun) / GRANTS, waits


def print_throttle() -> None:
    """Measure and print the throttle's CPU for one grant with its reply."""
    print(f"\n{'throttle':>12} {'ask + send + observe µs':>24} {'told to wait':>13}")
    for name, rival in (("alone", 0), ("with a rival", RIVAL)):
        rounds, waits = list[float](), 0
        for _ in range(2 * ROUNDS + 1):
            loop, _ = cpu(Still(), rival)
            spent, waits = cpu(Throttle(0.0), rival)
            rounds.append(spent - loop)
        print(f"{name:>12} {statistics.median(rounds):>24.2f} {waits / GRANTS:>13.1%}")


async def print_memory() -> None:
    """Measure and print what one used budget keeps, its send log left out."""
    pacer = Pacer(max_in_flight=MAX_IN_FLIGHT)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(BUDGETS):
        throttle = pacer._budget(BudgetKey("AC", f"WS{number:032x}", "worker_statistics")).throttle
        drive(throttle, 2 * LIMIT, RIVAL)
        throttle.estimator.log.times.clear()
    each: float = (tracemalloc.get_traced_memory()[0] - before) / BUDGETS
    tracemalloc.stop()
    print(f"\none budget without its send log: {each:,.0f} bytes")


async def main() -> None:
    """Print all tables."""
    await print_pacer()
    print_throttle()
    await print_memory()


if __name__ == "__main__":
    asyncio.run(main())
