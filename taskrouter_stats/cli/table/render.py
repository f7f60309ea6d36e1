"""Render the table: the workers with the most reservations, and their time per activity.

Bars show the time. Each activity has a colour on a terminal, and a letter where there is no colour.
"""

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from attrs import frozen
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from taskrouter_stats import Window
from taskrouter_stats.cli.plain_text import duration_text

from .totals import TopWorkers, WorkerRow

__all__ = ["Bar", "Palette", "render_table", "shares", "window_text"]

_MAX_ACTIVITIES: Final = 7
"""Activities with a separate mark; all other activities share one mark."""
_OTHERS: Final = "others"
_GAP: Final = "   "
_SHORTEST, _LONGEST = 10, 72
_BLOCK: Final = "▇"

# distinguishable with any colour vision: Okabe and Ito, https://jfly.uni-koeln.de/color/
_AVAILABLE, _OFFLINE, _REST = "#009e73", "grey35", "grey62"
_HUES: Final = ("#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#b4a7d6")


class Palette:
    """Marks of the activities, the same in every bar and in the legend.

    Args:
        seconds: the time in each activity, summed over all workers.
        coloured: whether marks differ by colour; otherwise marks are letters.
    """

    def __init__(self, seconds: Mapping[str, float], *, coloured: bool) -> None:
        spent = [name for name in seconds if seconds[name] > 0]
        names = sorted(spent, key=lambda name: (name.lower() == "offline", -seconds[name], name))
        shown = names[:_MAX_ACTIVITIES] if len(names) > _MAX_ACTIVITIES + 1 else names
        self._known = set(shown)
        self.names = [*shown, _OTHERS] if len(shown) < len(names) else shown
        letters, hues = _letters(self.names), iter(_HUES)
        self.marks: dict[str, tuple[str, Style]] = {}
        for name in self.names:
            style = Style(color=_hue(name) or next(hues, _REST)) if coloured else Style()
            self.marks[name] = (_BLOCK if coloured else letters[name], style)

    def parts(self, row: WorkerRow) -> list[float]:
        """Return the seconds of a row, in the order of ``names``."""
        sums = dict.fromkeys(self.names, 0.0)
        for name, seconds in row.seconds.items():
            if seconds > 0:
                sums[name if name in self._known else _OTHERS] += seconds
        return list(sums.values())

    def legend(self, total: WorkerRow, width: int) -> list[Text]:
        """Return the meaning of each mark and its share of the time, in lines of this width."""
        parts = self.parts(total)
        spent = sum(parts) or 1.0
        entries = [
            Text.assemble(self.marks[name], f" {name} ", (_percent(part / spent), "dim"))
            for name, part in zip(self.names, parts, strict=True)
        ]
        return list(_packed(entries, width))


@frozen
class Bar:
    """Bar of one row: the length of each activity is its share of the window."""

    palette: Palette
    row: WorkerRow

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return the minimum and maximum width."""
        return Measurement(_SHORTEST, max(_SHORTEST, options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the bar."""
        parts = self.palette.parts(self.row)
        cells = shares(parts, max(self.row.span, sum(parts)), min(options.max_width, _LONGEST))
        for (mark, style), count in zip(self.palette.marks.values(), cells, strict=True):
            yield Segment(mark * count, style)


def shares(parts: list[float], total: float, cells: int) -> list[int]:
    """Divide the cells of a bar among the parts, rounded so that the sum is right."""
    if total <= 0:
        return [0] * len(parts)
    exact = [part / total * cells for part in parts]
    counts = [int(share) for share in exact]
    missing = round(sum(exact)) - sum(counts)
    by_error = sorted(range(len(parts)), key=lambda index: counts[index] - exact[index])
    for index in by_error[:missing]:
        counts[index] += 1
    return counts


def _hue(name: str) -> str | None:
    """Return the usual colour of the two activities that each new workspace has, or None."""
    return {"available": _AVAILABLE, "offline": _OFFLINE}.get(name.lower())


def _letters(names: Iterable[str]) -> dict[str, str]:
    """Return a letter for each name: a free letter of the name, or else any free letter."""
    free = dict.fromkeys(ascii_uppercase)
    letters: dict[str, str] = {}
    for name in names:
        letter = next((char for char in name.upper() if char in free), None) or next(iter(free))
        del free[letter]
        letters[name] = letter
    return letters


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.01 else f"{share:.0%}"  # noqa: PLR2004 (one in a hundred)


def _packed(entries: Iterable[Text], width: int) -> Iterable[Text]:
    line = Text()
    for entry in entries:
        if line and line.cell_len + len(_GAP) + entry.cell_len > width:
            yield line
            line = Text()
        line = line.append(_GAP if line else "").append_text(entry)
    yield line


_MAX_WIDTH: Final = 140
_WIDE: Final = 120
"""Columns from which each end of a reservation has its own column."""
_ENDS: Final = {
    "rejected": "Rejected",
    "timed_out": "Timed out",
    "canceled": "Canceled",
    "rescinded": "Rescinded",
}


def render_table(
    console: Console, workers: TopWorkers, window: Window, title: str
) -> RenderableType:
    """Return the table with a heading and the legend of its bars.

    Args:
        console: the console that shows the table; its width and colours decide the layout.
        workers: the rows and the total.
        window: the requested window.
        title: the heading.
    """
    width = min(console.width, _MAX_WIDTH)
    total = workers.total
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
        _table(workers, total, palette, width, wide=wide),
        *below,
        Text(),
    )


def _table(
    workers: TopWorkers, total: WorkerRow, palette: Palette, width: int, *, wide: bool
) -> Table:
    table = Table(box=box.SIMPLE, width=width, padding=(0, 1), show_footer=True, expand=True)
    ends = list(_ENDS) if wide else []
    table.add_column("Worker", total.name, no_wrap=True, footer_style="bold", max_width=34)
    for title, number in _numbers(total, ends):
        table.add_column(title, number, justify="right", no_wrap=True, footer_style="bold")
    table.add_column("Time per activity", Bar(palette, total), ratio=1, no_wrap=True)
    for row in workers.top:
        numbers = [number for _, number in _numbers(row, ends)]
        table.add_row(row.name, *numbers, Bar(palette, row))
    return table


def _numbers(row: WorkerRow, ends: Sequence[str]) -> list[tuple[str, str]]:
    """Return the title and text of the columns between the name and the bar."""
    pairs = [("Created", row.created), ("Accepted", row.ends["accepted"])]
    if ends:
        pairs += [(_ENDS[end], row.ends[end]) for end in ends]
    else:
        pairs.append(("Other", row.other))
    return [(title, f"{number:,}") for title, number in pairs]


def _below(palette: Palette, total: WorkerRow, width: int, wide: bool) -> list[Text]:
    lines = palette.legend(total, width - 2)
    if not wide:
        note = "Other: rejected, timed out, canceled or rescinded reservations."
        lines.append(Text(note, "dim", overflow="fold"))
    return lines


def window_text(window: Window) -> str:
    """Return the window's start, end and length: ``2026-11-23 06:00 to 14:00 UTC, 8h``."""
    if window.start is None or window.end is None:
        return str(window)
    length = duration_text((window.end - window.start).total_seconds())
    same_day = window.start.date() == window.end.date()
    end = f"{window.end:%H:%M}" if same_day else f"{window.end:%Y-%m-%d %H:%M}"
    return f"{window.start:%Y-%m-%d %H:%M} to {end} UTC, {length}"
