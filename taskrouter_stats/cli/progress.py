"""Progress of a run: numbers, one live line on a terminal, and plain lines elsewhere."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

from attrs import define, field, frozen
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.text import Text

from taskrouter_stats import BudgetSnapshot, Progress

from .plain_text import duration_text

__all__ = [
    "LiveLine",
    "ProgressSnapshot",
    "RateMeter",
    "is_live",
    "plain_line",
    "show_progress",
    "statistics_budget",
]

_SPAN: Final = 3.0
"""Seconds over which the current pace is measured."""


@frozen
class ProgressSnapshot:
    """Numbers of a progress line.

    Attributes:
        done: outcomes so far.
        failed: failures among them.
        total: outcomes at the end, or None if not known.
        pace: current outcomes per second.
        limit: the limit in the server's last headers, or None.
        remaining: the remaining requests in the server's last headers, or None.
        refused: 429s so far.
        eta: seconds until the end at the current pace, or None.
    """

    done: int
    failed: int
    total: int | None
    pace: float
    limit: float | None
    remaining: float | None
    refused: int
    eta: float | None


@define
class RateMeter:
    """Meter of the current pace, over the last few seconds of a run."""

    _samples: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])

    def read(self, progress: Progress, budget: BudgetSnapshot | None) -> ProgressSnapshot:
        """Return the numbers of this moment.

        Args:
            progress: the progress of the run.
            budget: the budget of its statistics requests, or None before the first.
        """
        samples = self._samples
        samples.append((progress.elapsed, progress.done))
        while len(samples) > 2 and samples[1][0] <= progress.elapsed - _SPAN:  # noqa: PLR2004 (first and last)
            samples.popleft()
        seconds, done = progress.elapsed - samples[0][0], progress.done - samples[0][1]
        pace = done / seconds if seconds > 0 else progress.rate
        remaining = None if progress.total is None else progress.total - progress.done
        return ProgressSnapshot(
            progress.done,
            progress.failed,
            progress.total,
            pace,
            budget.limit if budget else None,
            budget.remaining if budget else None,
            progress.refused,
            remaining / pace if remaining is not None and pace > 0 else None,
        )


def statistics_budget(
    budgets: Iterable[BudgetSnapshot], resource_keys: Collection[str]
) -> BudgetSnapshot | None:
    """Return the budget of statistics requests with one of these keys; None without any."""
    return next((budget for budget in budgets if budget.resource_key in resource_keys), None)


def plain_line(snapshot: ProgressSnapshot) -> str:
    """Return the numbers as a line for logs."""
    total = "?" if snapshot.total is None else f"{snapshot.total:,}"
    parts = [f"{snapshot.done:,}/{total} answers", f"{snapshot.pace:.1f}/s"]
    if snapshot.limit is not None and snapshot.remaining is not None:
        parts.append(f"{snapshot.remaining:g} of {snapshot.limit:g} left")
    parts.append(f"{snapshot.refused:,} refused")
    if snapshot.failed:
        parts.append(f"{snapshot.failed:,} failed")
    if snapshot.eta is not None:
        parts.append(f"about {duration_text(snapshot.eta)} to go")
    return ", ".join(parts)


_TICK: Final = 0.1
_SHORTEST_BAR: Final = 8
_LONGEST_BAR: Final = 60
_GAP: Final = "  "
_UNKNOWN: Final = 100.0


@frozen
class LiveLine:
    """Line as wide as the terminal: a bar, and as many numbers as fit beside it."""

    snapshot: ProgressSnapshot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the line."""
        width = options.max_width - 4  # a margin, the last column, and room for an echoed ^C
        parts = self._parts()
        while len(parts) > 1 and _length(parts) + _SHORTEST_BAR > width:
            del parts[max(parts)]
        room = width - _length(parts)
        if room >= _SHORTEST_BAR:
            yield Segment(" ")
            yield from console.render(self._bar(min(room, _LONGEST_BAR)), options)
        line = Text(no_wrap=True, end="")
        for number in _ORDER:
            if number in parts:
                line.append(_GAP).append_text(parts[number])
        line.truncate(max(1, width + 1), overflow="crop")
        yield from console.render(line, options)
        yield Segment.line()

    def _bar(self, width: int) -> ProgressBar:
        total = self.snapshot.total
        return ProgressBar(
            total=_UNKNOWN if total is None else max(total, 1),
            completed=self.snapshot.done,
            width=width,
            pulse=total is None,
            complete_style="cyan",
            finished_style="green",
            pulse_style="cyan",
        )

    def _parts(self) -> dict[float, Text]:
        """Return the numbers by rank: on a narrow terminal the largest rank is left out first."""
        now = self.snapshot
        total = "…" if now.total is None else f"{now.total:,}"
        parts: dict[float, Text] = {
            0: Text.assemble((f"{now.done:,}", "bold"), f"/{total}"),
            1: Text(f"{now.pace:.1f}/s", "bold cyan"),
            3: Text(f"{now.refused:,} x 429", "bold yellow" if now.refused else "dim"),
        }
        if now.eta is not None:
            parts[2] = Text(f"ETA {duration_text(now.eta)}")
        if now.remaining is not None:
            parts[4] = Text(f"{now.remaining:g} left", "dim")
            if now.limit is not None:
                parts[4] = Text(f"{now.remaining:g} of {now.limit:g} left", "dim")
        if now.failed:
            parts[1.5] = Text(f"{now.failed:,} failed", "bold red")
        return parts


_ORDER: Final = (0, 1, 4, 3, 1.5, 2)
"""The ranks in the order in which they are shown."""


def is_live(console: Console) -> bool:
    """Return whether the console can draw a line again in its place."""
    return console.is_terminal and not console.is_dumb_terminal


@asynccontextmanager
async def show_progress(
    console: Console,
    every: float,
    read: Callable[[], ProgressSnapshot],
    line: Callable[[ProgressSnapshot], str] = plain_line,
) -> AsyncGenerator[None]:
    """Show progress until the block ends: one live line on a terminal, plain lines elsewhere.

    Args:
        console: the console to draw on; other code may print lines there meanwhile.
        every: seconds between two plain lines, if the console is not a terminal.
        read: returns the numbers of this moment.
        line: formats a plain line.
    """
    if not is_live(console):
        async with _repeating(every, lambda: console.out(line(read()), highlight=False)):
            yield
        return
    live = Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with live:
        async with _repeating(_TICK, lambda: live.update(LiveLine(read()), refresh=True)):
            yield


@asynccontextmanager
async def _repeating(seconds: float, step: Callable[[], None]) -> AsyncGenerator[None]:
    """Call ``step`` at this interval; raise its exception at the end of the block."""

    async def repeat() -> None:
        while True:
            await asyncio.sleep(seconds)
            step()

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _length(parts: dict[float, Text]) -> int:
    return sum(len(_GAP) + part.cell_len for part in parts.values())
