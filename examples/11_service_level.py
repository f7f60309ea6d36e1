"""Service levels of queues from a lake of hours: ``python examples/11_service_level.py``.

Three ways to the same numbers: the SQL of ``examples/sql/`` in duckdb, polars, and the functions of
``taskrouter_stats.etl.measures``, which says what each share means. The script uses duckdb and
polars if they are installed.
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
from account import open_session

from taskrouter_stats import Window, etl
from taskrouter_stats.etl import measures

TZ = "America/New_York"
SECONDS = 20
SQL = Path(__file__).parent / "sql"


async def fetch(sink: etl.ParquetSink) -> None:
    """Fetch every queue's statistics for each hour of a day."""
    day = Window.day(datetime.now(UTC).date() - timedelta(days=3), tz=TZ)
    async with open_session(workers=60, limit=500) as (session, workspace_sid):
        plan = etl.plan(
            workspace_sid,
            day.split(hours=1),
            tables=("task_queue_statistics",),
            split_by_wait_time=[5, SECONDS, 60],
        )
        await etl.export(session, plan, sink)


def with_duckdb(lake: Path) -> None:
    """Print each queue's mean wait of the day, and its hour with the lowest service level."""
    import duckdb  # noqa: PLC0415 (optional)

    hours = duckdb.execute(
        f"""
        SELECT task_queue_name, arg_min(strftime(local_start, '%H:%M'), late), min(late)
        FROM ({(SQL / "service_level.sql").read_text().rstrip().rstrip(";")})
        GROUP BY ALL
        """,  # noqa: S608 (our own file)
        {"lake": str(lake), "seconds": SECONDS},
    ).fetchall()
    worst = {queue: (start, level) for queue, start, level in hours}
    waits = duckdb.execute((SQL / "waits.sql").read_text(), {"lake": str(lake)})
    names = [column[0] for column in waits.description or ()]
    for values in waits.fetchall():
        row = dict(zip(names, values, strict=True))
        start, level = worst[row["task_queue_name"]]
        wait = row["mean_wait_until_accepted"]
        print(f"{row['task_queue_name']}: {wait:.1f} s, from {start} only {level:.0%}")


def with_polars(lake: Path) -> None:
    """Print the day's service level of each queue."""
    import polars as pl  # noqa: PLC0415 (optional)

    counts = ["below_reservations_accepted", "above_reservations_accepted", "above_tasks_canceled"]
    within, after, late = (pl.col(name).sum() for name in counts)
    levels = (
        pl.scan_parquet(lake / "task_queue_wait_splits", hive_partitioning=True)
        .filter(pl.col("threshold") == SECONDS)
        .drop_nulls(counts)
        .group_by("task_queue_name")
        .agg(level=within / (within + after + late))
        .sort("task_queue_name")
        .collect()
    )
    for queue, level in levels.iter_rows():
        print(f"polars: {queue}: {level:.4f}")


def with_functions(lake: Path) -> None:
    """Print the same from rows."""
    rows = pq.read_table(lake / "task_queue_wait_splits").to_pylist()
    for queue in sorted({row["task_queue_name"] for row in rows}):
        found = [row for row in rows if row["task_queue_name"] == queue]
        print(f"measures: {queue}: {measures.service_level(found, SECONDS):.4f}")


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(fetch(etl.ParquetSink(folder)))
    if find_spec("duckdb"):
        with_duckdb(Path(folder))
    if find_spec("polars"):
        with_polars(Path(folder))
    with_functions(Path(folder))
