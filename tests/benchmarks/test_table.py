"""Tables and ratios as text."""

from tests.benchmarks.table import Ratio, Table

TABLE = Table(("who", "CPU"), [("bare", "9 µs"), ("common", "12 µs")])


def test_columns_are_as_wide_as_their_widest_cell():
    """In a terminal a column begins at the same place of each line."""
    assert TABLE.text() == "who     CPU\nbare    9 µs\ncommon  12 µs"


def test_markdown_has_a_rule_after_the_headings():
    """Markdown has headings, a rule and lines, each between bars."""
    assert TABLE.markdown() == "| who | CPU |\n| --- | --- |\n| bare | 9 µs |\n| common | 12 µs |"


def test_a_ratio_is_taken_round_by_round():
    """Ratios are computed for each round before their median."""
    assert str(Ratio.between([2.0, 30.0, 8.0], [1.0, 10.0, 2.0])) == "3.00 (2.00-4.00)"
