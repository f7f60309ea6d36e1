"""Charts of a report."""

import re

import pytest

from taskrouter_stats.web.report_charts import Series, bar, columns, percent, safe, stack, table


def test_names_are_escaped():
    """No name becomes markup or turns the text after it, wherever it stands."""
    name = "<b>\"'&\x00\u202e"
    shown = safe(name)
    assert shown == "<bdi>&lt;b&gt;&quot;&#x27;&amp;  </bdi>"
    drawn = [
        columns(name, [name], [Series(name, "a", [1.0], [name])]),
        stack(name, [(name, "a", 1.0)]),
        table(name, [name], [[shown]]),
    ]
    assert [text for text in drawn if "<b>" in text] == []


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "—"), (0.0, "0.0%"), (0.1234, "12.3%"), (0.9999, "99.9%"), (1.0, "100.0%")],
)
def test_percent_never_rounds_up_to_all(share, shown):
    """A share that is not 1 is never shown as 100%."""
    assert percent(share) == shown


def test_columns_are_stacked_from_below():
    """Each part begins where the one below it ends, and an unknown value has no part."""
    series = [
        Series("below", "a", [0.25, None], ["first", ""]),
        Series("above", "b", [0.5, 0.0], ["second", ""]),
    ]
    drawn = columns("Mix", ["0", "1"], series)
    found = re.findall(
        r'class="([ab])" x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn
    )
    assert found == [("a", "0.08", "0.7500", "0.2500"), ("b", "0.08", "0.2500", "0.5000")]


def test_a_bar_is_as_long_as_its_share():
    """A bar's width is the share; an unknown share has none."""
    assert 'class="b" width="0.2500"' in bar(0.25, "b")
    assert 'class="b" width="0.0000"' in bar(None, "b")
