"""What importing costs: new interpreters in turns, CPU less that of one that imports nothing.

All find their modules compiled, in a folder of this run, whatever the environment says of that.
"""

import os
import resource
import subprocess
import sys
import tempfile

from tests.benchmarks.cost import Ratio

__all__ = ["measure"]

ROUNDS = 15
OURS, PARTS, NOTHING = "import taskrouter_stats", "import aiohttp, attrs, cattrs, orjson", "pass"


def _cpu(statement: str, compiled: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure() -> Ratio:
    """Importing the package against importing aiohttp, attrs, cattrs and orjson."""
    with tempfile.TemporaryDirectory(prefix="compiled-") as compiled:
        for statement in (OURS, PARTS):
            _cpu(statement, compiled)
        asked = (OURS, PARTS, NOTHING)
        rounds = [[_cpu(one, compiled) for one in asked] for _ in range(ROUNDS)]
    return Ratio.of([(ours - nothing) / (parts - nothing) for ours, parts, nothing in rounds])
