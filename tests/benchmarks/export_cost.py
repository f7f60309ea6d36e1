"""The cost of an export: peak memory as windows grow, and CPU per row of each sink.

``python -m tests.benchmarks.export_cost`` exports 1,000 workers by 2 and by 24 hourly windows into
each sink. Each run is a new process against the simulator without a limit. The first rows are the
same fetches without storage. The script compares rows and sums with the server's.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl
from taskrouter_stats.simulator import Simulator
from tests.benchmarks.memory import peak

WORKERS, FEW, MANY = 1_000, 2, 24
DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
SINKS = {"Parquet": etl.ParquetSink, "JSON Lines": etl.JsonLinesSink, "CSV": etl.CsvSink}


async def child(url, user, password, workspace, kind, count):
    """Do one run and print its figures as JSON."""
    windows = Window.between(DAY, DAY + timedelta(hours=int(count))).split(hours=1)
    plan = etl.worker_plan(workspace, windows)
    credentials = Credentials.auth_token(user, password)
    found = {"written": 0, "equal": True}
    began = time.process_time()
    async with TaskRouterSession(credentials, base_url=url, max_in_flight=20) as session:
        if kind == "nothing":
            for window in windows:
                async with session.stream_worker_statistics(workspace, window) as outcomes:
                    found["written"] += len([1 async for _ in outcomes])
        else:
            with tempfile.TemporaryDirectory() as folder:
                report = await etl.export(session, plan, SINKS[kind](folder), verify=True)
            found["written"] = report.written
            found["equal"] = len(report.checks) == int(count) and all(
                check.equal for check in report.checks
            )
    took = time.process_time() - began
    print(json.dumps({**found, "cpu": took, "peak": peak()}))


async def run(simulator, kind, count):
    """Return the figures of one run in a child process."""
    user, password = simulator.auth
    place = (simulator.base_url, user, password, simulator.workspace_sid, kind, str(count))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.export_cost", *place, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return json.loads(printed)


async def main():
    """Print the table."""
    print(f"{'sink':<12}{'windows':>8}{'rows':>9}{'sums':>7}{'peak MiB':>10}{'CPU µs a query':>16}")
    async with Simulator(workers=WORKERS, window="none", latency=0.0) as simulator:
        for kind in ("nothing", *SINKS):
            for count in (FEW, MANY):
                found = await run(simulator, kind, count)
                per_row = found["cpu"] / max(1, found["written"]) * 1e6
                sums = "equal" if found["equal"] else "WRONG"
                line = f"{kind:<12}{count:>8}{found['written']:>9,}{sums:>7}"
                print(f"{line}{found['peak']:>10.1f}{per_row:>16.0f}", flush=True)


if __name__ == "__main__":
    asyncio.run(child(*sys.argv[1:]) if sys.argv[1:] else main())
