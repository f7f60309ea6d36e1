"""Lines on stderr, for people and for a collector of logs."""

import io
import json
import logging

from rich.console import Console

from taskrouter_stats.cli.progress import ProgressSnapshot
from taskrouter_stats.cli.reporter import Reporter


def teller(*, as_json):
    """One whose lines can be read."""
    return Reporter(Console(file=io.StringIO(), width=40), as_json)


def test_text_is_one_line():
    """However long it is, and whatever it holds."""
    plain = teller(as_json=False)
    plain.write("two\nlines \x1b[31m" + "x" * 100)
    assert plain.console.file.getvalue() == "two lines  [31m" + "x" * 100 + "\n"


def test_progress_is_numbers_in_json():
    """Words for people beside them."""
    line = teller(as_json=True).progress_line(
        ProgressSnapshot(150, 2, 300, 49.8, 50.0, 12.0, 3, 3.0)
    )
    told = json.loads(line)
    assert (told["event"], told["done"], told["total"], told["refused"]) == (
        "progress",
        150,
        300,
        3,
    )
    assert told["message"].startswith("150/300 answers, 49.8/s")


def test_the_packages_warnings_are_told():
    """In JSON with their level and logger, while the run goes, and no longer."""
    logger = logging.getLogger("taskrouter_stats")
    told = teller(as_json=True)
    with told.logging():
        logger.warning("no snapshot: %s", 403)
        logger.debug("not this")
    logger.debug("nor this")
    (line,) = told.console.file.getvalue().splitlines()
    found = json.loads(line)
    assert (found["level"], found["event"], found["logger"]) == ("warning", "log", logger.name)
    assert found["message"] == "no snapshot: 403"
