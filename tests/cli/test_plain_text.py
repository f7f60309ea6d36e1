"""Text and durations on a terminal."""

import pytest

from taskrouter_stats.cli.plain_text import duration_text, printable


def test_control_characters_become_spaces():
    """Escape sequences and line ends have no effect; letters of every script stay."""
    assert printable("A\x1b[2Jb\r\nc 休憩 é") == "A [2Jb  c 休憩 é"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0s"),
        (59.6, "1m"),
        (97, "1m 37s"),
        (3600, "1h"),
        (3661, "1h 1m"),
        (86_400 + 59, "1d"),
        (90_000, "1d 1h"),
        (86_400_000, "1,000d"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, text):
    """A duration is rounded to seconds and written as options take it."""
    assert duration_text(seconds) == text
