"""What the benchmarks print: tables, for a terminal or for README, and ratios with their spread."""

import statistics
from collections.abc import Sequence

from attrs import frozen

__all__ = ["Ratio", "Table"]


@frozen
class Ratio:
    """A median, and the least and most of the rounds."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Ratio":
        """What the rounds measured."""
        return cls(min(values), statistics.median(values), max(values))

    @classmethod
    def between(cls, ones: Sequence[float], others: Sequence[float]) -> "Ratio":
        """Of what was measured in the same rounds."""
        return cls.of([one / other for one, other in zip(ones, others, strict=True)])

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


@frozen
class Table:
    """Heads and lines of text."""

    heads: Sequence[str]
    lines: Sequence[Sequence[str]]

    def text(self) -> str:
        """Columns for a terminal."""
        lines = [self.heads, *self.lines]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def markdown(self) -> str:
        """Rows for README."""
        lines = [self.heads, ["---"] * len(self.heads), *self.lines]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
