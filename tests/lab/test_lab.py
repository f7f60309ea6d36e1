"""A thinned matrix: the bars that the throttle meets, never looser than the study's floors."""

import math

import attrs
import pytest

from tests.lab.hard_scenarios import HARD
from tests.lab.runs import run
from tests.lab.scenarios import ROWS, UNSEEN, Bar, Row
from tests.lab.table import Line, misses

SEEDS = (0, 100)

HELD = [row for row in ROWS if row.floor != Bar() and not row.name.startswith("16 processes")]


def line(row: Row, seeds: tuple[int, ...] = SEEDS) -> Line:
    """Run a row."""
    return Line(row, tuple(run(row, seed) for seed in seeds), {})


@pytest.mark.parametrize("row", HELD, ids=lambda row: row.name)
def test_floor_is_held(row: Row) -> None:
    """The worst of the seeds reaches what a first implementation was held to."""
    assert misses(line(row).worst(), row.floor) == []


@pytest.mark.parametrize("model", ["fixed1s", "sliding1s", "bucket", "sliding10s"])
def test_sixteen_processes_share(model: str) -> None:
    """Sixteen processes without coordination: few refusals, equal shares."""
    row = next(r for r in ROWS if r.name == f"16 processes {model}")
    worst = line(row, seeds=(0,)).worst()
    assert misses(worst, attrs.evolve(row.floor, refused=0.04, jain=0.85)) == []


GOALS = [
    "fixed1s N=2000",
    "bucket N=2000",
    "quiet429 N=2000",
    "sliding10s N=300 30ms",
    "sliding10s N=2000",
    "fixed10s_total N=1900",
    "bucket10 N=2000",
    "stepped N=2000",
    "competitor N=2000",
    "4 processes bucket",
    "concurrency 20 N=400",
    "L=3 fixed1s N=100",
    "wrong negative N=400",
]


@pytest.mark.parametrize("name", GOALS)
def test_goal_is_met(name: str) -> None:
    """Where the goal is met on every seed of the table, it stays met."""
    row = next(r for r in ROWS if r.name == name)
    slack = attrs.evolve(row.goal, ratio=row.goal.ratio + 0.02, refused=row.goal.refused + 0.001)
    assert misses(line(row, seeds=(0, 1, 2)).mean(), slack) == []


def test_a_small_bucket_under_a_large_limit_is_used() -> None:
    """A budget whose remainder never comes near its limit is not paced down for ever."""
    row = next(r for r in UNSEEN if "bucket_fifth L=20" in r.name)
    assert line(row, seeds=(0,)).worst().ratio <= 2.0


def test_an_overtaking_admission_is_no_turn_of_a_window() -> None:
    """An admission of a request sent before a refusal arrived once cost four windows."""
    row = next(r for r in HARD if r.name == "headerless fixed10s")
    assert line(row, seeds=(204,)).worst().ratio <= 2.0


def test_the_optimum_is_one() -> None:
    """The clairvoyant client needs what arithmetic says: windows of 50, one after another."""
    row = next(r for r in ROWS if r.name == "bucket N=2000")
    seconds = run(row, 0, "static").seconds
    assert math.isclose(seconds, 2000 / 50.0, rel_tol=0.02)
