"""Compacts copies of an output, each killed before another step on the disk; prints how many.

Its argument: the output, after three answers for one day and one for another.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from taskrouter_stats import etl

from .exported import keys

STEPS = ("fsync", "replace", "rename", "unlink")


def kill_at(step):
    """Make this process kill itself before that number of calls of the operating system."""
    remaining = step

    def wrap(call):
        def killing(*arguments, **options):
            nonlocal remaining
            remaining -= 1
            if remaining < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return killing

    for name in STEPS:
        setattr(os, name, wrap(getattr(os, name)))


def main(place):
    """Kill a compaction before its first step, its second, and so on, until it ends normally."""
    expected = None
    for step in range(200):
        copy = (
            place.parent.with_name(f"copy{step}") if place.suffix else place.with_name(f"c{step}")
        )
        shutil.copytree(place.parent if place.suffix else place, copy)
        output = copy / place.name if place.suffix else copy
        child = os.fork()
        if child == 0:
            kill_at(step)
            etl.compact(output)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        etl.compact(output)
        found = keys(output)
        expected = expected or found
        assert len(found) == len({key[:2] for key in found}) == 8, (step, found)
        assert found == expected, (step, found)
        if not os.WIFSIGNALED(status):
            assert status == 0, status
            print(step)  # noqa: T201 (the test reads it)
            return
    raise AssertionError("the compaction never ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
