"""(i) Instructions of a request and of its parts, counted by valgrind.

CPU time depends on what else the machine does; instructions hardly do. Two runs differ by about
0.1% without network, and by 1% with it. So a change can be compared with the recorded figures,
which belong to CPython 3.11 without profile-guided optimization; other builds differ by a tenth.
``apt-get install valgrind`` brings callgrind. Each row runs in a process of its own, which warms up
and then does the work once and twice: the difference of the two counts leaves out what the counting
itself costs. The first rows have no network; the others are contenders of (a), without uvloop.
"""

import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from taskrouter_stats import models
from tests.benchmarks.contenders import CONTENDERS, Ask
from tests.benchmarks.cost import NAMES
from tests.benchmarks.layers import alone, unconverted
from tests.benchmarks.nginx import BODY, nginx
from tests.benchmarks.table import Table

__all__ = ["table"]

MODULE = "tests.benchmarks.instructions"
TIMES, QUICK_TIMES, WARM_UP = 500, 50, 300
RECORDED = {
    "orjson": 37.6,
    "conversion": 62.7,
    "unconverted": 193.9,
    "alone": 259.4,
    "bare": 352.0,
    "twilio": 771.8,
    "twilio_job": 1170.2,
    "aiohttp_job": 740.8,
    "aiohttp_cattrs": 961.3,
    "fetch": 587.0,
    "stream": 640.1,
}
"""Thousands of instructions of each row, as last recorded."""
PARTS = {
    "orjson": "orjson, body to JSON",
    "conversion": "this package, JSON to record",
    "unconverted": "`fetch` without network and record",
    "alone": "`fetch` without network",
}


async def _measure(work: Ask, times: int) -> None:
    """Do the work once and twice; callgrind writes its count after each."""
    await work(WARM_UP)
    gc.collect()
    gc.freeze()
    _callgrind("-i", "on")
    for rounds in (1, 2):
        await work(rounds * times)
        _callgrind("-d")


def _callgrind(*command: str) -> None:
    """Send callgrind, which runs this process, a command."""
    subprocess.run(
        ["callgrind_control", *command, str(os.getpid())], check=True, capture_output=True
    )


async def _decode(times: int) -> None:
    for _ in range(times):
        orjson.loads(BODY)


async def _convert(times: int) -> None:
    payload = orjson.loads(BODY)
    for _ in range(times):
        models.structure(payload, models.WorkerStatistics)


async def _run(base_url: str, name: str, times: int) -> None:
    """Measure one piece of work in this process, which callgrind runs."""
    if name in WORKS:
        await _measure(WORKS[name], times)
        return
    own = {"alone": alone, "unconverted": unconverted(alone)}
    async with (own | CONTENDERS)[name](base_url) as ask:
        bytearray(1 << 20)  # as in (a)
        await _measure(ask, times)


WORKS: dict[str, Ask] = {"orjson": _decode, "conversion": _convert}


def _counted(base_url: str, name: str, times: int) -> float:
    """Return thousands of instructions of one piece of work, counted in a new process."""
    with tempfile.TemporaryDirectory(prefix="callgrind-") as folder:
        place = f"{folder}/count"
        options = ["--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={place}"]
        command = [sys.executable, "-m", MODULE, base_url, name, str(times)]
        variables = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run(
            ["valgrind", *options, *command], check=True, env=variables, capture_output=True
        )
        once, twice = (_total(Path(f"{place}.{number}")) for number in (1, 2))
    return (twice - once) / times / 1000


def _total(counts: Path) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", counts.read_text("utf-8"), re.MULTILINE)
    if found is None:
        sys.exit(f"{counts} holds no count of callgrind")
    return int(found[1])


def table(*, quick: bool) -> Table:
    """Return the instructions of each piece of work beside the recorded ones."""
    heads = ("work", "thousand instructions", "to bare", "recorded", "to recorded")
    if shutil.which("valgrind") is None:
        return Table(heads, [("not measured: apt-get install valgrind", "-", "-", "-", "-")])
    names, times = PARTS | NAMES, QUICK_TIMES if quick else TIMES
    with nginx() as base_url:
        counted = {
            name: _counted(base_url, name, times)
            for name in (*PARTS, *CONTENDERS)
            if name in RECORDED
        }
    lines = [
        (
            names[name],
            f"{count:.1f}",
            f"{count / counted['bare']:.2f}",
            f"{RECORDED[name]:.1f}",
            f"{count / RECORDED[name]:.3f}",
        )
        for name, count in counted.items()
    ]
    return Table(heads, lines)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
