"""The log records of a session's events."""

import asyncio
import logging

import pytest

from taskrouter_stats import RetryPolicy, errors
from taskrouter_stats.core import events
from taskrouter_stats.observe import LoggingHook
from tests.support.fakes import (
    FakeTransport,
    Script,
    limits,
    session_over,
    statistics,
    trouble,
    worker_query,
)
from tests.support.virtual import virtual


async def play(caplog, *answers, level=logging.DEBUG, calls=1, latency=0.25, **options):
    """Fetch a query some times; return the hook's records."""
    caplog.set_level(level, "taskrouter_stats.events")
    transport = FakeTransport(Script(*answers), latency=latency)
    async with session_over(transport, hooks=[LoggingHook()], **options) as session:
        for _ in range(calls):
            await asyncio.gather(session.fetch(worker_query(1)), return_exceptions=True)
    return [record for record in caplog.records if record.name == "taskrouter_stats.events"]


@virtual
async def test_each_event_has_a_record(caplog):
    """At DEBUG each step has a line that names its query, and holds its event."""
    answers = trouble(429, retry_after=2, **limits(50, 0)), statistics
    records = await play(caplog, *answers, cache_ttl=5)
    texts = [record.getMessage() for record in records]
    expected = [
        "cache has nothing for worker_statistics:WS",
        "started",
        "sends GET https://taskrouter.twilio.com/v1/Workspaces/WS",
        "429 for WorkerStatistics-Fetch in WS",
        "reply 429 after 0.250 s",
        "retried in 0 s: HTTP 429",
        "waits 2",
        "sends GET",
        "reply 200 after 0.250 s",
        "answered after ",
    ]
    assert [part for part, text in zip(expected, texts, strict=True) if part not in text] == []
    assert "1 sends, 1 refused" in texts[-1]
    queries = [record for record in records if isinstance(record.event, events.QueryEvent)]
    assert all("worker_statistics:WS" in record.getMessage() for record in queries)


@virtual
async def test_levels(caplog):
    """Retries and limits are at INFO, failures and outages at WARNING, all else at DEBUG."""
    lost = [errors.TimedOut(1)] * 3
    policy = RetryPolicy(attempts=1)
    records = await play(caplog, *lost, level=logging.INFO, calls=4, latency=0, retry=policy)
    assert [(record.levelname, type(record.event)) for record in records] == [
        *[("WARNING", events.QueryEnded)] * 2,
        ("WARNING", events.CircuitOpened),
        ("WARNING", events.QueryEnded),
        ("INFO", events.QueryRetried),
        ("INFO", events.CircuitClosed),
    ]
    assert (
        records[0].getMessage().endswith("no complete reply within 1 s; a longer timeout= may help")
    )


@virtual
async def test_a_cancelled_query_is_no_warning(caplog):
    """A caller's cancellation is at DEBUG."""
    caplog.set_level(logging.DEBUG, "taskrouter_stats.events")
    async with session_over(FakeTransport(latency=9), hooks=[LoggingHook()]) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await session.fetch(worker_query(1))
    last = caplog.records[-1]
    assert (last.levelno, ": cancelled after 1.000 s" in last.getMessage()) == (logging.DEBUG, True)


@virtual
async def test_another_logger(caplog):
    """The caller's own logger gets the records."""
    caplog.set_level(logging.DEBUG)
    hooks = [LoggingHook(logging.getLogger("app.statistics"))]
    async with session_over(FakeTransport(), hooks=hooks) as session:
        await session.fetch(worker_query(1))
    assert {record.name for record in caplog.records} == {"app.statistics"}
