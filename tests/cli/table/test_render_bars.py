"""Bars, their marks and their legend."""

import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from taskrouter_stats.cli.table.render import Bar, Palette, shares
from taskrouter_stats.cli.table.totals import WorkerRow


def row(seconds, span=100.0):
    """Return a row of the table."""
    return WorkerRow("w", 0, Counter(), seconds, span)


def drawn(renderable, width=20):
    """Return the printed text."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(renderable, end="")
    return console.file.getvalue()


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1e9), max_size=9), st.floats(0, 1e9), st.integers(0, 80))
def test_shares_never_overflow_the_bar(parts, idle, cells):
    """After rounding, no bar is longer than its column, and no part is negative."""
    counts = shares(parts, sum(parts) + idle, cells)
    assert len(counts) == len(parts)
    assert min(counts, default=0) >= 0
    assert sum(counts) <= cells


def test_a_bar_without_colour_is_letters():
    """Each activity is a letter of its name, repeated by its share of the window."""
    total = {"Available": 50.0, "Away": 25.0, "Offline": 25.0}
    palette = Palette(total, coloured=False)
    assert drawn(Bar(palette, row(total))) == "AAAAAAAAAAWWWWWOOOOO"


def test_time_without_an_activity_stays_empty():
    """A bar is as long as the known activities."""
    palette = Palette({"Lunch": 25.0}, coloured=False)
    assert drawn(Bar(palette, row({"Lunch": 25.0}))) == "LLLLL"


def test_offline_comes_last_and_the_others_by_time():
    """Activities are sorted by time, and Offline is last."""
    palette = Palette({"Offline": 90.0, "Lunch": 1.0, "Busy": 2.0, "Never": 0.0}, coloured=True)
    assert palette.names == ["Busy", "Lunch", "Offline"]


def test_colours_differ():
    """Each activity with a mark has its own colour."""
    palette = Palette({f"Activity {index}": 1.0 + index for index in range(8)}, coloured=True)
    styles = [str(style) for _, style in palette.marks.values()]
    assert len(set(styles)) == len(styles) == 8


def test_many_activities_are_drawn_as_others():
    """Of 100 activities, the legend has eight entries, and their sum has all time."""
    seconds = {f"Activity {index}": float(index + 1) for index in range(100)}
    palette = Palette(seconds, coloured=False)
    assert palette.names[-1] == "others"
    assert len(palette.names) == 8
    assert sum(palette.parts(row(seconds))) == sum(seconds.values())


@pytest.mark.parametrize("width", [20, 40, 80])
def test_the_legend_fits(width):
    """The legend breaks between entries, and has the share of each activity."""
    seconds = {"Available": 995.0, "Lunch": 500.0, "Meeting": 500.0, "Rare": 5.0}
    palette = Palette(seconds, coloured=False)
    lines = [text.plain for text in palette.legend(row(seconds), width)]
    assert max(map(len, lines)) <= width
    assert "   ".join(lines) == "A Available 50%   L Lunch 25%   M Meeting 25%   R Rare <1%"


def test_letters_differ():
    """Names with the same letters, or without Latin letters, have different marks."""
    palette = Palette(dict.fromkeys(("aa", "a", "休憩", "会議"), 1.0), coloured=False)
    letters = [letter for letter, _ in palette.marks.values()]
    assert len(set(letters)) == 4
