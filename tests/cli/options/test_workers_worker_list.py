"""The file of ``--workers``."""

import pytest

from taskrouter_stats.cli.options.workers import parse_workers, read_workers
from taskrouter_stats.errors import ConfigError, InvalidParameter

ONE, TWO = "WK" + "1" * 32, "WK" + "2" * 32


def test_each_worker_is_named_once():
    """Comments, empty lines and repetitions are skipped; the order does not change."""
    lines = [f"{TWO}  # Ada\n", "\n", "# nobody\n", f"  {ONE}\r\n", f"{TWO}\n"]
    assert parse_workers("f", lines) == [TWO, ONE]


def test_a_wrong_line_is_named_by_its_number():
    """The error has the number of the line and the name of the file."""
    with pytest.raises(InvalidParameter, match="line 2 of f is not a Worker SID"):
        parse_workers("f", [ONE, "WS" + "1" * 32])


def test_a_file_without_workers_is_refused():
    """Otherwise a run without any worker would look complete."""
    with pytest.raises(InvalidParameter, match="the file has no SID"):
        parse_workers("f", ["# all on leave\n"])


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    """Spreadsheets write such files."""
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
    with pytest.raises(
        ConfigError, match="more than 2 lines: divide the file and use several runs"
    ):
        read_workers(str(path))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    """A missing or binary file is a ConfigError with its name."""
    path = tmp_path / "workers.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"--workers .*workers\.txt"):
        read_workers(str(path))
