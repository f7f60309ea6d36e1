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
OURS, PARTS, NOTHING = "import taskrouter_stats", "import aiohttp, attrs, cattrs, orjson", "pass"


def _cpu(statement: str, compiled: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(*, quick: bool) -> Table:
    """Return the CPU of importing the package, and its ratio to its dependencies."""
    with tempfile.TemporaryDirectory(prefix="compiled-") as compiled:
        for statement in (OURS, PARTS):
            _cpu(statement, compiled)
        rounds = [
            [_cpu(statement, compiled) for statement in (OURS, PARTS, NOTHING)]
            for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    ours = [package - nothing for package, _, nothing in rounds]
    parts = [dependencies - nothing for _, dependencies, nothing in rounds]
    lines = [
        (
            f"`{statement}`",
            f"{1e3 * statistics.median(spent):.0f} ms",
            str(Ratio.between(spent, parts)),
        )
        for statement, spent in ((PARTS, parts), (OURS, ours))
    ]
    return Table(("import", "CPU", "to its parts"), lines)
