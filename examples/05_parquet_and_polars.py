"""Parquet files and queries over them: ``python examples/05_parquet_and_polars.py``.

The folders' names hold ``day`` in Hive's layout, which polars, duckdb and pandas read as a column.
The script uses polars if it is installed, otherwise pyarrow.
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from account import open_session

from taskrouter_stats import Window, etl

TZ = "Europe/Dublin"


async def fetch(sink: etl.ParquetSink) -> None:
    """Fetch three days of every worker."""
    last = datetime.now(UTC).date() - timedelta(days=2)
    days = Window.days(last - timedelta(days=2), last, tz=TZ)
    async with open_session(workers=40, limit=200) as (session, workspace_sid):
        await etl.export(session, etl.worker_plan(workspace_sid, days), sink)


def with_polars(lake: Path) -> None:
    """Print the hours in each activity and day, with one column for each activity."""
    import polars as pl  # noqa: PLC0415 (optional)

    hours = (
        pl.scan_parquet(lake / "worker_activity_durations", hive_partitioning=True)
        .group_by("day", "activity_name")
        .agg(pl.col("total").sum() / 3600)
        .collect()
        .pivot("activity_name", index="day", values="total")
        .sort("day")
    )
    print(hours)


def with_pyarrow(lake: Path) -> None:
    """Print the same hours, with one line for each activity and day."""
    import pyarrow.parquet as pq  # noqa: PLC0415 (used without polars)

    table = pq.read_table(lake / "worker_activity_durations")
    for row in table.group_by(["day", "activity_name"]).aggregate([("total", "sum")]).to_pylist():
        print(f"{row['day']} {row['activity_name']:>12}: {row['total_sum'] / 3600:8.1f} h")


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(fetch(etl.ParquetSink(folder)))
    if find_spec("polars"):
        with_polars(Path(folder))
    else:
        with_pyarrow(Path(folder))
