"""Answers that are not final, whatever this machine's clock says."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from taskrouter_stats import Window
from taskrouter_stats.etl import JsonLinesSink

from .exports import asks_statistics, export, lying, statistics_asked
from .raw_server import RawServer, http, statistics


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
