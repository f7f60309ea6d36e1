"""Kind 2: "not found" and "too old" count only where they can be true, and not for ever."""

import json
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from taskrouter_stats import errors
from taskrouter_stats.cli.fetch.retry_failed import load_failures
from taskrouter_stats.etl import JsonLinesSink, Writer

from .exports import (
    asks_statistics,
    day,
    everybody,
    export,
    failures,
    lying,
    statistics_asked,
    stored,
)
from .raw_server import RawServer, error, http, page, statistics, truthful, worker, worker_sid

HTML = http(b"<html>404 Not Found</html>", 404, {"Content-Type": "text/html"})
NOT_FOUND = error(404, 20404)
TOO_OLD = error(400, 14241, "StartDate is too old")
OTHER_404 = [HTML, error(404, None), error(404, 20001), http([], 404), http({"code": True}, 404)]


def about(numbers, reply):
    """Return a lie for the statistics of these Workers."""
    return lambda question: reply if asks_statistics(question, *numbers) else None


def about_windows(starts, reply):
    """Return a lie for the windows that begin at these times."""
    texts = {start.strftime("%Y-%m-%dT%H:%M:%SZ") for start in starts}
    return lambda question: (
        reply if asks_statistics(question) and question.params["StartDate"] in texts else None
    )


def then_listed(workers, lie):
    """Return a lie like ``lie``, whose list holds only these Workers from its second reading on."""
    lists = []

    def answer(question):
        if not question.lists_workers:
            return lie(question)
        lists.append(question)
        return page("workers", [worker(n) for n in workers]) if len(lists) > 1 else None

    return answer


@pytest.mark.parametrize("reply", OTHER_404)
async def test_a_404_without_twilios_code_is_a_failure(tmp_path, reply):
    """The next run sends the queries again that met a gateway's 404, and stores all rows."""
    path = tmp_path / "rows.jsonl"
    with RawServer(lying(100, about(range(30, 70), reply))).running() as server:
        report = await export(server, JsonLinesSink(path))
    assert (report.written, report.failed, report.gone, report.complete) == (60, 40, 0, False)
    with RawServer(truthful(100)).running() as server:
        again = await export(server, JsonLinesSink(path))
    assert (again.written, again.already_done, again.complete) == (40, 60, True)
    assert stored(path) == everybody(100)


async def test_a_worker_still_listed_is_not_gone(tmp_path):
    """Twilio's "not found" about a Worker who is in the list is a failure."""
    path = tmp_path / "rows.jsonl"
    with RawServer(lying(6, about([2, 3], NOT_FOUND))).running() as server:
        report = await export(server, JsonLinesSink(path))
        requested = sum(question.lists_workers for question in server.questions)
    assert (report.written, report.failed, report.gone, report.complete) == (4, 2, 0, False)
    assert requested == 2
    assert [failed["code"] for failed in failures(path)] == [20404, 20404]
    with RawServer(truthful(6)).running() as server:
        again = await export(server, JsonLinesSink(path))
    assert (again.written, again.complete) == (2, True)


async def test_a_worker_no_longer_listed_is_gone(tmp_path):
    """A Worker who is not in a new list is gone, with the server's reason."""
    path = tmp_path / "rows.jsonl"
    lie = then_listed([0, 1, 3], about([2], NOT_FOUND))
    with RawServer(lying(4, lie)).running() as server:
        report = await export(server, JsonLinesSink(path))
    kept = json.loads((tmp_path / "rows.jsonl._state" / "unavailable.json").read_text("utf-8"))
    ((record,),) = [list(sids.values()) for sids in kept["gone"].values()]
    assert (report.written, report.failed, report.gone, report.complete) == (3, 0, 1, True)
    assert "20404" in record["reason"]
    with RawServer(truthful(4)).running() as server:  # it was a lie after all
        again = await export(server, JsonLinesSink(path))
    assert (again.written, again.already_done, again.gone) == (1, 3, 0)
    assert stored(path) == everybody(4)


async def test_a_list_that_can_not_be_read_again_confirms_nothing(tmp_path):
    """If the second reading of the list fails, a Worker not found is a failure."""
    lists = []

    def lie(question):
        if question.lists_workers:
            lists.append(question)
            return error(403, 20003) if len(lists) > 1 else None
        return NOT_FOUND if asks_statistics(question, 1) else None

    with RawServer(lying(3, lie)).running() as server:
        report = await export(server, JsonLinesSink(tmp_path / "rows.jsonl"))
    assert (report.written, report.failed, report.gone, report.complete) == (2, 1, 0, False)


def about_worker(number, reply):
    """Return a lie for the statistics of a Worker, and this reply for the Worker itself."""

    def lie(question):
        if question.sid == worker_sid(number):
            return NOT_FOUND if asks_statistics(question) else reply
        return None

    return lie


@pytest.mark.parametrize("reply", [http(worker(1)), *OTHER_404, error(503, None)])
async def test_a_worker_given_by_sid_that_exists_is_not_gone(tmp_path, reply):
    """Missing statistics are a failure unless the server does not find the Worker either."""
    path, given = tmp_path / "rows.jsonl", [worker_sid(0), worker_sid(1)]
    with RawServer(lying(2, about_worker(1, reply))).running() as server:
        report = await export(server, JsonLinesSink(path), workers=given)
    assert (report.written, report.failed, report.gone, report.complete) == (1, 1, 0, False)


async def test_a_gone_worker_is_fetched_again_within_the_grace_period(tmp_path):
    """Each run sends the query again until two answers at least seven days apart agree."""
    path, given = tmp_path / "rows.jsonl", [worker_sid(0), worker_sid(1)]
    state = tmp_path / "rows.jsonl._state" / "unavailable.json"
    requested = []
    with RawServer(lying(2, about_worker(1, NOT_FOUND))).running() as server:
        for _ in range(4):
            before = statistics_asked(server)
            report = await export(server, JsonLinesSink(path), workers=given)
            assert (report.gone, report.failed, report.complete) == (1, 0, True)
            requested.append(statistics_asked(server) - before)
            kept = json.loads(state.read_text("utf-8"))
            if len(requested) == 2:  # as if both answers were eight days old
                then = (datetime.now(UTC) - timedelta(days=8)).isoformat()
                for sids in kept["gone"].values():
                    for record in sids.values():
                        record["first"] = record["last"] = then
                state.write_text(json.dumps(kept), "utf-8")
    assert requested == [2, 1, 1, 0]


@pytest.mark.parametrize("ago", [1, 4, 20, 28])
async def test_a_young_window_does_not_expire(tmp_path, ago):
    """One 14241 for a window that can't be too old is one failure, and skips no other query."""
    path, windows = tmp_path / "rows.jsonl", [day(29 - 1), day(20), day(4), day(1)]
    lies = []

    def lie(question):
        if not lies and about_windows([day(ago).start], TOO_OLD)(question):
            lies.append(question)
            return TOO_OLD
        return None

    with RawServer(lying(5, lie)).running() as server:
        report = await export(server, JsonLinesSink(path), windows)
    assert (report.written, report.failed, report.expired, report.complete) == (19, 1, 0, False)
    with RawServer(truthful(5)).running() as server:
        again = await export(server, JsonLinesSink(path), windows)
    assert (again.written, again.already_done, again.complete) == (1, 19, True)
    assert stored(path) == everybody(5, *windows)


async def test_a_window_must_be_old_by_the_servers_date_too(tmp_path):
    """This machine's clock alone expires no window if the reply's Date disagrees."""
    then = format_datetime(datetime.now(UTC) - timedelta(days=20), usegmt=True)
    body = json.dumps({"code": 14241, "status": 400, "message": "said"}).encode()
    reply = http(body, 400, {"Date": then})
    lie = about_windows([day(40).start], reply)
    with RawServer(lying(3, lie)).running() as server:
        report = await export(server, JsonLinesSink(tmp_path / "rows.jsonl"), [day(40), day(3)])
    assert (report.written, report.failed, report.expired) == (3, 3, 0)


async def test_an_expired_window_stays_expired(tmp_path):
    """Windows that are too old cost one request each, and are not reported as done before."""
    path, old, young = tmp_path / "rows.jsonl", [day(60), day(45)], [day(29), day(3)]
    lie = about_windows([window.start for window in old], TOO_OLD)
    with RawServer(lying(5, lie)).running() as server:
        first = await export(server, JsonLinesSink(path), [*young, *old])
        requested = statistics_asked(server)
        second = await export(server, JsonLinesSink(path), [*young, *old])
        assert (requested, statistics_asked(server)) == (2 + 10, 2 + 10)
    assert (first.expired, first.written, first.complete) == (10, 10, True)
    assert (second.expired, second.already_done, second.complete) == (10, 10, True)
    kept = json.loads((tmp_path / "rows.jsonl._state" / "unavailable.json").read_text("utf-8"))
    assert len(kept["expired"]) == 2
    assert all("14241" in reason for reason in kept["expired"].values())
    assert stored(path) == everybody(5, *young)


async def test_what_was_answered_before_a_window_expired_stays_done(tmp_path):
    """A window that expires between two runs stays done for the workers that were stored."""
    path, some = tmp_path / "rows.jsonl", [worker_sid(0), worker_sid(1)]
    with RawServer(truthful(5)).running() as server:
        await export(server, JsonLinesSink(path), day(40), workers=some)
    with RawServer(lying(5, about(range(5), TOO_OLD))).running() as server:
        report = await export(server, JsonLinesSink(path), day(40))
        again = await export(server, JsonLinesSink(path), day(40))
    for each in (report, again):
        assert (each.already_done, each.expired, each.complete) == (2, 3, True)


async def test_the_same_error_for_all_workers_ends_the_run(tmp_path):
    """If the first twenty replies are 14241 for a young window, the run ends with that error."""
    with (
        RawServer(lying(30, about(range(30), TOO_OLD))).running() as server,
        pytest.raises(errors.BadRequest),
    ):
        await export(server, JsonLinesSink(tmp_path / "rows.jsonl"), day(3))


async def test_an_answer_without_statistics_makes_no_row(tmp_path):
    """An answer that is not an object of statistics is a failure, and the run is not complete."""
    replies = {1: http(b""), 2: http(b"null"), 3: http([])}

    def lie(question):
        for number, reply in replies.items():
            if asks_statistics(question, number):
                return reply
        return http(statistics(question)) if asks_statistics(question) else None

    with RawServer(lying(5, lie)).running() as server:
        report = await export(server, JsonLinesSink(tmp_path / "rows.jsonl"))
    assert (report.written, report.failed, report.complete) == (2, 3, False)


async def test_every_failed_query_can_be_tried_again(tmp_path, monkeypatch):
    """The file of failures names every failed query, also those that the report only counts."""
    for module in ("export", "table_pass"):
        monkeypatch.setattr(sys.modules[f"taskrouter_stats.etl.{module}"], "MAX_FAILURES", 3)
    path = tmp_path / "rows.jsonl"
    lies = {number: NOT_FOUND if number % 2 else error(400, 20001) for number in range(1, 12)}

    def lie(question):
        for number, reply in lies.items():
            if asks_statistics(question, number):
                return reply
        return None

    with RawServer(lying(16, lie)).running() as server:
        report = await export(server, JsonLinesSink(path))
    assert (report.written, report.failed, len(report.failures)) == (5, 11, 3)
    assert len(failures(path)) == 11
    async with Writer(JsonLinesSink(path)) as writer:
        remaining = await load_failures(writer)
    assert {failed.sid for failed in remaining} == {worker_sid(n) for n in lies}
