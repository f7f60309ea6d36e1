"""The optimum that paced runs are compared with."""

import pytest

from tests.benchmarks.paced import LATENCY, ROWS

OPTIMA = {
    "fixed1s": 10 - 1 - 0.3,  # 500 requests need ten windows, the first of which is 0.3 s old
    "sliding1s": 9.0,  # 50 at once, the others at 50 a second
    "bucket": 9.0,
    "fixed10s_rate": 10 - 3.3,  # 800 requests need two windows, the first of which is 3.3 s old
    "fixed10s_total": 10 - 3.3,
    "sliding10s": 10.0,  # 500 at once, the others after ten seconds
    "bucket10": 6.0,  # 500 at once, 300 at 50 a second
}


@pytest.mark.parametrize("name", ROWS)
def test_the_optimum_agrees_with_arithmetic(name):
    """The clairvoyant client waits only for the limit, and for one round trip at the end."""
    waits = OPTIMA[name] + LATENCY
    assert ROWS[name].optimum(phase=3.3) == pytest.approx(waits, abs=LATENCY)
