"""The peak resident memory of this process."""

import resource
from pathlib import Path

__all__ = ["peak"]

STATUS = Path("/proc/self/status")


def peak() -> float:
    """Return MiB since the program began; Linux's ``ru_maxrss`` may be the parent's."""
    if STATUS.exists():
        lines = STATUS.read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
