"""Draws the table: who had the most reservations, and where everybody's time went."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from taskrouter_stats import Window

from .bars import Bar, Palette
from .standings import Line, Standings

__all__ = ["board", "window_text"]

_WIDEST: Final = 140
_WIDE: Final = 120
"""From here on each end of a reservation has its own column."""
_ENDS: Final = {
    "rejected": "Rejected",
    "timed_out": "Timed out",
    "canceled": "Canceled",
    "rescinded": "Rescinded",
}
_HOUR: Final = 3600
_MINUTE: Final = 60


def board(console: Console, standings: Standings, window: Window, title: str) -> RenderableType:
    """The table with its heading above and the legend of its bars below.

    Args:
        console: where it will be shown; its width and colours decide the form.
        standings: what to show.
        window: the time that was asked for.
        title: what these workers are.
    """
    width = min(console.width, _WIDEST)
    total = standings.total
    palette = Palette(
        total.seconds, coloured=console.color_system is not None and not console.no_color
    )
    wide = width >= _WIDE
    time = window_text(window)
    gap = "   " if len(title) + len(time) + 5 <= width else "\n"
    heading = Text.assemble((title, "bold"), (gap + time, "dim"))
    below: list[RenderableType] = [
        Padding(legend, (0, 0, 0, 1), expand=False)
        for legend in _below(palette, total, width, wide)
    ]
    return Group(
        Text(),
        Padding(heading, (0, 0, 0, 1), expand=False),
        _table(standings, total, palette, width, wide=wide),
        *below,
        Text(),
    )


def _table(standings: Standings, total: Line, palette: Palette, width: int, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE, width=width, padding=(0, 1), show_footer=True, expand=True)
    ends = list(_ENDS) if wide else []
    table.add_column("Worker", total.name, no_wrap=True, footer_style="bold", max_width=34)
    for title, number in _numbers(total, ends):
        table.add_column(title, number, justify="right", no_wrap=True, footer_style="bold")
    table.add_column("Time per activity", Bar(palette, total), ratio=1, no_wrap=True)
    for line in standings.top:
        numbers = [number for _, number in _numbers(line, ends)]
        table.add_row(line.name, *numbers, Bar(palette, line))
    return table


def _numbers(line: Line, ends: Sequence[str]) -> list[tuple[str, str]]:
    """The columns between name and bar: title and text."""
    pairs = [("Created", line.created), ("Accepted", line.ends["accepted"])]
    if ends:
        pairs += [(_ENDS[end], line.ends[end]) for end in ends]
    else:
        pairs.append(("Other", line.other))
    return [(title, f"{number:,}") for title, number in pairs]


def _below(palette: Palette, total: Line, width: int, wide: bool) -> list[Text]:
    lines = palette.legend(total, width - 2)
    if not wide:
        note = "Other: rejected, timed out, canceled or rescinded reservations."
        lines.append(Text(note, "dim", overflow="fold"))
    return lines


def window_text(window: Window) -> str:
    """The window's start, end and length: ``2026-11-23 06:00 to 14:00 UTC, 8 h``."""
    if window.start is None or window.end is None:
        return str(window)
    seconds = (window.end - window.start).total_seconds()
    hours, rest = divmod(round(seconds), _HOUR)
    minutes = -(-rest // _MINUTE)
    length = " ".join(
        part
        for part in (f"{hours:,} h" if hours else "", f"{minutes} min" if minutes else "")
        if part
    )
    same_day = window.start.date() == window.end.date()
    end = f"{window.end:%H:%M}" if same_day else f"{window.end:%Y-%m-%d %H:%M}"
    return f"{window.start:%Y-%m-%d %H:%M} to {end} UTC, {length}"
