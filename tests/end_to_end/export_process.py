"""An export in a process, for tests that kill it.

Arguments: URL, user, password, Workspace, kind of sink, output.
"""

import asyncio
import sys

from taskrouter_stats import Credentials, TaskRouterSession, etl
from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl import writer
from tests.etl.lake import days

SINKS = {"csv": etl.CsvSink, "json": etl.JsonLinesSink, "parquet": etl.ParquetSink}
FULL = 4
IN_FLIGHT, UNFLUSHED = 10, 5


async def main(url, user, password, workspace, kind, out):
    """Export two days of all workers with frequent commits; print the beginning and the counts."""
    writer.BATCH_SIZE = UNFLUSHED
    plan = etl.worker_plan(workspace, days(2))
    credentials, options = Credentials.auth_token(user, password), {"max_in_flight": IN_FLIGHT}
    async with TaskRouterSession(credentials, base_url=url, **options) as session:
        print("begins", flush=True)  # noqa: T201 (the test reads it)
        report = await etl.export(session, plan, SINKS[kind](out))
    print(report.written, report.already_done, flush=True)  # noqa: T201 (as above)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except StorageError as error:
        print(error, file=sys.stderr)  # noqa: T201 (as above)
        sys.exit(FULL)
