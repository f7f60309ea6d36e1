"""A poll in a process of its own, for tests that kill it: twenty beats a second, many merges."""

import asyncio
from datetime import timedelta

from taskrouter_stats import Credentials, TaskRouterSession, etl
from taskrouter_stats.etl.polling import poll, store
from taskrouter_stats.etl.polling.taker import TABLES

SINKS = {"parquet": etl.ParquetSink, "jsonl": etl.JsonLinesSink}
BEAT = timedelta(milliseconds=50)


async def run(url, user, password, workspace, kind, out, seconds):
    """Poll for some seconds; return the report."""
    poll._LEAST, store.MERGE_AFTER = BEAT, 4
    async with TaskRouterSession(Credentials.auth_token(user, password), base_url=url) as session:
        duration = timedelta(seconds=seconds)
        return await etl.poll(
            session, workspace, SINKS[kind](out), every=BEAT, tables=TABLES, duration=duration
        )


def main(result, *place):
    """Poll, and send the report."""
    result.send(asyncio.run(run(*place)))
