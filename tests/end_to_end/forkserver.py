"""How tests start a process that they kill: as a copy of one that has imported what it needs."""

import multiprocessing
import os

__all__ = ["PROCESSES"]

PROCESSES = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
PROCESSES.set_forkserver_preload(
    [
        "tests.end_to_end.export_process",
        "tests.end_to_end.poll_process",
        "pyarrow.parquet",
        "pyarrow.compute",
        "pandas",  # where it is installed, pyarrow imports it at the first write
    ]
)
