"""Answers that are not final, whatever this machine's clock says."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, Window, etl
from taskrouter_stats.etl import JsonLinesSink
from taskrouter_stats.etl.dlt_reader import DaySchedule, Reader

from .exports import ONCE, TODAY, asks_statistics, day, export, lying, statistics_asked
from .raw_server import ACCOUNT, TOKEN, WORKSPACE, RawServer, http, statistics


async def test_an_answer_that_ends_before_its_window_is_not_final(tmp_path):
    """With this machine's clock ahead, an answer for part of the window is asked again."""
    path, now = tmp_path / "rows.jsonl", datetime.now(UTC).replace(microsecond=0)
    server_now = now - timedelta(hours=3)
    window = Window.between(now - timedelta(hours=5), now - timedelta(hours=1, minutes=30))

    def lie(question):
        if not asks_statistics(question):
            return None
        answer = statistics(question)
        answer["cumulative"] |= {"end_time": server_now.isoformat()}
        return http(answer, headers={"Date": format_datetime(server_now, usegmt=True)})

    with RawServer(lying(2, lie)).running() as server:
        for asked in (2, 4):
            report = await export(server, JsonLinesSink(path), window)
            assert (report.written, report.incomplete) == (2, 2)
            assert statistics_asked(server) == asked
    assert not any(json.loads(line)["complete"] for line in path.read_text().splitlines())


async def test_a_suspended_machine_takes_no_answer_for_final(tmp_path):
    """An answer from before the window settled is not final even if this machine reads it later."""
    path, now = tmp_path / "rows.jsonl", datetime.now(UTC).replace(microsecond=0)
    served = now - timedelta(hours=2)
    window = Window.between(served - timedelta(hours=1), served - timedelta(minutes=30))

    def late(question):
        if not asks_statistics(question):
            return None
        return http(statistics(question), headers={"Date": format_datetime(served, usegmt=True)})

    with RawServer(lying(2, late)).running() as server:
        report = await export(server, JsonLinesSink(path), window)
    assert (report.written, report.incomplete) == (2, 2)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(row["complete"], datetime.fromisoformat(row["fetched_at"])) for row in rows} == {
        (False, served)
    }


@pytest.mark.parametrize("ahead", [0, 3])
async def test_the_dlt_source_takes_no_day_for_done_by_a_clock_that_is_ahead(ahead):
    """A day is done once it had ended by the server's clock; until then each run asks again."""
    server_now = TODAY - timedelta(days=4, hours=-6) + timedelta(days=3 - ahead)
    schedule = DaySchedule(day(4).start.date(), UTC, timedelta(hours=1), timedelta(days=1))
    credentials, done = Credentials.auth_token(ACCOUNT, TOKEN), list[str]()

    def dated(question):
        if not asks_statistics(question):
            return None
        date = format_datetime(server_now, usegmt=True)
        return http(statistics(question), headers={"Date": date})

    with RawServer(lying(2, dated)).running() as server:
        reader = Reader(
            plan := etl.worker_plan(WORKSPACE, day(4)),
            schedule,
            lambda: TaskRouterSession(credentials, base_url=server.url, retry=ONCE),
            lambda: TODAY - timedelta(days=1, hours=-6),
        )
        found = [tables async for tables in reader.statistics(plan.tables[0], done)]
    complete = {
        (row["day"], row["complete"]) for tables in found for row in tables["worker_statistics"]
    }
    days = [day(ago).start.date() for ago in (4, 3, 2)]
    assert complete == {(one, not ahead) for one in days}
    assert done == ([] if ahead else [str(day(ago)) for ago in (4, 3)])
