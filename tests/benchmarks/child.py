"""Runs a module of the benchmarks in a process of its own."""

import json
import subprocess
import sys

__all__ = ["figures_of"]


def figures_of(module: str, *arguments: object) -> list[float]:
    """Return the figures that a module prints as JSON, run in a new process."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    figures: list[float] = json.loads(printed)
    return figures
