"""A stop while a request that is not for statistics hangs."""

import asyncio

import pytest

from taskrouter_stats.etl import JsonLinesSink, ParquetSink, grace

from .exports import asks_statistics, export, lying, statistics_asked
from .raw_server import Hold, RawServer, error


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    """Make the grace period short."""
    monkeypatch.setattr(grace, "_GRACE", 0.1)


async def stopped(lie, sink, **options):
    """Export until the server holds a reply; stop then, and return the report and the server."""
    stop, held, loop = asyncio.Event(), [], asyncio.get_running_loop()

    def hold(question):
        if question in held or not lie(question, server):
            return None
        held.append(question)
        loop.call_soon_threadsafe(stop.set)
        return (Hold,)

    def answer(question):
        held_reply = hold(question)
        if held_reply is None and options.get("missing") and asks_statistics(question, 1):
            return error(404, 20404)
        return held_reply

    with RawServer(lying(2, answer)).running() as server:
        async with asyncio.timeout(30):
            verify = "verify" in options
            report = await export(server, sink, stop=stop, verify=verify)
    assert held
    assert report.stopped
    return report, server


async def test_a_stop_while_the_activities_hang_ends_the_export(tmp_path):
    """A stop while the list of Activities hangs ends the export after the grace period."""
    report, server = await stopped(lambda q, _: q.lists_activities, ParquetSink(tmp_path))
    assert report.written <= statistics_asked(server)
    assert report.written + report.not_asked == report.planned
    assert not report.complete


async def test_a_stop_while_missing_workers_are_checked_keeps_them_failed(tmp_path):
    """A stop while the second list of Workers hangs leaves the missing Workers as failures."""

    def lie(question, server):
        return question.lists_workers and statistics_asked(server) > 0

    report, _ = await stopped(lie, JsonLinesSink(tmp_path / "rows.jsonl"), missing=True)
    assert (report.written, report.failed, report.gone) == (1, 1, 0)


async def test_a_stop_while_sums_are_compared_ends_the_export(tmp_path):
    """A stop while the server's sums hang ends the export with all rows stored."""

    def lie(question, _):
        return question.path.endswith("/CumulativeStatistics")

    report, _ = await stopped(lie, JsonLinesSink(tmp_path / "rows.jsonl"), verify=True)
    assert (report.written, report.failed) == (2, 0)
