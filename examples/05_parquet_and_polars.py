"""A lake of Parquet, and questions to it: `python examples/05_parquet_and_polars.py`.

`day` stands in the folders' names, as Hive lays them out: polars, duckdb and pandas make a column
of it. It asks with polars where that is installed, otherwise with pyarrow.
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
    """Three days of every worker."""
    last = datetime.now(UTC).date() - timedelta(days=2)
    days = Window.days(last - timedelta(days=2), last, tz=TZ)
    async with open_session(workers=40, limit=200) as (session, workspace_sid):
        await etl.export(session, etl.worker_plan(workspace_sid, days), sink)


def with_polars(lake: Path) -> None:
    """Hours in each activity and day, one column for each activity."""
    import polars as pl  # noqa: PLC0415 (it may be missing)

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
    """The same hours, one line for each activity and day."""
    import pyarrow.parquet as pq  # noqa: PLC0415 (the other way)

    table = pq.read_table(lake / "worker_activity_durations")
    for row in table.group_by(["day", "activity_name"]).aggregate([("total", "sum")]).to_pylist():
        print(f"{row['day']} {row['activity_name']:>12}: {row['total_sum'] / 3600:8.1f} h")


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(fetch(etl.ParquetSink(folder)))
    if find_spec("polars"):
        with_polars(Path(folder))
    else:
        with_pyarrow(Path(folder))
