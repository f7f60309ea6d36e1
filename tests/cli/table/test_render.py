"""The table as text."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from taskrouter_stats import Window
from taskrouter_stats.cli.table.render import render_table, window_text
from taskrouter_stats.cli.table.totals import TopWorkers
from tests.cli.table.test_totals import answered

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
WINDOW = Window.between(START, START + timedelta(hours=1))


def drawn(width, *rows):
    """Return the printed table."""
    workers = TopWorkers(5)
    for row in rows:
        workers.add(answered(*row))
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(render_table(console, workers, WINDOW, "Workers"))
    return console.file.getvalue()


ROWS = (("Ada", 7, 5, 1, 1800.0), ("Grace " * 12, 1234, 1000, 200, 3600.0), ("休憩", 1, 1, 0, 0.0))


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_the_table_fits_the_terminal(width):
    """No line is wider than the terminal or than 140 columns."""
    lines = drawn(width, *ROWS).splitlines()
    assert max(map(len, lines)) <= min(width, 140)


def test_the_table_has_workers_and_their_sum():
    """The busiest worker is first, and the sum of all workers is below."""
    text = drawn(80, *ROWS)
    assert text.index("1,234") < text.index("Ada") < text.index("3 workers")
    assert "1,242" in text


def test_a_wide_table_has_columns_for_all_ends():
    """A narrow table sums the other ends of reservations in one column."""
    assert "Timed out" in drawn(140, *ROWS)
    assert "Timed out" not in drawn(100, *ROWS)
    assert "Other: rejected, timed out" in drawn(100, *ROWS)


def test_a_table_without_workers_has_no_rows():
    """A workspace without workers gives a table with the sum only."""
    assert "0 workers" in drawn(80)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(hours=8), "2026-11-01 08:00 to 16:00 UTC, 8h"),
        (timedelta(minutes=90), "2026-11-01 08:00 to 09:30 UTC, 1h 30m"),
        (timedelta(hours=25), "2026-11-01 08:00 to 2026-11-02 09:00 UTC, 1d 1h"),
    ],
)
def test_the_window_has_start_end_and_length(length, text):
    """The end has a date only if it differs from the start's date."""
    assert window_text(Window.between(START, START + length)) == text
