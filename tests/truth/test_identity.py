"""Kind 2: an answer is compared with its query before it is used."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, Window, errors, queries
from tests.truth.raw_server import (
    ACCOUNT,
    END,
    START,
    TOKEN,
    WORKSPACE,
    RawServer,
    error,
    http,
    page,
    statistics,
    truthful,
    worker,
    worker_sid,
)

OTHER = {
    "worker_sid": worker_sid(77),
    "workspace_sid": "WS" + "9" * 32,
    "account_sid": "AC" + "9" * 32,
}
HOUR = Window.between(datetime.fromisoformat(START), datetime.fromisoformat(END))
HASTY = RetryPolicy(base=0.0)


def session_with(server, **options):
    """Return a session that uses the server."""
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    return TaskRouterSession(credentials, base_url=server.url, **{"retry": HASTY, **options})


def query(number, window=HOUR):
    """Return the query for one Worker's statistics."""
    return queries.worker_statistics(WORKSPACE, worker_sid(number), window)


def first(lie, then):
    """Answer the first request with a lie, later ones otherwise."""
    return lambda question: lie(question) if question.number == 1 else then(question)


def always(**changes):
    """Answer each request right except for these changes."""
    return lambda question: http(statistics(question, **changes))


def with_times(start, end):
    """Answer each request with these times."""

    def answer(question):
        said = statistics(question)
        said["cumulative"] |= {"start_time": start, "end_time": end}
        return http(said)

    return answer


@pytest.mark.parametrize("name", OTHER)
async def test_another_querys_answer_is_requested_again(name):
    """An answer for another Worker, Workspace or account is requested again."""
    with RawServer(first(always(**{name: OTHER[name]}), truthful(9))).running() as server:
        async with session_with(server) as session:
            success = await session.fetch_with_meta(query(5))
    assert success.value.cumulative.reservations_created == 5
    assert success.meta.attempts == 2
    assert [question.connection for question in server.questions] == [1, 2]


@pytest.mark.parametrize("name", OTHER)
async def test_another_querys_answer_never_becomes_a_row(name):
    """If each answer belongs to another query, the query fails after its attempts."""
    with RawServer(always(**{name: OTHER[name]})).running() as server:
        async with session_with(server, retry=RetryPolicy(attempts=3, base=0.0)) as session:
            [outcome] = await session.collect([query(5)])
    assert isinstance(outcome.error, errors.PayloadError)
    assert outcome.error.for_other_query
    assert f"$.{name}: requested " in str(outcome.error)
    assert OTHER[name] in str(outcome.error)
    assert outcome.meta.attempts == len(server.questions) == server.connections == 3


async def test_an_unsolicited_reply_shifts_no_answer():
    """An unsolicited reply on a kept-alive connection shifts no later answer."""
    wanted, sent = threading.Event(), threading.Event()

    def answer(question):
        yield http(statistics(question))
        if question.number == 1:
            wanted.wait(10)
            yield http(statistics(question, worker_sid=worker_sid(77)))
            sent.set()

    with RawServer(answer).running() as server:
        async with session_with(server) as session:
            await session.fetch(query(1))
            wanted.set()
            await asyncio.to_thread(sent.wait, 10)
            await asyncio.sleep(0.05)  # the loop reads what has arrived
            found = [await session.fetch(query(number)) for number in range(2, 7)]
    assert [value.worker_sid for value in found] == [worker_sid(number) for number in range(2, 7)]
    assert [value.cumulative.reservations_created for value in found] == [2, 3, 4, 5, 6]
    assert (len(server.questions), server.connections) == (6, 2)


async def test_a_late_reply_shifts_no_answer():
    """A wrong reply that arrives first is detected, and shifts no later answer."""

    def answer(question):
        if question.number == 2:
            yield http(statistics(question, worker_sid=worker_sid(77)))
        yield http(statistics(question))

    with RawServer(answer).running() as server:
        async with session_with(server) as session:
            found = [await session.fetch(query(number)) for number in range(1, 7)]
    assert [value.worker_sid for value in found] == [worker_sid(number) for number in range(1, 7)]
    assert [value.cumulative.reservations_created for value in found] == [1, 2, 3, 4, 5, 6]
    assert (len(server.questions), server.connections) == (7, 2)


async def test_an_unsolicited_error_is_not_the_next_answer():
    """An error that a server sends on an idle connection is not the next answer."""
    wanted, sent = threading.Event(), threading.Event()

    def answer(question):
        yield http(statistics(question))
        if question.number == 1:
            wanted.wait(10)
            yield error(404, 20404)
            sent.set()

    with RawServer(answer).running() as server:
        async with session_with(server) as session:
            await session.fetch(query(1))
            wanted.set()
            await asyncio.to_thread(sent.wait, 10)
            await asyncio.sleep(0.05)
            assert (await session.fetch(query(2))).worker_sid == worker_sid(2)
    assert server.connections == 2


async def test_extra_replies_shift_no_row_of_a_stream():
    """Of 200 Workers none gets another's row, though an extra reply follows every tenth."""

    def answer(question):
        stray = http(statistics(question, worker_sid=worker_sid(7777)))
        said = http(statistics(question))
        return (said, stray) if question.number % 10 == 0 else said

    with RawServer(answer).running() as server:
        async with session_with(server, max_in_flight=8) as session:
            outcomes = await session.collect([query(number) for number in range(200)])
    rows = [outcome.unwrap() for outcome in outcomes]
    assert [row.worker_sid for row in rows] == [worker_sid(number) for number in range(200)]
    assert [row.cumulative.reservations_created for row in rows] == list(range(200))


async def test_a_page_of_another_workspace_is_requested_again():
    """A page of another Workspace's Workers is requested again."""
    lies = [worker(number, workspace_sid=OTHER["workspace_sid"]) for number in (7, 8)]
    answer = first(lambda _: page("workers", lies), truthful(3))
    with RawServer(answer).running() as server:
        async with session_with(server) as session:
            found = await session.iterate(queries.workers(WORKSPACE)).collect()
    assert [one.sid for one in found] == [worker_sid(number) for number in range(3)]
    assert server.connections == 2


async def test_another_resource_is_requested_again():
    """A Worker or Workspace with another SID is requested again."""
    asked = {
        "Workers": queries.worker(WORKSPACE, worker_sid(4)),
        "Workspaces": queries.workspace(WORKSPACE),
    }
    for one in asked.values():

        def answer(question, one=one):
            other = one.sid[:2] + "9" * 32
            said = {"sid": other if question.number == 1 else one.sid, "friendly_name": "x"}
            return http({"account_sid": ACCOUNT, "workspace_sid": WORKSPACE, **said})

        with RawServer(answer).running() as server:
            async with session_with(server) as session:
                assert (await session.fetch(one)).sid == one.sid
        assert len(server.questions) == 2


async def test_an_unrequested_queue_is_requested_again():
    """A bulk answer with an unrequested TaskQueue is requested again."""
    sids = ["WQ" + "1" * 32, "WQ" + "2" * 32]

    def answer(question):
        told = [sids[0], "WQ" + "9" * 32] if question.number == 1 else sids
        data = [{"task_queue_sid": sid, "total_tasks": 1} for sid in told]
        said = {"task_queue_data": data, "task_queue_response_count": 2}
        return http({"account_sid": ACCOUNT, "workspace_sid": WORKSPACE, **said})

    with RawServer(answer).running() as server:
        async with session_with(server) as session:
            [bulk] = queries.task_queues_bulk_real_time_statistics(WORKSPACE, sids)
            found = await session.fetch(bulk)
    assert [one.task_queue_sid for one in found.task_queue_data] == sids
    assert len(server.questions) == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-10-31T00:00:00Z", "2026-10-31T01:00:00Z"),
        (START, "2026-11-01T00:30:00Z"),
        ("2026-11-01T00:15:00Z", END),
        ("2026-11-01T00:45:00Z", "2026-11-01T01:15:00Z"),
    ],
)
async def test_an_answer_for_another_window_fails(start, end):
    """Times of another window make the query fail, and the error names both."""
    with RawServer(with_times(start, end)).running() as server:
        async with session_with(server, retry=RetryPolicy(attempts=2, base=0.0)) as session:
            with pytest.raises(errors.PayloadError, match=r"_time: requested 2026-11-01T0"):
                await session.fetch(query(1))
    assert len(server.questions) == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-01T00:00:00.250Z", "2026-11-01T00:59:59.999Z"),
        ("2026-11-01T00:00:00+00:00", "2026-11-01T01:00:30Z"),
        ("2026-10-31T23:59:59Z", None),
        (None, None),
    ],
)
async def test_rounded_times_are_accepted(start, end):
    """Rounding by less than a minute, other forms and missing times are accepted."""
    with RawServer(with_times(start, end)).running() as server:
        async with session_with(server) as session:
            assert (await session.fetch(query(3))).cumulative.reservations_created == 3
    assert len(server.questions) == 1


async def test_a_future_end_may_become_the_present():
    """A future end may come back as the server's present, not as an earlier time."""
    now = datetime.now(UTC).replace(microsecond=0)
    window = Window.between(now - timedelta(hours=2), now + timedelta(hours=6))
    start, present = window.start.isoformat(), now.isoformat()
    with RawServer(with_times(start, present)).running() as server:
        async with session_with(server) as session:
            assert await session.fetch(query(3, window))
        server.answer = with_times(start, (now - timedelta(hours=1)).isoformat())
        async with session_with(server, retry=RetryPolicy(attempts=1)) as session:
            with pytest.raises(errors.PayloadError, match="end_time: requested "):
                await session.fetch(query(3, window))


async def test_only_the_length_of_a_relative_window_counts():
    """An answer for the last hour has a length of one hour, at any present of the server."""
    window = Window.last(hours=1)
    with RawServer(with_times("2020-01-01T00:00:00Z", "2020-01-01T01:00:00Z")).running() as server:
        async with session_with(server, retry=RetryPolicy(attempts=1)) as session:
            assert await session.fetch(query(3, window))
            server.answer = with_times("2020-01-01T00:00:00Z", "2020-01-01T00:15:00Z")
            with pytest.raises(errors.PayloadError, match="requested the last 60 min"):
                await session.fetch(query(3, window))


async def test_a_gateways_404_names_the_gateway():
    """A 404 without Twilio's body has no code, and its hint names the gateway."""
    html = {"Content-Type": "text/html"}
    answer = first(lambda _: http(b"<h1>no backend</h1>", 404, html), lambda _: error(404, 20404))
    with RawServer(answer).running() as server:
        async with session_with(server) as session:
            with pytest.raises(errors.NotFound, match="a gateway or proxy") as caught:
                await session.fetch(query(1))
            assert (caught.value.status, caught.value.code) == (404, None)
            with pytest.raises(errors.NotFound, match="check the SIDs") as caught:
                await session.fetch(query(1))
            assert caught.value.code == 20404
