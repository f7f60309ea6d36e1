"""What importing costs: new interpreters in turns, CPU less that of one that imports nothing."""

import resource
import subprocess
import sys

from tests.benchmarks.cost import Ratio

__all__ = ["measure"]

ROUNDS = 15
OURS, PARTS, NOTHING = "import taskrouter_stats", "import aiohttp, attrs, cattrs, orjson", "pass"


def _cpu(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure() -> Ratio:
    """Importing the package against importing aiohttp, attrs, cattrs and orjson."""
    for statement in (OURS, PARTS):
        _cpu(statement)  # so that everything is compiled
    rounds = [[_cpu(one) for one in (OURS, PARTS, NOTHING)] for _ in range(ROUNDS)]
    return Ratio.of([(ours - nothing) / (parts - nothing) for ours, parts, nothing in rounds])
