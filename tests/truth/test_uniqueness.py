"""Kind 4: a run fetches each Worker once a window, and writes each key at most once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl
from taskrouter_stats.core import queries
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink, Writer

from .exported import activity
from .exports import asks_statistics, day, everybody, export, lying, statistics_asked, stored
from .raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    RawServer,
    http,
    page,
    statistics,
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


def with_repeats(question):
    """Answer for four Workers: Activities apart, one twice, one with two totals, two unnamed."""
    if not asks_statistics(question):
        return None
    number, body = int(question.sid.removeprefix("WK"), 16), statistics(question)
    second = [activity(2, 5), activity(1, 5), activity(1, 6), {**activity(1, 5), "sid": None}]
    first = second[1] if number < 3 else second[3]
    body["cumulative"]["activity_durations"] = [first, second[number]]
    return http(body)


async def test_no_two_rows_of_an_activity_have_one_key(tmp_path):
    """An entry that repeats another is one row; an answer with two entries that differ fails."""
    with RawServer(lying(4, with_repeats)).running() as server:
        report = await export(server, ParquetSink(tmp_path))
    assert (report.planned, report.written, report.failed) == (4, 3, 1)
    assert "one Activity has two different entries" in report.failures[0].message
    rows = pq.read_table(tmp_path / "worker_activity_durations").to_pylist()
    found = Counter((row["worker_sid"], row["activity_sid"] is None) for row in rows)
    assert found == {(worker_sid(0), False): 2, (worker_sid(1), False): 1, (worker_sid(3), True): 2}


LOWER = "WS" + "ab" * 16
LAST_HOUR = datetime.now(UTC).replace(microsecond=0)


def capitals(sid):
    """Return a SID with its digits in capitals."""
    return sid[:2] + sid[2:].upper()


def in_either_case(spell):
    """Answer for two Workers of any Workspace, whose SIDs the list spells in this way."""

    def answer(question):
        if question.lists_workers:
            workspace = question.path.split("/")[3]
            sids = [spell[0](worker_sid(number)) for number in (10, 11)]
            return page("workers", [worker(1, sid=s, workspace_sid=workspace) for s in sids])
        if question.lists_activities:
            return page("activities", [])
        return http(statistics(question))

    return answer


async def export_of(server, workspace, sink, windows, **options):
    """Export these windows of a Workspace, and return the report."""
    plan = etl.worker_plan(workspace, windows)
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    async with TaskRouterSession(credentials, base_url=server.url) as session:
        return await etl.export(session, plan, sink, **options)


async def test_an_answer_replaces_rows_of_a_sid_in_another_case(tmp_path):
    """A later answer replaces a row that had not settled, however both spell their SIDs."""
    window = Window.between(LAST_HOUR - timedelta(hours=1), LAST_HOUR)
    spell = [str]
    with RawServer(in_either_case(spell)).running() as server:
        await export_of(server, LOWER, ParquetSink(tmp_path), window)
        spell[0] = capitals
        report = await export_of(
            server, capitals(LOWER), ParquetSink(tmp_path), window, settle=timedelta(0)
        )
    assert (report.written, report.complete) == (2, True)
    rows = pq.read_table(tmp_path / "worker_statistics").to_pylist()
    assert {row["workspace_sid"] for row in rows} == {LOWER}
    assert sorted((row["worker_sid"], row["complete"]) for row in rows) == [
        (worker_sid(10), True),
        (worker_sid(11), True),
    ]


async def test_a_query_is_done_in_either_case(tmp_path):
    """Two spellings of a Workspace, a TaskChannel and a Worker name one query in the checkpoint."""
    channel, path, spell = "TC" + "ab" * 16, tmp_path / "rows.jsonl", [str]
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    with RawServer(in_either_case(spell)).running() as server:
        async with TaskRouterSession(credentials, base_url=server.url) as session:
            plan = etl.worker_plan(LOWER, day(3), task_channel=channel)
            await etl.export(session, plan, JsonLinesSink(path))
            spell[0] = capitals
            plan = etl.worker_plan(capitals(LOWER), day(3), task_channel=capitals(channel))
            again = await etl.export(session, plan, JsonLinesSink(path))
        assert statistics_asked(server) == 2
    assert (again.already_done, again.written, again.complete) == (2, 0, True)


async def test_windows_overlap_in_either_case(tmp_path):
    """A day and its hours may not stand in one output, however the Workspace is spelled."""
    with RawServer(in_either_case([str])).running() as server:
        await export_of(server, LOWER, ParquetSink(tmp_path), day(3))
        with pytest.raises(ConfigError, match="overlap"):
            await export_of(server, capitals(LOWER), ParquetSink(tmp_path), day(3).split(hours=12))


async def test_a_list_in_another_case_is_read_to_its_end():
    """A next page whose path spells the Workspace in another case belongs to the list."""

    def lie(question):
        if not question.lists_workers:
            return None
        sids = [worker_sid(10), capitals(worker_sid(10)), worker_sid(11)]
        following = f"https://taskrouter.twilio.com/v1/Workspaces/{LOWER}/Workers?PageToken=2"
        first = "PageToken" not in question.params
        shown = [worker(1, sid=sid, workspace_sid=LOWER) for sid in sids[: 1 if first else 3]]
        return page("workers", shown, following if first else None)

    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    with RawServer(lying(0, lie)).running() as server:
        async with TaskRouterSession(credentials, base_url=server.url) as session:
            found = await session.iterate(queries.workers(capitals(LOWER))).collect()
        assert {question.path.split("/")[3] for question in server.questions} == {capitals(LOWER)}
    assert [worker.sid for worker in found] == [worker_sid(10), worker_sid(11)]
