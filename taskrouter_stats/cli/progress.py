"""How a run stands at one moment, as numbers and as a plain line."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from attrs import define, field, frozen
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.text import Text

from taskrouter_stats import BudgetSnapshot, Progress

__all__ = [
    "LiveLine",
    "ProgressSnapshot",
    "RateMeter",
    "clock",
    "is_live",
    "plain_line",
    "show_progress",
]

_SPAN: Final = 3.0
"""Seconds over which the pace of now is taken."""


@frozen
class ProgressSnapshot:
    """What a progress line shows.

    Attributes:
        done: outcomes so far.
        failed: failures among them.
        total: how many there will be, or None.
        pace: outcomes per second just now.
        limit: the server's limit as it was last told, or None.
        remaining: what was last told to remain of it, or None.
        refused: 429s so far.
        eta: seconds to go at that pace, or None.
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
    """Turns a run's progress into standings; it remembers the last few seconds."""

    _samples: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])

    def read(self, progress: Progress, budget: BudgetSnapshot | None) -> ProgressSnapshot:
        """How it stands now.

        Args:
            progress: the run's.
            budget: the one that its statistics spend, once there is one.
        """
        samples = self._samples
        samples.append((progress.elapsed, progress.done))
        while len(samples) > 2 and samples[1][0] <= progress.elapsed - _SPAN:  # noqa: PLR2004 (first and last)
            samples.popleft()
        seconds, done = progress.elapsed - samples[0][0], progress.done - samples[0][1]
        pace = done / seconds if seconds > 0 else progress.rate
        left = None if progress.total is None else progress.total - progress.done
        return ProgressSnapshot(
            progress.done,
            progress.failed,
            progress.total,
            pace,
            budget.limit if budget else None,
            budget.remaining if budget else None,
            progress.refused,
            left / pace if left is not None and pace > 0 else None,
        )


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, with hours when there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def plain_line(standing: ProgressSnapshot, things: str = "workers") -> str:
    """For logs: the same numbers as on a terminal, in words.

    Args:
        standing: the numbers.
        things: what is counted.
    """
    total = "?" if standing.total is None else f"{standing.total:,}"
    parts = [f"{standing.done:,}/{total} {things}", f"{standing.pace:.1f}/s"]
    if standing.limit is not None and standing.remaining is not None:
        parts.append(f"{standing.remaining:g} of {standing.limit:g} left")
    parts.append(f"{standing.refused:,} refused")
    if standing.failed:
        parts.append(f"{standing.failed:,} failed")
    if standing.eta is not None:
        parts.append(f"about {clock(standing.eta)} to go")
    return ", ".join(parts)


_TICK: Final = 0.1
_SHORTEST_BAR: Final = 8
_LONGEST_BAR: Final = 60
_GAP: Final = "  "
_UNKNOWN: Final = 100.0


@frozen
class LiveLine:
    """One line as wide as the terminal: a bar, and as many numbers as leave it room."""

    standing: ProgressSnapshot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render it."""
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
        total = self.standing.total
        return ProgressBar(
            total=_UNKNOWN if total is None else max(total, 1),
            completed=self.standing.done,
            width=width,
            pulse=total is None,
            complete_style="cyan",
            finished_style="green",
            pulse_style="cyan",
        )

    def _parts(self) -> dict[float, Text]:
        """What there is to tell, by importance: the largest number is left out first."""
        now = self.standing
        total = "…" if now.total is None else f"{now.total:,}"
        parts: dict[float, Text] = {
            0: Text.assemble((f"{now.done:,}", "bold"), f"/{total}"),
            1: Text(f"{now.pace:.1f}/s", "bold cyan"),
            3: Text(f"{now.refused:,} x 429", "bold yellow" if now.refused else "dim"),
        }
        if now.eta is not None:
            parts[2] = Text(f"ETA {clock(now.eta)}")
        if now.remaining is not None:
            parts[4] = Text(f"{now.remaining:g} left", "dim")
            if now.limit is not None:
                parts[4] = Text(f"{now.remaining:g} of {now.limit:g} left", "dim")
        if now.failed:
            parts[1.5] = Text(f"{now.failed:,} failed", "bold red")
        return parts


_ORDER: Final = (0, 1, 4, 3, 1.5, 2)


def is_live(console: Console) -> bool:
    """Whether a line can be drawn over again there."""
    return console.is_terminal and not console.is_dumb_terminal


@asynccontextmanager
async def show_progress(
    console: Console,
    every: float,
    read: Callable[[], ProgressSnapshot],
    line: Callable[[ProgressSnapshot], str] = plain_line,
) -> AsyncGenerator[None]:
    """Show how the run stands until the block ends.

    Args:
        console: where to; also where lines may be printed meanwhile.
        every: seconds between two plain lines, where the console is no terminal.
        read: tells how the run stands.
        line: makes a plain line of it.
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
    """Call ``step`` every so many seconds; what it raises is raised at the block's end."""

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
