"""The live line, and what stands in for it where there is no terminal."""

import asyncio
import io

import pytest
from rich.console import Console

from taskrouter_stats.cli.progress import LiveLine, ProgressSnapshot, is_live, show_progress

STANDING = ProgressSnapshot(1500, 2, 3000, 49.81, 50.0, 12.0, 3, 90.0)


def rendered(width, standing=STANDING):
    """The line as it is printed."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(LiveLine(standing))
    return console.file.getvalue()


def test_it_is_one_line_at_any_width():
    """It never wraps, or drawing over it would leave traces."""
    for width in range(2, 160):
        (line,) = rendered(width).splitlines()
        assert len(line) < width


@pytest.mark.parametrize("width", [80, 100, 140])
def test_common_terminals_show_everything(width):
    """Done, total, pace, what remains, 429s, failures, time to go, and a bar."""
    line = rendered(width)
    for part in ("1,500/3,000", "49.8/s", "12 of 50 left", "3 x 429", "2 failed", "ETA 1:30", "━"):
        assert part in line


def test_a_narrow_terminal_shows_what_matters_most():
    """Details go before the count does."""
    line = rendered(30)
    assert "1,500/3,000" in line
    assert "left" not in line


def test_an_unknown_total_is_no_zero():
    """While the workers are still being listed."""
    assert "7/…" in rendered(80, ProgressSnapshot(7, 0, None, 0.0, None, None, 0, None))


@pytest.mark.parametrize(
    ("terminal", "term", "live"),
    [(True, "xterm", True), (True, "dumb", False), (False, "x", False)],
)
def test_a_dumb_terminal_gets_plain_lines(terminal, term, live):
    """Only where a line can be drawn over again is there a live one."""
    console = Console(file=io.StringIO(), force_terminal=terminal, _environ={"TERM": term})
    assert is_live(console) is live


async def test_elsewhere_a_plain_line_comes_now_and_then():
    """One line each time, without anything that moves the cursor."""
    console = Console(file=io.StringIO(), force_terminal=False, width=40)
    async with show_progress(console, 0.01, lambda: STANDING):
        while console.file.getvalue().count("\n") < 2:  # noqa: ASYNC110 (a display has no event)
            await asyncio.sleep(0.005)
    lines = set(console.file.getvalue().splitlines())
    assert lines == {
        "1,500/3,000 workers, 49.8/s, 12 of 50 left, 3 refused, 2 failed, about 1:30 to go"
    }


async def test_a_broken_display_ends_the_run():
    """What drawing raises is raised when the block is left."""

    def read():
        raise BrokenPipeError

    console = Console(file=io.StringIO(), force_terminal=False)
    with pytest.raises(BrokenPipeError):
        async with show_progress(console, 0.001, read):
            await asyncio.sleep(0.02)
