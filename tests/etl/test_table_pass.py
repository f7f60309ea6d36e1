"""One pass a table: errors, resources that are gone, and failures of every table."""

from datetime import date
from urllib.parse import urlsplit

import pytest

from taskrouter_stats import RetryPolicy, Window, etl
from taskrouter_stats.cli.fetch.retry_failed import load_failures, retry_plans
from taskrouter_stats.cli.options.selection import Selection
from taskrouter_stats.errors import Forbidden
from taskrouter_stats.etl import JsonLinesSink, Writer
from taskrouter_stats.etl.planning.tables import STATISTICS
from tests.etl.export_runs import json_lines
from tests.support.fakes import WORKSPACE, FakeTransport, reply, session_over, trouble

DAY = Window.day(date(2026, 11, 1), tz="UTC")
PREFIXES = {"Workers": "WK", "TaskQueues": "WQ", "Workflows": "WW", "Activities": "WA"}
KEYS = {"TaskQueues": "task_queues"}


def sid(kind, number):
    """Return the SID of a resource."""
    return f"{PREFIXES[kind]}{number:032x}"


class Server:
    """A server with three of each resource; ``wrong`` answers what it does not return None for."""

    def __init__(self, wrong):
        self.wrong = wrong
        self.lists = []

    def __call__(self, request):
        """Answer one request."""
        path = urlsplit(request.target).path
        parts = path.split("/")[4:]
        refused = self.wrong(path)
        if refused is not None:
            return refused
        if len(parts) == 1 and parts[0] in PREFIXES:
            self.lists.append(parts[0])
            key = KEYS.get(parts[0], parts[0].lower())
            day = "2026-01-01T00:00:00Z"
            items = [{"sid": sid(parts[0], n), "date_created": day} for n in range(3)]
            return reply(200, {key: items, "meta": {"key": key, "next_page_url": None}})
        body = {"workspace_sid": WORKSPACE, "end_time": "2026-11-02T00:00:00Z"}
        if len(parts) == 3:
            name = {"Workers": "worker", "TaskQueues": "task_queue", "Workflows": "workflow"}
            body[f"{name[parts[0]]}_sid"] = parts[1]
        return reply(200, {**body, "cumulative": {"end_time": body["end_time"]}})


def rows(path, table):
    """Return the rows of a table's file, none if there is none."""
    file = path / f"{table}.jsonl"
    return json_lines(file) if file.exists() else []


async def run(path, server, **given):
    """Export all statistics of a day, and return the report."""
    plan = etl.plan(WORKSPACE, DAY, **given)
    async with session_over(FakeTransport(server), retry=RetryPolicy(attempts=1)) as session:
        return await etl.export(session, plan, JsonLinesSink(path))


def at(part, answer):
    """Return a function that gives this answer for paths with this part."""
    return lambda path: answer if part in path else None


@pytest.mark.parametrize("table", STATISTICS)
async def test_an_error_of_one_table_does_not_end_the_others(tmp_path, table):
    """A table that is forbidden is told at the end, and every other table is stored."""
    parts = {
        "worker_statistics": "/Workers/WK",
        "task_queue_statistics": "/TaskQueues/WQ",
        "workflow_statistics": "/Workflows/WW",
        "workspace_statistics": f"{WORKSPACE}/CumulativeStatistics",
        "workers_statistics": "/Workers/CumulativeStatistics",
    }
    with pytest.raises(Forbidden) as raised:
        await run(tmp_path, Server(at(parts[table], trouble(403, 20003))))
    assert f"this error ended {table}; the other tables are stored" in raised.value.__notes__
    for name, kind in STATISTICS.items():
        expected = 0 if name == table else 1 if kind.kind is None else 3
        assert len(rows(tmp_path, name)) == expected
    assert [len(rows(tmp_path, name)) for name in ("workers", "task_queues", "activities")] == [
        3
    ] * 3


async def test_lists_are_read_once_and_shared(tmp_path):
    """A table and its dimension share one list."""
    report = await run(tmp_path, server := Server(lambda _: None))
    assert sorted(server.lists) == sorted(PREFIXES)
    assert (report.complete, dict(report.pages)) == (
        True,
        {"workers": 1, "task_queues": 1, "workflows": 1, "activities": 1},
    )


@pytest.mark.parametrize("kind", ["TaskQueues", "Workflows", "Workers"])
@pytest.mark.parametrize("still_listed", [True, False])
async def test_a_resource_is_gone_if_a_new_list_lacks_it(tmp_path, kind, still_listed):
    """A "not found" counts as gone only if a new list of that kind lacks the resource."""
    missing = sid(kind, 7)
    listed = {"sid": missing} if still_listed else {"sid": sid(kind, 8)}

    def wrong(path):
        if missing in path:
            return trouble(404, 20404)
        if path.endswith(f"/{kind}") and kind in server.lists:
            key = KEYS.get(kind, kind.lower())
            return reply(200, {key: [listed], "meta": {"key": key, "next_page_url": None}})
        if path.endswith(f"/{kind}"):
            server.lists.append(kind)
            key = KEYS.get(kind, kind.lower())
            return reply(
                200, {key: [{"sid": missing}], "meta": {"key": key, "next_page_url": None}}
            )
        return None

    server = Server(wrong)
    report = await run(tmp_path, server)
    assert (report.gone, report.failed) == ((0, 1) if still_listed else (1, 0))
    assert report.complete is not still_listed


async def test_a_missing_workspace_is_a_failure(tmp_path):
    """A "not found" of the Workspace's own statistics is a failure, never gone."""
    wrong = at(f"{WORKSPACE}/CumulativeStatistics", trouble(404, 20404))
    report = await run(tmp_path, Server(wrong))
    (failed,) = report.failures
    assert (report.gone, failed.table, failed.sid) == (0, "workspace_statistics", WORKSPACE)


async def test_failures_of_every_table_can_be_tried_again(tmp_path):
    """The plans of ``--retry-failed`` have exactly the failed queries, of each table."""
    ends = [sid("Workers", 1), sid("TaskQueues", 2), sid("Workflows", 0)]
    ends += [f"{WORKSPACE}/CumulativeStatistics", "/Workers/CumulativeStatistics"]

    def wrong(path):
        return trouble(500) if any(end in path for end in ends) else None

    first = await run(tmp_path, Server(wrong), split_by_wait_time=[5], task_channel="voice")
    assert first.failed == 5
    sink = JsonLinesSink(tmp_path)
    async with (
        session_over(FakeTransport(Server(lambda _: None))) as session,
        Writer(sink) as writer,
    ):
        failures = await load_failures(writer)
        assert {failure.key for failure in failures} == {each.key for each in first.failures}
        plans = retry_plans(failures, (), Selection())
        reports = [await etl.Export(session, plan, writer).run() for plan in plans]
    assert [report.written for report in reports] == [1] * 5
    assert sum(report.planned for report in reports) == 5
    last = await run(
        tmp_path,
        Server(lambda _: None),
        split_by_wait_time=[5],
        task_channel="voice",
    )
    assert (last.already_done, last.written, last.complete) == (11, 0, True)
