"""Tables for a terminal or for Markdown, and ratios with their spread."""

import statistics
from collections.abc import Sequence

from attrs import frozen

__all__ = ["Ratio", "Table"]


@frozen
class Ratio:
    """A median, with the minimum and maximum of the rounds."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Ratio":
        """Return the ratio of these rounds."""
        return cls(min(values), statistics.median(values), max(values))

    @classmethod
    def between(cls, numerators: Sequence[float], denominators: Sequence[float]) -> "Ratio":
        """Return the ratio of two measurements of the same rounds."""
        return cls.of(
            [
                numerator / denominator
                for numerator, denominator in zip(numerators, denominators, strict=True)
            ]
        )

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@frozen
class Table:
    """Headings and lines of text."""

    heads: Sequence[str]
    lines: Sequence[Sequence[str]]

    def text(self) -> str:
        """Return columns for a terminal."""
        lines = [self.heads, *self.lines]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def markdown(self) -> str:
        """Return rows of Markdown."""
        lines = [self.heads, ["---"] * len(self.heads), *self.lines]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
