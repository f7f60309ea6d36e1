"""The rows of the table: each a server, a job, the goal and the floor."""

import math
import random
from collections.abc import Callable

import attrs

from taskrouter_stats.core.rate_limit import RateLimit
from tests.lab import headers
from tests.lab.headers import Rewrite
from tests.lab.limiters import (
    EverySecond,
    FirstRequestWindow,
    FixedWindow,
    Limiter,
    SlidingWindow,
    TokenBucket,
    Unlimited,
)

Make = Callable[[float, random.Random], Limiter]


@attrs.frozen
class Bar:
    """What a row is held to; `seconds` takes the ratio's place where it is given."""

    ratio: float = math.inf
    refused: float = 1.0
    rival: float = 1.0
    jain: float = 0.0
    seconds: float = math.inf
    wait: float = math.inf


@attrs.frozen
class Row:
    """One scenario."""

    name: str
    model: str
    jobs: int
    goal: Bar = Bar()
    floor: Bar = Bar()
    limit: float = 50.0
    rtt: float = 0.15
    sigma: float = 0.3
    processes: int = 1
    headers: str = ""
    steps: tuple[tuple[float, float], ...] = ()
    rival: float = 0.0
    at_once: float = math.inf
    tells: bool = False
    urgent: int = 0
    connect: float = 0.0
    spent: bool = False
    sizes: tuple[int, int] | None = None
    visible: float = math.inf
    service: float = 0.0


def _fixed(period: float, *, total: bool = False) -> Make:
    def make(limit: float, rng: random.Random) -> Limiter:
        return FixedWindow(limit, period=period, phase=rng.random() * period, total=total)

    return make


def _sliding(period: float, *, count_refused: bool = False) -> Make:
    def make(limit: float, rng: random.Random) -> Limiter:
        del rng
        return SlidingWindow(limit, period=period, count_refused=count_refused)

    return make


def _bucket(depth: float) -> Make:
    def make(limit: float, rng: random.Random) -> Limiter:
        del rng
        return TokenBucket(limit, depth=limit * depth)

    return make


MODELS: dict[str, Make] = {
    "fixed1s": _fixed(1.0),
    "fixed5s": _fixed(5.0),
    "fixed10s_rate": _fixed(10.0),
    "fixed10s_total": _fixed(10.0, total=True),
    "fixed60s": _fixed(60.0),
    "sliding1s": _sliding(1.0),
    "sliding1s_counting": _sliding(1.0, count_refused=True),
    "sliding5s": _sliding(5.0),
    "sliding10s": _sliding(10.0),
    "sliding60s": _sliding(60.0),
    "bucket": _bucket(1.0),
    "bucket2": _bucket(2.0),
    "bucket_fifth": _bucket(0.2),
    "bucket10": _bucket(10.0),
    "none": lambda limit, rng: Unlimited(),
    "first10s": lambda limit, rng: FirstRequestWindow(limit, period=10.0),
    "every_second": lambda limit, rng: EverySecond(RateLimit()),
    "every_second_empty": lambda limit, rng: EverySecond(RateLimit(49.0, 0.0)),
    "every_second_full": lambda limit, rng: EverySecond(RateLimit(49.0, 49.0)),
}


def rewriting(name: str, rng: random.Random) -> Rewrite | None:
    """The rewrite of true headers that a row asks for."""
    made: dict[str, Rewrite] = {
        "quiet429": headers.quiet429,
        "headerless": headers.headerless,
        "retry_after": headers.retry_after,
        "garbage": headers.garbage(rng),
        "stuck": headers.stuck,
        "zero": headers.always(0.0),
        "negative": headers.always(-7.0),
        "million": headers.always(1e6),
        "random": headers.noise(rng),
        "stale": headers.stale(2.0),
        "simulated_garbage": headers.simulated_garbage(rng),
        "numbers": headers.numbers(rng),
        "quarter": headers.quarter(rng),
        "tiny": headers.tiny(0.01),
    }
    return made.get(name)


PER_SECOND = ("fixed1s", "sliding1s", "bucket")
WRONG = ("stuck", "zero", "negative", "million", "random", "stale")


def _one_client() -> list[Row]:
    goal, floor = Bar(1.08, 0.003), Bar(1.3, 0.01)
    short, headerless = Bar(1.7, 0.01), (Bar(1.10, 0.01), Bar(1.35, 0.02))
    rows = [Row(f"{m} N=2000", m, 2000, goal, floor) for m in PER_SECOND]
    rows.append(Row("quiet429 N=2000", "fixed1s", 2000, goal, floor, headers="quiet429"))
    rows += [Row(f"{m} N=300 30ms", m, 300, floor=short, rtt=0.03) for m in PER_SECOND]
    burst, fast = Bar(seconds=0.25, refused=0.0), Bar(seconds=1.0, refused=0.0)
    rows += [
        Row(f"{m} N=300 30ms", m, 300, burst, fast, rtt=0.03)
        for m in ("sliding10s", "fixed10s_rate")
    ]
    rows += [
        Row("sliding10s N=1900", "sliding10s", 1900, Bar(1.06, 0.003), Bar(1.2, 0.01)),
        Row("sliding10s N=2000", "sliding10s", 2000, Bar(1.15, 0.003), Bar(1.45, 0.01)),
        Row("fixed10s_rate N=1900", "fixed10s_rate", 1900, Bar(1.2, 0.005), Bar(1.6, 0.01)),
        Row("fixed10s_total N=1900", "fixed10s_total", 1900, Bar(1.2, 0.005), Bar(1.9, 0.1)),
        Row("bucket10 N=2000", "bucket10", 2000, Bar(1.02, 0.0), Bar(1.15, 0.01)),
        Row("headerless N=2000", "bucket_fifth", 2000, *headerless, headers="headerless"),
        Row("headerless+RA N=2000", "bucket_fifth", 2000, *headerless, headers="retry_after"),
        Row("headerless fixed1s", "fixed1s", 2000, headers="headerless"),
        Row("headerless deep bucket", "bucket", 2000, headers="headerless"),
        Row(
            "stepped N=2000",
            "fixed1s",
            2000,
            Bar(1.15, 0.01),
            Bar(1.55, 0.04),
            steps=((5.0, 10.0), (12.0, 100.0)),
        ),
        Row("fixed1s N=2000 1s", "fixed1s", 2000, floor=Bar(1.35, 0.02), rtt=1.0),
        Row("sliding1s N=2000 1s", "sliding1s", 2000, rtt=1.0),
        Row("sliding10s N=1900 1s", "sliding10s", 1900, floor=Bar(1.35, 0.02), rtt=1.0),
    ]
    return rows


def _small_and_unlimited() -> list[Row]:
    tiny, floor = Bar(1.1, 0.02), Bar(1.25, 0.03)
    rows = [
        Row("L=3 fixed1s N=100", "fixed1s", 100, tiny, floor, limit=3.0),
        Row("L=3 sliding10s N=100", "sliding10s", 100, tiny, floor, limit=3.0),
        Row("L=3 sliding1s N=100", "sliding1s", 100, tiny, Bar(1.25, 0.09), limit=3.0),
        Row("L=3 bucket N=100", "bucket", 100, tiny, floor, limit=3.0),
        Row("no limit N=2000", "none", 2000, Bar(1.1)),
        Row("garbage N=2000", "none", 2000, Bar(1.1), headers="garbage"),
        Row("no limit N=300 30ms", "none", 300, floor=Bar(seconds=2.0), rtt=0.03),
    ]
    wrong = (Bar(2.0, 0.03), Bar(4.0, 0.07))
    rows += [Row(f"wrong {h} N=400", "fixed1s", 400, *wrong, headers=h) for h in WRONG]
    return rows


def _shared() -> list[Row]:
    rows = [
        Row(
            "competitor N=2000",
            "fixed1s",
            2000,
            Bar(1.15, 0.005, rival=0.01),
            Bar(1.35, 0.02, rival=0.03),
            rival=0.6,
        ),
        Row("competitor N=400", "fixed1s", 400, floor=Bar(1.65, 0.03, rival=0.1), rival=0.6),
        Row(
            "rival sliding1s N=400", "sliding1s", 400, floor=Bar(1.8, 0.025, rival=0.06), rival=0.6
        ),
        Row("rival bucket N=400", "bucket", 400, floor=Bar(1.8, 0.025, rival=0.06), rival=0.6),
        Row(
            "rival sliding10s N=2000",
            "sliding10s",
            2000,
            floor=Bar(1.8, 0.025, rival=0.06),
            rival=0.6,
        ),
        Row("rival fixed10s N=2000", "fixed10s_rate", 2000, rival=0.6),
    ]
    return rows + _several()


def _several() -> list[Row]:
    rows = []
    four, few = Bar(1.3, 0.01, jain=0.9), Bar(1.8, 0.03, jain=0.8)
    many, lot = Bar(1.25, 0.03, jain=0.9), Bar(1.4, 0.08, jain=0.8)
    for model in ("fixed1s", "sliding1s", "bucket", "sliding10s"):
        rows.append(Row(f"4 processes {model}", model, 1600, four, few, processes=4))
        rows.append(Row(f"16 processes {model}", model, 6400, many, lot, processes=16))
    rows += [
        Row(
            "4 processes headerless",
            "bucket_fifth",
            1600,
            four,
            few,
            processes=4,
            headers="headerless",
        ),
        Row(
            "16 processes headerless",
            "bucket_fifth",
            6400,
            many,
            lot,
            processes=16,
            headers="headerless",
        ),
        Row("4 processes counting", "sliding1s_counting", 1600, floor=Bar(1.65, 0.03), processes=4),
        Row("4 processes L=3", "fixed1s", 100, limit=3.0, processes=4),
    ]
    return rows


def _at_once_and_urgent() -> list[Row]:
    long, short = (Bar(1.2, 0.02), Bar(1.5, 0.06)), Bar(2.5, 0.05)
    rows = [
        Row("concurrency 20 N=2000", "sliding10s", 2000, *long, at_once=20),
        Row("concurrency 20 N=400", "sliding10s", 400, short, at_once=20),
        Row("concurrency 20 N=2000 told", "sliding10s", 2000, *long, at_once=20, tells=True),
        Row("concurrency 20 N=400 told", "sliding10s", 400, short, at_once=20, tells=True),
    ]
    slot, soon = Bar(wait=0.02), Bar(wait=0.2)
    rows += [
        Row(f"interactive {m}", m, 2000, slot, soon, urgent=20) for m in (*PER_SECOND, "sliding10s")
    ]
    rows += [
        Row("interactive fixed10s_rate", "fixed10s_rate", 2000, slot, urgent=20),
        Row("interactive headerless", "bucket_fifth", 2000, slot, urgent=20, headers="headerless"),
    ]
    return rows


def _spent() -> list[Row]:
    """Somebody has just spent the whole budget, and is gone: the same command run twice."""
    short = Bar(seconds=4.5, refused=0.1), Bar(seconds=8.0, refused=0.15)
    second = Bar(seconds=12.5, refused=0.01), Bar(seconds=15.0, refused=0.03)
    average = Bar(seconds=22.0, refused=0.02), Bar(seconds=30.0, refused=0.05)
    return [
        Row("spent bucket L=20 N=40", "bucket", 40, *short, limit=20.0, spent=True),
        Row("spent sliding1s L=20 N=40", "sliding1s", 40, *short, limit=20.0, spent=True),
        Row("spent fixed1s N=500", "fixed1s", 500, *second, spent=True),
        Row("spent sliding10s N=500", "sliding10s", 500, *average, spent=True),
    ]


def _connecting() -> list[Row]:
    """Each connection takes two round trips to be made, as with TLS, before anything departs."""
    goal, floor = Bar(1.2, 0.005), Bar(1.35, 0.01)
    rows = [
        Row(f"connecting {m} N=800", m, 800, goal, floor, connect=2.0)
        for m in (*PER_SECOND, "sliding10s", "bucket10")
    ]
    rows += [
        Row("connecting sliding10s N=2000", "sliding10s", 2000, goal, floor, connect=2.0),
        Row("connecting fixed10s_total", "fixed10s_total", 2000, Bar(1.3, 0.01), connect=2.0),
    ]
    return rows


def _unseen() -> list[Row]:
    rows: list[Row] = []
    for model in (
        "fixed1s",
        "sliding1s",
        "sliding5s",
        "fixed5s",
        "sliding10s",
        "fixed60s",
        "bucket2",
        "bucket_fifth",
    ):
        for limit, rtt, processes in ((20.0, 0.08, 1), (35.0, 0.4, 1), (35.0, 0.08, 4)):
            name = f"unseen {model} L={limit:g} {rtt * 1000:g}ms n={processes}"
            rows.append(
                Row(name, model, 1000, limit=limit, rtt=rtt, sigma=0.6, processes=processes)
            )
    return rows


ROWS = tuple(
    _one_client()
    + _small_and_unlimited()
    + _shared()
    + _at_once_and_urgent()
    + _connecting()
    + _spent()
)
UNSEEN = tuple(_unseen())
