"""(i) Instructions of the conversion and of a fetch without network, counted by valgrind.

CPU time depends on what else the machine does; instructions hardly do: two runs differ by about
0.1%. So a change can be compared with the recorded figures, which belong to CPython 3.11 without
profile-guided optimization; other builds differ by a tenth. ``apt-get install valgrind`` brings
callgrind. Each row runs in a process of its own, which warms up and then does the work once and
twice: the difference of the two counts leaves out what the counting itself costs.
"""

import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

from taskrouter_stats import models
from tests.benchmarks.nginx import BODY
from tests.benchmarks.table import Table

__all__ = ["table"]

MODULE = "tests.benchmarks.instructions"
TIMES, QUICK_TIMES, WARM_UP = 500, 50, 300
ORJSON, CONVERSION, UNCONVERTED, FETCH = "orjson", "conversion", "unconverted", "fetch"
Ask = Callable[[int], Awaitable[None]]
"""Does the work a number of times."""
NAMES = {
    ORJSON: "orjson, body to JSON",
    CONVERSION: "this package, JSON to record",
    UNCONVERTED: "`fetch` without network and record",
    FETCH: "`fetch` without network",
}
RECORDED = {ORJSON: 38.1, CONVERSION: 103.9, UNCONVERTED: 1.0, FETCH: 1.0}
"""Thousands of instructions each, as last recorded."""


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


async def _run(name: str, times: int) -> None:
    """Measure one piece of work in this process, which callgrind runs."""
    if name in WORKS:
        await _measure(WORKS[name], times)
        return
    from tests.benchmarks.layers import alone, unconverted  # noqa: PLC0415 (slow under valgrind)

    contender = alone if name == FETCH else unconverted(alone)
    async with contender("http://127.0.0.1:9") as ask:
        await _measure(ask, times)


WORKS: dict[str, Ask] = {ORJSON: _decode, CONVERSION: _convert}


def _counted(name: str, times: int) -> float:
    """Return thousands of instructions of one piece of work, counted in a new process."""
    with tempfile.TemporaryDirectory(prefix="callgrind-") as folder:
        place = f"{folder}/count"
        options = ["--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={place}"]
        command = [sys.executable, "-m", MODULE, name, str(times)]
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
    heads = ("work", "thousand instructions", "recorded", "to recorded")
    if shutil.which("valgrind") is None:
        return Table(heads, [("not measured: apt-get install valgrind", "-", "-", "-")])
    counted = {name: _counted(name, QUICK_TIMES if quick else TIMES) for name in NAMES}
    lines = [
        (NAMES[name], f"{count:.1f}", f"{RECORDED[name]:.1f}", f"{count / RECORDED[name]:.3f}")
        for name, count in counted.items()
    ]
    return Table(heads, lines)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
