"""A process that holds the lock of a folder: ``python -m tests.support.lock_holder FOLDER LOCK``.

It ends with its standard input.
"""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from taskrouter_stats.etl.output.storage import Folder

__all__ = ["holding_lock"]

ROOT = Path(__file__).parents[2]


@contextmanager
def holding_lock(folder, lock):
    """Yield the process once it holds the lock; end it afterwards."""
    command = (sys.executable, "-m", __name__, str(folder), lock)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout.readline().strip() == b"held"
        yield process


def main(folder, lock):
    """Hold the lock until standard input ends."""
    with Folder(Path(folder)).lock(lock):
        print("held", flush=True)  # noqa: T201 (the test's process reads it)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
