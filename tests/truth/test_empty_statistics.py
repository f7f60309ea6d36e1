"""Replies of the right Worker that hold no statistics."""

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, queries
from taskrouter_stats.errors import PayloadError
from taskrouter_stats.etl import JsonLinesSink

from .exports import ONCE, asks_statistics, everybody, export, lying, stored
from .raw_server import ACCOUNT, TOKEN, WORKSPACE, RawServer, http, statistics

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


QUEUE, WORKFLOW = "WQ" + "1" * 32, "WW" + "1" * 32


@pytest.mark.parametrize(
    "query",
    [
        queries.workspace_real_time_statistics(WORKSPACE),
        queries.workers_real_time_statistics(WORKSPACE),
        queries.task_queue_real_time_statistics(WORKSPACE, QUEUE),
        queries.workflow_real_time_statistics(WORKSPACE, WORKFLOW),
    ],
    ids=lambda query: query.endpoint.name,
)
async def test_cumulative_statistics_are_not_an_answer_about_now(query):
    """A reply with the right SIDs and other statistics than real-time ones is refused."""
    sids = dict(zip(query.endpoint.answer_sids, query.sids, strict=True))
    body = {"account_sid": ACCOUNT, **sids, "reservations_created": 5, "tasks_canceled": 1}
    with RawServer(lambda _: http(body)).running() as server:
        credentials = Credentials.auth_token(ACCOUNT, TOKEN)
        async with TaskRouterSession(credentials, base_url=server.url, retry=ONCE) as session:
            with pytest.raises(PayloadError, match="at least one statistic, such as total_"):
                await session.fetch(query)
