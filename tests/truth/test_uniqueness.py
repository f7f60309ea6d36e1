"""Kind 4: a run fetches each Worker once a window, and writes each key at most once."""

import asyncio

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, etl
from taskrouter_stats.etl import CsvSink, JsonLinesSink, Writer

from .exports import day, everybody, export, lying, statistics_asked, stored
from .raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    RawServer,
    page,
    truthful,
    worker,
    worker_sid,
)


def on_two_pages(question):
    """Return a list of six Workers whose second page begins with two of the first."""
    if not question.lists_workers:
        return None
    if "PageToken" in question.params:
        return page("workers", [worker(number) for number in (2, 3, 4, 5)])
    following = f"https://taskrouter.twilio.com{question.path}?PageSize=4&PageToken=2"
    return page("workers", [worker(number) for number in range(4)], following)


async def test_a_worker_on_two_pages_counts_once(tmp_path):
    """A Worker on two pages of a list has one query, one count and one row."""
    path = tmp_path / "rows.jsonl"
    with RawServer(lying(0, on_two_pages)).running() as server:
        report = await export(server, JsonLinesSink(path), [day(4), day(3)])
        assert statistics_asked(server) == 12
        assert report.sent == len(server.questions) == 12 + 2
    assert (report.workers, report.planned, report.written, report.complete) == (6, 12, 12, True)
    assert stored(path) == everybody(6, day(4), day(3))


async def test_a_listed_worker_has_one_row_in_the_snapshot(tmp_path):
    """The table of Workers holds each Worker once a run, however often the list names it."""
    with RawServer(lying(0, on_two_pages)).running() as server:
        await export(server, JsonLinesSink(tmp_path))
    assert len((tmp_path / "workers.jsonl").read_text("utf-8").splitlines()) == 6


@pytest.mark.parametrize("twice", [str, lambda sid: sid[:2] + sid[2:].upper()])
async def test_a_sid_given_twice_counts_once(tmp_path, twice):
    """Two spellings of a SID, in either case, are one SID in a run and in the next one."""
    path, number = tmp_path / "rows.jsonl", 0xABCDEF
    given = [worker_sid(number), worker_sid(1), twice(worker_sid(number))]
    with RawServer(truthful(0)).running() as server:
        report = await export(server, JsonLinesSink(path), workers=given)
        again = await export(server, JsonLinesSink(path), workers=given[::-1])
        assert statistics_asked(server) == 2
    assert (report.planned, report.written, report.complete) == (2, 2, True)
    assert (again.planned, again.already_done, again.complete) == (2, 2, True)


async def test_a_window_given_twice_counts_once(tmp_path):
    """The same window twice in a plan is one window."""
    with RawServer(truthful(3)).running() as server:
        report = await export(server, JsonLinesSink(tmp_path / "rows.jsonl"), [day(3), day(3)])
    assert (report.windows, report.planned, report.written) == (1, 3, 3)


async def test_two_exports_of_one_workspace_write_each_key_once(tmp_path):
    """An export that leaves queries to another export reports that it is not complete."""
    with RawServer(truthful(8)).running() as server:
        credentials = Credentials.auth_token(ACCOUNT, TOKEN)
        plan = etl.worker_plan(WORKSPACE, day(3))
        async with (
            TaskRouterSession(credentials, base_url=server.url) as session,
            Writer(CsvSink(tmp_path / "rows.csv", table="worker_statistics")) as writer,
        ):
            runs = [etl.Export(session, plan, writer) for _ in range(2)]
            reports = await asyncio.gather(*(run.run() for run in runs))
        assert statistics_asked(server) == 8
    assert sum(report.written for report in reports) == 8
    assert len((tmp_path / "rows.csv").read_text("utf-8").splitlines()) == 1 + 8
    for report in reports:
        assert report.written + report.already_done + report.not_asked == report.planned == 8
        assert report.complete == (report.not_asked == 0)


async def test_requests_of_others_are_not_counted(tmp_path):
    """An export counts its own requests, and no others of its session."""
    with RawServer(truthful(10)).running() as server:
        credentials = Credentials.auth_token(ACCOUNT, TOKEN)
        async with TaskRouterSession(credentials, base_url=server.url) as session:
            plan, sink = etl.worker_plan(WORKSPACE, day(3)), JsonLinesSink(tmp_path / "r.jsonl")
            other = session.stream_worker_statistics(WORKSPACE, day(5))
            report, outcomes = await asyncio.gather(
                etl.export(session, plan, sink), other.collect()
            )
    assert (len(outcomes), report.written, report.sent) == (10, 10, 11)
