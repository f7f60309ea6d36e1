"""Whether a stream stays flat: `python -m tests.benchmarks.scale`, a new process for each size.

CPU per outcome, and the process's peak resident memory, against the nginx of `nginx`.
"""

import asyncio
import resource
import subprocess
import sys
import time

from tests.benchmarks.contenders import stream
from tests.benchmarks.nginx import nginx

SIZES = (1_000, 10_000, 100_000)


async def run(base_url: str, count: int) -> None:
    """Stream so many queries and print what it took."""
    async with stream(base_url) as ask:
        await ask(500)
        begun = time.process_time()
        await ask(count)
        spent = 1e6 * (time.process_time() - begun) / count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:>8,} queries: {spent:6.1f} µs of CPU each, peak {peak:6.1f} MiB", flush=True)


def main() -> None:
    """Run every size against one server."""
    with nginx() as base_url:
        for size in SIZES:
            command = [sys.executable, "-m", "tests.benchmarks.scale", base_url, str(size)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(run(sys.argv[1], int(sys.argv[2])))
    else:
        main()
