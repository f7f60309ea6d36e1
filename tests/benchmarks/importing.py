"""(e) What importing costs: new interpreters in turns, CPU less that of one that imports none.

All find their modules compiled, in a folder of this run, whatever the environment says of that.
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
    """Importing the package against importing aiohttp, attrs, cattrs and orjson."""
    with tempfile.TemporaryDirectory(prefix="compiled-") as compiled:
        for statement in (OURS, PARTS):
            _cpu(statement, compiled)
        rounds = [
            [_cpu(one, compiled) for one in (OURS, PARTS, NOTHING)]
            for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    ours = [one - nothing for one, _, nothing in rounds]
    parts = [one - nothing for _, one, nothing in rounds]
    lines = [
        (
            f"`{statement}`",
            f"{1e3 * statistics.median(spent):.0f} ms",
            str(Ratio.between(spent, parts)),
        )
        for statement, spent in ((PARTS, parts), (OURS, ours))
    ]
    return Table(("import", "CPU", "to its parts"), lines)
