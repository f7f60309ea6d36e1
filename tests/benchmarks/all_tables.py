"""One output is filled with all tables of five workspaces, and its sums agree.

``python -m tests.benchmarks.all_tables``: 300 workers, 40 queues and 15 workflows of five
workspaces, by 24 hourly windows. It prints the requests of each run, and fails if a sum
differs or a run asks more than the plan tells.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from taskrouter_stats import TaskRouterSession, Window, etl
from taskrouter_stats.etl.planning.tables import DIMENSIONS, PER_WORKER, STATISTICS
from taskrouter_stats.simulator import Simulator

TABLES = (*STATISTICS, *(name for name in DIMENSIONS if name != PER_WORKER))
SPLIT = (5, 10, 20, 30, 60)


async def run(simulator, path, windows):
    """Export all tables; check the requests against the plans, and return the reports."""
    told, plans = 0, []
    for world in simulator.worlds:
        plan = etl.plan(world.workspace_sid, windows, TABLES, split_by_wait_time=SPLIT)
        names = ("workers", "task_queues", "workflows")
        counts = {name: len(getattr(world, name)) for name in names}
        estimate = etl.Estimate(plan.at(datetime.now(UTC)), counts)
        told += estimate.requests + estimate.pages
        plans.append(plan)
    before, began = simulator.counters.requests, time.monotonic()
    async with (
        TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
        etl.Writer(etl.ParquetSink(path)) as writer,
    ):
        exports = [etl.Export(session, plan, writer) for plan in plans]
        reports = await asyncio.gather(*(export.run() for export in exports))
    sent = simulator.counters.requests - before
    assert all(report.complete for report in reports)
    assert sent == sum(report.sent for report in reports) <= told, (sent, told)
    written, done = (sum(getattr(r, name) for r in reports) for name in ("written", "already_done"))
    seconds = time.monotonic() - began
    print(
        f"{written:,} written, {done:,} done before, {sent:,} requests (the plans told {told:,}), "
        f"{seconds:.1f} s"
    )
    return written, done, sent, sum(sum(report.pages.values()) for report in reports)


def check(path):
    """Check that keys are unique and that sums over workers and the workspace agree."""
    read = {name: pq.read_table(path / name) for name in etl.SCHEMAS if (path / name).exists()}
    for name, table in read.items():
        keys = [column for column in etl.SCHEMAS[name].key if column in table.column_names]
        assert table.group_by(keys).aggregate([]).num_rows == table.num_rows, name
        print(f"  {name}: {table.num_rows:,} rows, each key once")

    def total(table, column):
        return pc.sum(read[table][column]).as_py()

    for count in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded"):
        column = f"reservations_{count}"
        tables = ("worker_statistics", "workers_statistics", "workspace_statistics")
        sums = {table: total(table, column) for table in (*tables, "task_queue_statistics")}
        assert len({sums[table] for table in tables}) == 1, sums
        print(f"  {column}: {sums}")
    column = "reservations_accepted"
    sides = (f"{side}_{column}" for side in ("above", "below"))
    split = sum(total("task_queue_wait_splits", side) for side in sides)
    assert split == len(SPLIT) * total("task_queue_statistics", column)


async def main():
    """Fill, run again, and fetch a second day."""
    last = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    days = [Window.between(last - timedelta(days=n), last - timedelta(days=n - 1)) for n in (2, 1)]
    hours = [day.split(hours=1) for day in days]
    world = {"workers": 60, "workspaces": 5}
    async with Simulator(**world, limit=500, window="bucket", latency=0.005) as simulator:
        with tempfile.TemporaryDirectory() as folder:
            written, _, _, _ = await run(simulator, Path(folder), hours[0])
            check(Path(folder))
            _, done, sent, pages = await run(simulator, Path(folder), hours[0])
            assert (done, sent) == (written, pages)
            second = await run(simulator, Path(folder), [*hours[0], *hours[1]])
            assert second[:2] == (written, written)
            check(Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
