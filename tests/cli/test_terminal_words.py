"""Words from a server, on a terminal."""

from taskrouter_stats.cli.terminal import printable


def test_nothing_moves_the_cursor():
    """Escape sequences and line ends lose their power; every script keeps its letters."""
    assert printable("A\x1b[2Jb\r\nc 休憩 é") == "A [2Jb  c 休憩 é"
