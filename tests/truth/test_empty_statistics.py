"""Replies of the right Worker that hold no statistics."""

import pytest

from taskrouter_stats.etl import JsonLinesSink

from .exports import asks_statistics, everybody, export, lying, stored
from .raw_server import RawServer, http, statistics

ERROR_BODY = {"code": 20500, "message": "An internal server error", "status": 500}


@pytest.mark.parametrize("cumulative", [{}, {"end_time": None}, ERROR_BODY], ids=repr)
async def test_a_reply_without_statistics_is_a_failure(tmp_path, cumulative):
    """A reply whose ``cumulative`` holds no statistic is a failure, and a later run asks again."""
    path, lies = tmp_path / "rows.jsonl", [True]

    def lie(question):
        if asks_statistics(question, 1) and lies[0]:
            return http(statistics(question, cumulative=cumulative))
        return None

    with RawServer(lying(3, lie)).running() as server:
        report = await export(server, JsonLinesSink(path))
        assert (report.written, report.failed) == (2, 1)
        assert "$.cumulative: expected at least one statistic" in report.failures[0].message
        lies[0] = False
        report = await export(server, JsonLinesSink(path))
    assert (report.written, report.failed) == (1, 0)
    assert stored(path) == everybody(3)
