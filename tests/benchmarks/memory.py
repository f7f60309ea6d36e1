"""The peak of this process's resident memory."""

import resource
from pathlib import Path

__all__ = ["peak"]

STATUS = Path("/proc/self/status")


def peak() -> float:
    """MiB, since the program began: `ru_maxrss` of Linux may still be that of the parent."""
    if STATUS.exists():
        lines = STATUS.read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
