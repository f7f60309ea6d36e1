"""Lines on stderr, as text and as JSON."""

import io
import json
import logging

from rich.console import Console

from taskrouter_stats.cli.progress import ProgressSnapshot
from taskrouter_stats.cli.reporter import Reporter


def make_reporter(*, as_json):
    """Return a reporter that writes to memory."""
    return Reporter(Console(file=io.StringIO(), width=40), as_json)


def test_a_message_is_one_line():
    """A long message, or one with control characters, is one line."""
    plain = make_reporter(as_json=False)
    plain.write("two\nlines \x1b[31m" + "x" * 100)
    assert plain.console.file.getvalue() == "two lines  [31m" + "x" * 100 + "\n"


def test_json_progress_has_numbers_and_a_message():
    """A JSON line of progress has each number as a key, and the text as ``message``."""
    line = make_reporter(as_json=True).progress_line(
        ProgressSnapshot(150, 2, 300, 49.8, 50.0, 12.0, 3, 3.0)
    )
    fields = json.loads(line)
    assert (fields["event"], fields["done"], fields["total"], fields["refused"]) == (
        "progress",
        150,
        300,
        3,
    )
    assert fields["message"].startswith("150/300 answers, 49.8/s")


def test_the_packages_warnings_are_written_until_the_block_ends():
    """A warning is a JSON line with its level and logger; later ones are not written."""
    logger = logging.getLogger("taskrouter_stats")
    reporter = make_reporter(as_json=True)
    with reporter.logging():
        logger.warning("no snapshot: %s", 403)
        logger.debug("not this")
    logger.debug("nor this")
    (line,) = reporter.console.file.getvalue().splitlines()
    found = json.loads(line)
    assert (found["level"], found["event"], found["logger"]) == ("warning", "log", logger.name)
    assert found["message"] == "no snapshot: 403"
