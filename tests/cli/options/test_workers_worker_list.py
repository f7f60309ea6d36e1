"""The SIDs of workers from a file."""

import pytest

from taskrouter_stats.cli.options.workers import parse_workers, read_workers
from taskrouter_stats.errors import ConfigError, InvalidParameter

ONE, TWO = "WK" + "1" * 32, "WK" + "2" * 32


def test_each_worker_is_named_once():
    """Comments, empty lines and repetitions are left out; the order stays."""
    lines = [f"{TWO}  # Ada\n", "\n", "# nobody\n", f"  {ONE}\r\n", f"{TWO}\n"]
    assert parse_workers("f", lines) == [TWO, ONE]


def test_a_bad_line_is_named_by_its_number():
    """The message says which line of which file."""
    with pytest.raises(InvalidParameter, match="line 2 of f is no Worker's SID"):
        parse_workers("f", [ONE, "WS" + "1" * 32])


def test_no_worker_at_all_is_a_mistake():
    """An empty list would look like a complete run of nothing."""
    with pytest.raises(InvalidParameter, match="names no worker"):
        parse_workers("f", ["# all on leave\n"])


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    """As files from spreadsheets do."""
    path = tmp_path / "workers.txt"
    path.write_text(ONE, encoding="utf-8-sig")
    assert read_workers(str(path)) == [ONE]


def test_a_file_has_a_bounded_number_of_lines(tmp_path, monkeypatch):
    """The bound itself is read; one line more is refused."""
    monkeypatch.setattr("taskrouter_stats.cli.options.workers.MAX_LINES", 2)
    path = tmp_path / "workers.txt"
    path.write_text(f"{ONE}\n{TWO}\n")
    assert read_workers(str(path)) == [ONE, TWO]
    path.write_text(f"{ONE}\n{TWO}\n\n")
    with pytest.raises(ConfigError, match="more than 2 lines: divide the file and use several runs"):
        read_workers(str(path))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cant_be_read_is_named(tmp_path, content):
    """Missing, or no text."""
    path = tmp_path / "workers.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"--workers .*workers\.txt"):
        read_workers(str(path))
