"""The whole table: every row, ours beside its goal and floor and beside the baselines."""

import math
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import Pool
from statistics import mean

import attrs

from tests.lab.runs import Result, run
from tests.lab.scenarios import Bar, Row

BASELINES = ("backoff", "static", "semaphore")
BASELINE_SEEDS = (0, 1)
HEAD = (
    f"{'row':34} {'goal':>17} {'floor':>17} {'ours: mean':>15} {'worst':>15}"
    f" {'backoff':>13} {'static':>13} {'semaphore':>13}"
)


@attrs.frozen
class Line:
    """One row's results: ours for every seed, the baselines' for a few."""

    row: Row
    ours: tuple[Result, ...]
    others: dict[str, tuple[Result, ...]]

    def worst(self) -> Result:
        """The worst of the seeds, each figure by itself."""
        return Result(
            seconds=max(r.seconds for r in self.ours),
            ratio=max(r.ratio for r in self.ours),
            refused=max(r.refused for r in self.ours),
            rival=max(r.rival for r in self.ours),
            jain=min(r.jain for r in self.ours),
            wait=max(r.wait for r in self.ours),
        )

    def mean(self) -> Result:
        """The mean of the seeds."""
        return average(self.ours)


def average(results: Sequence[Result]) -> Result:
    """Each figure's mean."""
    return Result(*(mean(values) for values in zip(*map(attrs.astuple, results), strict=True)))


def misses(result: Result, bar: Bar) -> list[str]:
    """Which figures of `result` do not reach `bar`."""
    checks = {
        "ratio": result.ratio <= bar.ratio,
        "refused": result.refused <= bar.refused + 1e-9,
        "rival": result.rival <= bar.rival,
        "jain": result.jain >= bar.jain,
        "seconds": result.seconds <= bar.seconds,
        "wait": result.wait <= bar.wait,
    }
    return [name for name, met in checks.items() if not met]


def _one(task: tuple[Row, int, str]) -> Result:
    return run(*task)


def lines(rows: Sequence[Row], seeds: Iterable[int], *, baselines: bool) -> Iterator[Line]:
    """Run every row, over at most two cores."""
    seeds = tuple(seeds)
    others = [(name, s) for name in BASELINES for s in BASELINE_SEEDS] if baselines else []
    plan = [("ours", s) for s in seeds] + others
    tasks = [(row, seed, name) for row in rows for name, seed in plan]
    with Pool(2) as pool:
        results = pool.imap(_one, tasks, chunksize=4)
        for row in rows:
            made = [next(results) for _ in plan]
            rest = iter(made[len(seeds) :])
            pairs = (
                {name: tuple(next(rest) for _ in BASELINE_SEEDS) for name in BASELINES}
                if baselines
                else {}
            )
            yield Line(row, tuple(made[: len(seeds)]), pairs)


def text(line: Line) -> str:
    """One printed line; what misses the goal is named at its end."""
    row, middle, worst = line.row, line.mean(), line.worst()
    others = "".join(f" {_figure(average(r), row.goal):>13}" for r in line.others.values())
    missed = misses(middle, attrs.evolve(row.goal, wait=math.inf))
    missed += ["FLOOR " + name for name in misses(worst, row.floor)]
    extra = _extra(row, middle, worst)
    return (
        f"{row.name:34} {_bar(row.goal):>17} {_bar(row.floor):>17}"
        f" {_figure(middle, row.goal):>15} {_figure(worst, row.goal):>15}{others}"
        f"  {extra} {'misses ' + ', '.join(missed) if missed else ''}"
    ).rstrip()


def _bar(bar: Bar) -> str:
    if bar.seconds < math.inf:
        return f"{bar.seconds:.2f}s {100 * bar.refused:.1f}%"
    if bar.ratio == math.inf:
        return "-" if bar.wait == math.inf else f"wait {bar.wait:.2f}s"
    return f"{bar.ratio:.2f} {100 * bar.refused:.1f}%"


def _figure(result: Result, bar: Bar) -> str:
    if bar.seconds < math.inf:
        return f"{result.seconds:.2f}s {100 * result.refused:.2f}%"
    return f"{result.ratio:.2f} {100 * result.refused:.2f}%"


def _extra(row: Row, middle: Result, worst: Result) -> str:
    if row.rival:
        return f"rival denied {100 * middle.rival:.1f}% ({100 * worst.rival:.1f}%)"
    if row.processes > 1:
        return f"Jain {worst.jain:.2f}"
    if row.urgent:
        return f"longest wait {middle.wait * 1000:.0f} ms ({worst.wait * 1000:.0f} ms)"
    return ""
