"""Small versions of the fleet's rows: several processes on one limit, over one store."""

import pytest

from tests.lab.fleet import Crew, live
from tests.lab.fleet_troubles import TROUBLES


@pytest.mark.parametrize(
    ("processes", "jobs", "limit", "model"),
    [
        (1, 300, 50.0, "fixed1s"),
        (4, 75, 50.0, "fixed1s"),
        (4, 100, 50.0, "sliding10s"),
        (4, 12, 3.0, "fixed1s"),
        (4, 12, 3.0, "sliding10s"),
    ],
)
def test_processes_together_are_as_fast_as_one(processes, jobs, limit, model):
    """Together they take as long as one process would, are refused nothing and get equal parts."""
    figures = live(Crew(processes, jobs, model, limit))
    one = live(Crew(1, processes * jobs, model, limit, pacing="alone"))
    assert figures.seconds <= 1.1 * one.seconds + 0.5
    assert figures.refused <= 0.01
    assert figures.jain >= 0.95
    assert figures.syncs <= 10.5
    assert figures.calls <= 2.5


def test_processes_do_not_take_each_other_for_other_clients():
    """Requests that another process has not reported yet do not end the burst of a full budget."""
    figures = live(Crew(4, 250, "sliding10s", seed=2))
    assert figures.share >= 0.65
    assert figures.refused <= 0.01


@pytest.mark.parametrize("seed", range(4))
def test_rounding_and_late_reports_are_no_other_client(seed):
    """Whole units gone by requests that others have not reported yet are no sign of others."""
    figures = live(Crew(4, 12, "sliding10s", 3.0, seed, rtt=0.03))
    assert figures.seconds < 13.0
    assert figures.refused == 0.0


def test_the_end_of_a_burst_waits_for_no_report():
    """One process takes ten-second windows as fast with a store as without one, within 2%."""
    shared, alone = (live(Crew(1, 1000, "sliding10s", pacing=p)) for p in ("shared", "alone"))
    assert shared.seconds <= 1.02 * alone.seconds
    assert (shared.refused, alone.refused) == (0.0, 0.0)


def test_sixteen_processes_share():
    """Sixteen processes on one limit are refused nothing and get equal parts."""
    figures = live(Crew(16, 10))
    assert figures.refused <= 0.01
    assert figures.jain >= 0.95


def test_without_a_store_they_are_refused():
    """The same processes without a store are refused many of 3 requests a second."""
    assert live(Crew(4, 25, limit=3.0, pacing="alone")).refused > 0.05


def test_a_fetch_waits_for_no_bulk_of_another_process():
    """Beside the saturating bulk of three processes, a fourth one's fetches wait 0.3 s at most."""
    waits = []

    async def story(world):
        process = world.processes[0]
        process.left = 0
        for number in range(12):
            await world.until(2.0 + 0.5 * number)
            await process.request(interactive=True)
        waits.extend(process.waits)

    live(Crew(4, 120, story=story, lingers=15.0))
    assert len(waits) == 12
    assert max(waits) <= 0.3


@pytest.mark.parametrize("name", TROUBLES)
def test_troubles_cost_little(name):
    """Whatever happens to store or process, every query is answered and few are refused."""
    figures = live(Crew(4, 120, story=TROUBLES[name]))
    processes = figures.world.processes
    assert sum(each.done for each in processes) == 4 * 120
    assert figures.refused <= 0.015
    assert figures.seconds <= 16.0
