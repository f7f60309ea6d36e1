"""Rows for long windows of any phase, hidden caps, bad headers, slow servers and small shares."""

from tests.lab.scenarios import Bar, Row

SIZES = (501, 2500)
"""Jobs are drawn evenly from this range: between one and five windows of ten seconds at L=50."""

ROUND_TRIPS = ((0.03, "30ms"), (0.15, "150ms"))
TEN_SECONDS = ("fixed10s_rate", "fixed10s_total", "first10s")
EVERY_MODEL = ("bucket10", "fixed10s_total", "first10s", "sliding5s", "fixed5s")


def _long_windows() -> list[Row]:
    fixed, sliding, other = Bar(1.10, 0.001), Bar(1.03, 0.0), Bar(1.3, 0.01)
    rows = [
        Row(f"{m} any size {name}", m, 0, fixed, Bar(1.3, 0.01), rtt=rtt, sizes=SIZES)
        for m in TEN_SECONDS
        for rtt, name in ROUND_TRIPS
    ]
    rows += [
        Row(f"sliding10s any size {name}", "sliding10s", 0, sliding, rtt=rtt, sizes=SIZES)
        for rtt, name in ROUND_TRIPS
    ]
    rows += [
        Row(f"{m} any size {name} unknown", m, 0, fixed, rtt=rtt, sizes=SIZES, visible=100)
        for m in ("fixed10s_rate", "sliding10s")
        for rtt, name in ROUND_TRIPS
    ]
    rows += [
        Row(f"{m} any size {name}", m, 0, other, rtt=rtt, sizes=SIZES)
        for m in ("sliding5s", "fixed5s")
        for rtt, name in ROUND_TRIPS
    ]
    rows += [
        Row("fixed60s any size 150ms", "fixed60s", 0, other, sizes=(3001, 9000)),
        Row("sliding60s any size 150ms", "sliding60s", 0, other, sizes=(3001, 9000)),
        Row("sliding10s slow server", "sliding10s", 0, Bar(1.1), sizes=SIZES, service=0.002),
        Row("fixed10s_rate slow server", "fixed10s_rate", 0, Bar(1.1), sizes=SIZES, service=0.002),
        Row(
            "sliding10s slow server 30ms",
            "sliding10s",
            800,
            Bar(1.1, 0.0),
            rtt=0.03,
            service=0.002,
        ),
    ]
    return rows


def _hidden_caps() -> list[Row]:
    long = Bar(1.5, 0.02)
    return [
        Row("cap 20 no limit 30ms", "none", 1500, long, rtt=0.03, at_once=20),
        Row("cap 20 no limit 150ms", "none", 1500, long, at_once=20),
        Row(
            "cap 20 sliding1s L=1000 30ms", "sliding1s", 1500, long, limit=1e3, rtt=0.03, at_once=20
        ),
        Row(
            "cap 20 sliding10s L=1000 30ms",
            "sliding10s",
            1500,
            long,
            limit=1e3,
            rtt=0.03,
            at_once=20,
        ),
        Row("cap 20 sliding10s 30ms", "sliding10s", 1500, long, rtt=0.03, at_once=20),
        Row("cap 50 sliding10s N=400", "sliding10s", 400, Bar(1.6, 0.03), at_once=50),
        Row("no limit N=300 30ms goal", "none", 300, Bar(2.5), rtt=0.03),
        Row("no limit N=2000 goal", "none", 2000, Bar(1.25)),
        Row("no limit N=2000 30ms", "none", 2000, Bar(1.5), rtt=0.03),
    ]


def _bad_headers() -> list[Row]:
    goal, ten = Bar(1.3, 0.02), Bar(1.3, 0.04)
    garbage = "simulated_garbage"
    return [
        Row("garbage fixed1s 30ms N=500", "fixed1s", 500, goal, rtt=0.03, headers=garbage),
        Row("garbage fixed1s", "fixed1s", 2000, goal, headers=garbage),
        Row("garbage sliding10s", "sliding10s", 2000, ten, headers=garbage),
        Row("garbage no limit", "none", 2000, goal, headers=garbage),
        Row("any numbers fixed1s", "fixed1s", 2000, headers="numbers"),
        Row("quarter fixed1s", "fixed1s", 2000, goal, headers="quarter"),
        Row("quarter sliding10s", "sliding10s", 1900, goal, headers="quarter"),
        Row("headerless sliding10s", "sliding10s", 2000, ten, headers="headerless"),
        Row("headerless fixed10s", "fixed10s_rate", 2000, ten, headers="headerless"),
        Row("headerless L=3", "fixed1s", 100, limit=3.0, headers="headerless"),
        Row("limit 0.01 without a limit", "none", 300, Bar(seconds=30.0), headers="tiny"),
        Row("limit 0.01 fixed1s", "fixed1s", 500, Bar(1.3, 0.02), headers="tiny"),
        Row("every second refused", "every_second", 100, Bar(seconds=100.0)),
        Row("every second refused 0/49", "every_second_empty", 100, Bar(seconds=100.0)),
        Row("every second refused 49/49", "every_second_full", 100, Bar(seconds=100.0)),
    ]


def _small_shares() -> list[Row]:
    rows = [
        Row(f"{n} processes L={limit:g} {m}", m, 40 * n, limit=limit, processes=n)
        for m in ("fixed1s", "sliding1s", "sliding10s")
        for n, limit in ((4, 3.0), (4, 10.0))
    ]
    rows += [
        Row("4 processes fixed10s", "fixed10s_rate", 1600, processes=4),
        Row("4 processes sliding10s N=4000", "sliding10s", 4000, processes=4),
        Row("rival 0.2 sliding10s N=2000", "sliding10s", 2000, rival=0.2),
        Row("rival 0.2 fixed10s N=2000", "fixed10s_rate", 2000, rival=0.2),
        Row("rival sliding10s N=400", "sliding10s", 400, rival=0.6),
    ]
    slot = Bar(wait=0.02)
    rows += [Row(f"interactive {m}", m, 2000, slot, urgent=20) for m in EVERY_MODEL]
    return rows


HARD = tuple(_long_windows() + _hidden_caps() + _bad_headers() + _small_shares())
