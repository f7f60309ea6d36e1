"""Expressions: what they select and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.world.expressions import ExpressionError, parse

ATTRIBUTES = {
    "skills": ["billing", "sales"],
    "site": "Dublin",
    "level": 3,
    "remote": True,
    "routing": {"skills": ["tax"]},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('skills HAS "billing"', True),
        ("skills has 'returns'", False),
        ('site HAS "Dublin"', False),
        ('site == "Dublin"', True),
        ('site == "dublin"', False),
        ('site != "Dublin"', False),
        ('shoe != "Dublin"', True),
        ('shoe == "Dublin"', False),
        ("level == 3", True),
        ("level == -3.5", False),
        ("remote == true", True),
        ('routing.skills HAS "tax"', True),
        ('site.town == "Dublin"', False),
        ('site == "Austin" OR level == 3 AND remote == true', True),
        ('(site == "Austin" OR level == 3) AND remote == FALSE', False),
        ('site=="Dublin"and(level==3)', True),
    ],
)
def test_expressions_select(text, expected):
    """Comparisons, AND before OR, and parentheses select by attributes."""
    assert parse(text)(ATTRIBUTES) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "site",
        "site ==",
        'site = "Dublin"',
        'site == "Dublin" site',
        'site == "Dublin" AND',
        '(site == "Dublin"',
        'site == "Dublin")',
        'site == "Dublin',
        "level > 3",
        "level == 3x",
        'site IN ["Dublin"]',
        "site == shoe",
        "1 == 1",
        "(" * 30,
        "(" * 5_000,
    ],
)
def test_any_other_text_is_refused(text):
    """A text that is not an expression of this language raises an error."""
    with pytest.raises(ExpressionError):
        parse(text)


words = st.sampled_from(["site", "==", '"x"', "AND", "OR", "(", ")", "HAS", "3", "true", "!", "é"])


@given(st.text() | st.lists(words).map(" ".join))
def test_any_text_is_parsed_or_refused(text):
    """Each text raises ``ExpressionError`` or gives an expression that can be evaluated."""
    try:
        matches = parse(text)
    except ExpressionError:
        return
    assert matches(ATTRIBUTES) in {True, False}
