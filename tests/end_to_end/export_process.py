"""An export in a process of its own, for tests that kill it."""

import asyncio
import sys

from taskrouter_stats import Credentials, TaskRouterSession, etl
from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl.output import writer
from tests.etl.export_runs import days

SINKS = {"csv": etl.CsvSink, "json": etl.JsonLinesSink, "parquet": etl.ParquetSink}
FULL = 4
IN_FLIGHT, UNFLUSHED = 10, 5


SPLIT = (5, 30)
"""Thresholds of an export of all tables, seconds."""


async def export(url, user, password, workspace, kind, out, tables=("worker_statistics",)):
    """Export two days of these tables with frequent commits; return the report."""
    writer.BATCH_SIZE = UNFLUSHED
    split = SPLIT if len(tables) > 1 else None
    plan = etl.plan(workspace, days(2), tables, split_by_wait_time=split)
    credentials, options = Credentials.auth_token(user, password), {"max_in_flight": IN_FLIGHT}
    async with TaskRouterSession(credentials, base_url=url, **options) as session:
        return await etl.export(session, plan, SINKS[kind](out))


def main(result, *place):
    """Export, and send the counts; of a full disk, send the error and exit with ``FULL``."""
    try:
        report = asyncio.run(export(*place))
    except StorageError as error:
        result.send(str(error))
        sys.exit(FULL)
    result.send((report.written, report.already_done))
