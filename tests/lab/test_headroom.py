"""A share that is left to others is really left, whatever the limiter."""

import attrs
import pytest

from taskrouter_stats.core.throttle.throttle import Throttle
from tests.lab import runs
from tests.lab.scenarios import ROWS
from tests.lab.subject import Ours

ROW = next(row for row in ROWS if row.name == "bucket N=300 30ms")
HEADROOM = 0.3
BURST = {"fixed1s": 50, "sliding1s": 50, "bucket": 50, "sliding10s": 500, "bucket10": 500}


@pytest.mark.parametrize("model", BURST)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_share_is_left(model, seed, monkeypatch):
    """Nothing is refused, and others find their share of what flows in once the burst is gone."""
    monkeypatch.setitem(
        runs.CLIENTS, "ours", lambda _, rng: Ours(rng, Throttle(0.0, headroom=HEADROOM))
    )
    row = attrs.evolve(ROW, model=model, jobs=1200)
    found = runs.run(row, seed)
    least = (row.jobs - 2 * BURST[model]) / ((1 - HEADROOM) * row.limit)
    assert found.refused <= 0.003
    assert least <= found.seconds <= 1.3 * row.jobs / ((1 - HEADROOM) * row.limit)
