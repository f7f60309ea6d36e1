"""The live line of progress, and the plain lines elsewhere."""

import asyncio
import io

import pytest
from rich.console import Console

from taskrouter_stats.cli.progress import LiveLine, ProgressSnapshot, is_live, show_progress

SNAPSHOT = ProgressSnapshot(1500, 2, 3000, 49.81, 50.0, 12.0, 3, 90.0)


def rendered(width, snapshot=SNAPSHOT):
    """Return the printed line."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(LiveLine(snapshot))
    return console.file.getvalue()


def test_the_live_line_never_wraps():
    """At any width the line is shorter than the terminal, so that it can be drawn again."""
    for width in range(2, 160):
        (line,) = rendered(width).splitlines()
        assert len(line) < width


@pytest.mark.parametrize("width", [80, 100, 140])
def test_common_terminals_show_every_number(width):
    """The line has done, total, pace, remaining, 429s, failures, ETA and a bar."""
    line = rendered(width)
    for part in (
        "1,500/3,000",
        "49.8/s",
        "12 of 50 left",
        "3 x 429",
        "2 failed",
        "ETA 1m 30s",
        "━",
    ):
        assert part in line


def test_a_narrow_terminal_shows_the_count():
    """Other numbers are left out before the count."""
    line = rendered(30)
    assert "1,500/3,000" in line
    assert "left" not in line


def test_an_unknown_total_is_not_zero():
    """While the workers are being listed, the total is an ellipsis."""
    assert "7/…" in rendered(80, ProgressSnapshot(7, 0, None, 0.0, None, None, 0, None))


@pytest.mark.parametrize(
    ("terminal", "term", "live"),
    [(True, "xterm", True), (True, "dumb", False), (False, "x", False)],
)
def test_a_dumb_terminal_gets_plain_lines(terminal, term, live):
    """Only a terminal that can draw a line again gets a live line."""
    console = Console(file=io.StringIO(), force_terminal=terminal, _environ={"TERM": term})
    assert is_live(console) is live


async def test_without_a_terminal_plain_lines_are_printed_at_intervals():
    """Each line is plain text, without a cursor movement."""
    console = Console(file=io.StringIO(), force_terminal=False, width=40)
    async with show_progress(console, 0.01, lambda: SNAPSHOT):
        while console.file.getvalue().count("\n") < 2:  # noqa: ASYNC110 (a display has no event)
            await asyncio.sleep(0.005)
    lines = set(console.file.getvalue().splitlines())
    assert lines == {
        "1,500/3,000 answers, 49.8/s, 12 of 50 left, 3 refused, 2 failed, about 1m 30s to go"
    }


async def test_an_error_of_the_display_ends_the_run():
    """An exception while drawing is raised at the end of the block."""

    def read():
        raise BrokenPipeError

    console = Console(file=io.StringIO(), force_terminal=False)
    with pytest.raises(BrokenPipeError):
        async with show_progress(console, 0.001, read):
            await asyncio.sleep(0.02)
