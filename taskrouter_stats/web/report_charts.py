"""Charts of a report as SVG, and the HTML around them. Pure; each name is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from attrs import frozen

__all__ = ["Series", "bar", "columns", "percent", "safe", "stack", "table"]

_BAR: Final = 0.84
"""The width of a column, as a share of its place."""


@frozen
class Series:
    """A named part of each column of a chart.

    Attributes:
        name: the name, as in the legend.
        color: the CSS class of the color.
        values: a number for each column, >= 0; None where it is unknown.
        notes: a text for each column, which a browser shows under the pointer.
    """

    name: str
    color: str
    values: Sequence[float | None]
    notes: Sequence[str]


def safe(text: object) -> str:
    """Return any text as HTML that keeps its own writing direction."""
    shown = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return f"<bdi>{escape(shown)}</bdi>"


def percent(share: float | None) -> str:
    """Return a share as text, such as ``97.5%``; a share that is not whole is never ``100%``."""
    if share is None:
        return "—"
    shown = f"{share:.1%}"
    return shown if share == 1 or shown != "100.0%" else "99.9%"


def columns(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Return a chart of stacked columns whose full height is 1.

    Args:
        title: what the chart shows, for screen readers.
        labels: a label for each column; an empty one is not shown.
        series: the parts, from below.
    """
    bars = "".join(_column(number, series) for number in range(len(labels)))
    width = len(labels)
    step = next((number for number, label in enumerate(labels) if number and label), width)
    shown = (
        f'<span style="grid-column:{number + 1}/{min(number + step, width) + 1}">'
        f"{escape(label)}</span>"
        for number, label in enumerate(labels)
        if label
    )
    return (
        '<div class="plot"><div class="scale" aria-hidden="true"><span>100%</span><span>50%</span>'
        f'<span>0%</span></div><svg role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {width} 1" preserveAspectRatio="none">'
        f'<path class="grid" d="M0 0H{width}M0 .5H{width}M0 1H{width}"/>{bars}</svg>'
        f'<div class="labels" aria-hidden="true" style="grid-template-columns:repeat({width},1fr)">'
        f"{''.join(shown)}</div></div>"
    )


def _column(number: int, series: Sequence[Series]) -> str:
    """Return the rectangles of a column, from below."""
    bars, top = "", 1.0
    for each in series:
        value = each.values[number] or 0.0
        if value > 0:
            top -= value
            bars += (
                f'<rect class="{each.color}" x="{number + (1 - _BAR) / 2:.2f}" '
                f'y="{max(top, 0.0):.4f}" width="{_BAR}" height="{value:.4f}">'
                f"<title>{escape(each.notes[number])}</title></rect>"
            )
    return bars


def stack(title: str, parts: Iterable[tuple[str, str, float]]) -> str:
    """Return one bar, divided into parts: a name, a color's class and a share each."""
    bars, left = "", 0.0
    for name, color, share in parts:
        bars += (
            f'<rect class="{color}" x="{left:.4f}" width="{share:.4f}" height="1">'
            f"<title>{escape(name)}: {percent(share)}</title></rect>"
        )
        left += share
    return (
        f'<svg class="stack" role="img" aria-label="{escape(title)}" viewBox="0 0 1 1" '
        f'preserveAspectRatio="none">{bars}</svg>'
    )


def bar(share: float | None, color: str) -> str:
    """Return a small bar for a cell of a table; a number stands beside it."""
    return (
        '<svg class="bar" aria-hidden="true" viewBox="0 0 1 1" preserveAspectRatio="none">'
        f'<rect class="track" width="1" height="1"/>'
        f'<rect class="{color}" width="{share or 0:.4f}" height="1"/></svg>'
    )


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column has names and the others numbers.

    Args:
        caption: what the table lists, for screen readers.
        heads: the columns' names, as plain text.
        rows: cells as HTML.
    """
    head = "".join(
        f'<th scope="col"{_number(place)}>{escape(name)}</th>' for place, name in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption class="hidden">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _number(place: int) -> str:
    return ' class="number"' if place else ""
