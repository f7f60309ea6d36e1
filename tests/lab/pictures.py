"""`paced run` pictures: requests sent and refused, the server's budget, the believed credit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tests.lab.runs import world
from tests.lab.scenarios import Row

Diary: TypeAlias = list[tuple[float, bool, float]]
"""When a request came, whether it was refused, what remained."""

Beliefs: TypeAlias = list[tuple[float, float]]
"""A time, and the requests that the throttle believed to be admitted at once."""

MODELS = (
    "fixed1s N=2000",
    "sliding1s N=2000",
    "bucket N=2000",
    "sliding10s N=1900",
    "fixed10s_rate N=1900",
    "fixed10s_total N=1900",
    "bucket10 N=2000",
    "stepped N=2000",
    "headerless N=2000",
    "competitor N=2000",
)
SENT, REFUSED, BUDGET, CREDIT, GRID = "#2f6db5", "#d1495b", "#7a8b99", "#2a9d5c", "#e6e9ec"
BIN = 0.25
SAMPLE = 0.02
"""Seconds between two samples of the believed credit."""


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """One picture per model; matplotlib is imported only here."""
    wanted = [row for row in rows if row.name in MODELS]
    folder.mkdir(parents=True, exist_ok=True)
    return [_picture(row, folder / f"paced-run-{row.name.split()[0]}.png") for row in wanted]


def _live(row: Row) -> tuple[Diary, Beliefs]:
    """Live through a row; return the server's diary and what the throttle believed meanwhile."""
    clock, server, clients = world(row, seed=0)
    estimator = clients[0].strategy.throttle.estimator  # type: ignore[attr-defined]
    beliefs: Beliefs = []

    def done() -> bool:
        if not beliefs or clock.now >= beliefs[-1][0] + SAMPLE:
            beliefs.append((clock.now, max(0.0, estimator.credit(clock.now))))
        return all(c.tally.done >= row.jobs for c in clients)

    clock.run(done, until=600.0)
    return server.diary, beliefs


def _picture(row: Row, path: Path) -> Path:
    import matplotlib as mpl  # noqa: PLC0415 - only who draws needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    diary, beliefs = _live(row)
    end = diary[-1][0]
    figure, (top, middle, low) = plt.subplots(
        3, 1, sharex=True, figsize=(9.0, 6.0), height_ratios=(3, 2, 2), layout="constrained"
    )
    _draw_requests(top, row, diary)
    _draw_budget(middle, diary)
    _draw_credit(low, beliefs)
    for axes in (top, middle, low):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlim(0.0, end)
        axes.set_ylim(bottom=0.0)
    figure.savefig(path, dpi=75)
    plt.close(figure)
    return path


def _draw_requests(axes: Any, row: Row, diary: Diary) -> None:
    """Requests per second, the refused ones on top."""
    end = diary[-1][0]
    edges = [i * BIN for i in range(int(end / BIN) + 2)]
    sent, refused = [0.0] * len(edges), [0.0] * len(edges)
    for at, no, _ in diary:
        (refused if no else sent)[int(at / BIN)] += 1.0 / BIN
    axes.bar(edges, sent, BIN, align="edge", color=SENT, label="admitted")
    axes.bar(edges, refused, BIN, bottom=sent, align="edge", color=REFUSED, label="refused")
    share = 100.0 * sum(no for _, no, _ in diary) / len(diary)
    title = f"{row.name}: {len(diary)} requests, {share:.2f}% refused, {end:.1f} s"
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel("requests / s")
    axes.set_ylim(top=1.2 * max(one + other for one, other in zip(sent, refused, strict=True)))
    axes.legend(frameon=False, ncols=2, loc="upper right")


def _draw_budget(axes: Any, diary: Diary) -> None:
    """What the server said remained."""
    told = [(at, left) for at, _, left in diary if left >= 0.0]
    times, lefts = [at for at, _ in told], [left for _, left in told]
    axes.step(times, lefts, where="post", color=BUDGET, linewidth=0.9)
    axes.set_ylabel("Remaining")


def _draw_credit(axes: Any, beliefs: Beliefs) -> None:
    """What the throttle believed to be admitted at once."""
    times, credits_ = [at for at, _ in beliefs], [credit for _, credit in beliefs]
    axes.step(times, credits_, where="post", color=CREDIT, linewidth=0.9)
    axes.set_ylabel("believed credit")
    axes.set_xlabel("seconds")
