"""(e) The CPU of importing, less that of an interpreter that imports nothing.

Each figure is of a new interpreter, and all take turns. They find compiled modules in a temporary
folder, whatever the environment's settings for compiled files.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile

from tests.benchmarks.table import Ratio, Table

__all__ = ["table"]

ROUNDS, QUICK_ROUNDS = 15, 3
NOTHING = "pass"
PARTS = "import aiohttp, attrs, cattrs, orjson, tenacity"
PAIRS = {
    "from taskrouter_stats import TaskRouterSession": PARTS,
    "taskrouter-stats --help": "import click, rich",
}
"""What is measured, and what it is compared with."""


def _cpu(words: str, compiled: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    arguments = ["-c", words]
    if words.startswith("taskrouter-stats"):
        arguments = ["-m", "taskrouter_stats", *words.split()[1:]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(*, quick: bool) -> Table:
    """Return the CPU of importing and of the command's help, and the ratios to their parts."""
    measured = [words for pair in PAIRS.items() for words in pair]
    spent: dict[str, list[float]] = {words: [] for words in measured}
    with tempfile.TemporaryDirectory(prefix="compiled-") as compiled:
        for words in measured:
            _cpu(words, compiled)
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            nothing = _cpu(NOTHING, compiled)
            for words in measured:
                spent[words].append(_cpu(words, compiled) - nothing)
    lines = [
        (
            f"`{words}`",
            f"{1e3 * statistics.median(spent[words]):.0f} ms",
            str(Ratio.between(spent[words], spent[parts])),
        )
        for ours, parts in PAIRS.items()
        for words in (parts, ours)
    ]
    return Table(("import", "CPU", "to its parts"), lines)
