"""Two loads into a warehouse with dlt: ``python examples/06_dlt_to_duckdb.py``.

The second run reads from dlt's state what the first has loaded. It fetches again only the day that
ended less than a day ago, and merges its late data. For another warehouse set another
``destination``.
"""

import asyncio
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
from account import open_account

from taskrouter_stats.etl.dlt_source import taskrouter_source

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")


def load(folder: Path, source: Any) -> None:
    """Run the pipeline and print what it loaded."""
    pipeline = dlt.pipeline(
        "taskrouter",
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(str(folder / "warehouse.duckdb")),
        dataset_name="taskrouter",
    )
    pipeline.run(source)
    counts = pipeline.last_trace.last_normalize_info.row_counts
    print(f"loaded {counts.get('worker_statistics', 0)} rows of worker_statistics")
    with pipeline.sql_client() as client:
        total = "SELECT count(*), count(DISTINCT query_key) FROM worker_statistics"
        rows, keys = client.execute_sql(total)[0]
        print(f"the table has {rows} rows of {keys} queries")
        best = (
            "SELECT worker_name, sum(reservations_accepted) AS accepted FROM worker_statistics "
            "GROUP BY worker_name ORDER BY accepted DESC, worker_name LIMIT 3"
        )
        for name, accepted in client.execute_sql(best):
            print(f"{name:>24}: {accepted} reservations accepted")


async def main(folder: Path) -> None:
    """Load four days in a thread, because dlt blocks and has its own event loop."""
    first = datetime.now(UTC).date() - timedelta(days=4)
    async with open_account(workers=25, limit=200) as (options, workspace_sid):
        for _ in range(2):
            source = taskrouter_source(workspace_sid, first_day=first, tz="UTC", **options)
            await asyncio.to_thread(load, folder, source)


with tempfile.TemporaryDirectory() as temporary:
    asyncio.run(main(Path(temporary)))
