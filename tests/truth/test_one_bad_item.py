"""Kind 6: one bad item never makes its list or answer unreadable."""

import json
from datetime import UTC, datetime

import pytest

from taskrouter_stats import Credentials, Success, TaskRouterSession, Window, errors, etl, queries
from tests.truth.raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    RawServer,
    http,
    page,
    statistics,
    worker,
    worker_sid,
)

BAD = 1
WINDOW = Window.between(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, 1, tzinfo=UTC))
SIDS = [worker_sid(number) for number in range(3)]
ODD = [
    {"friendly_name": 12},
    {"friendly_name": {"first": "Ann"}},
    {"friendly_name": True},
    {"available": "true"},
    {"available": 1},
    {"attributes": {}},
    {"attributes": {"languages": ["en"]}},
    {"attributes": ["en"]},
    {"date_created": ""},
    {"date_created": "2026-06-30T23:59:60Z"},
    {"date_created": "0000-00-00T00:00:00Z"},
    {"date_updated": "9999-12-31T23:59:59Z"},
    {"date_updated": "9999-12-31T23:59:59-14:00"},
    {"date_status_changed": 1_700_000_000},
    {"links": "none"},
    {"url": 5},
    {"activity_sid": "WA\0"},
    {"activity_sid": []},
    {"account_sid": "x/../../escaped"},
    {"workspace_sid": 7},
]
NAMELESS = [
    {"sid": None},
    {"sid": ""},
    {"sid": 5},
    {"sid": "WK" + "0" * 31 + "\0"},
    {"sid": "WK" + "0" * 33},
    {"sid": "WQ" + "0" * 32},
    {"sid": {"sid": SIDS[1]}},
    {"workspace_sid": "WS" + "9" * 32},
]
HALVES = [rb"\ud83d", rb"\uDE00", rb"Ann \ud83d\ud83d\ude00", b"\xff", b"\xed\xa0\xbd", b"\xc3"]


def listing(*items):
    """Answer with these items as all Workers, and with right statistics of each."""

    def answer(question):
        return page("workers", items) if question.lists_workers else http(statistics(question))

    return answer


def three(**changes):
    """Return three Workers, one of them with these changes."""
    return [worker(0), {**worker(BAD), **changes}, worker(2)]


def session_of(server):
    """Return a session that uses the raw server."""
    return TaskRouterSession(Credentials.auth_token(ACCOUNT, TOKEN), base_url=server.url)


async def streamed(session):
    """Return the Workers with an outcome, and the error at the end."""
    found, ended = [], None
    try:
        async with session.stream_worker_statistics(WORKSPACE, WINDOW) as outcomes:
            async for outcome in outcomes:
                assert isinstance(outcome, Success)
                assert outcome.value.worker_sid == outcome.query.context.sid
                found.append(outcome.value.worker_sid)
    except errors.TaskRouterStatsError as error:
        ended = error
    return sorted(found), ended


@pytest.mark.parametrize("change", ODD, ids=repr)
async def test_an_odd_value_never_hides_its_worker(change, caplog):
    """A Worker with an odd value is delivered with that value, and is logged once."""
    ((name, value),) = change.items()
    with RawServer(listing(*three(**change))).running() as server:
        async with session_of(server) as session:
            found = await session.iterate(queries.workers(WORKSPACE)).collect()
            assert await streamed(session) == (SIDS, None)
    assert [one.sid for one in found] == SIDS
    odd = found[BAD]
    kept = odd.extra[name] if name in odd.extra else getattr(odd, name)
    assert kept == (value if name in odd.extra else json.dumps(value, separators=(",", ":")))
    told = [record.message for record in caplog.records if "cannot hold" in record.message]
    assert len(told) == 2, "once for each of the two readings"
    assert f"1 of 3 items have values that their fields cannot hold ({name}: 1)" in told[0]


@pytest.mark.parametrize("change", NAMELESS, ids=repr)
async def test_an_item_without_a_sid_fails_the_list_at_its_end(change):
    """An item without a right SID is left out; the run delivers the rest, then fails."""
    ((name, _),) = change.items()
    with RawServer(listing(*three(**change))).running() as server:
        async with session_of(server) as session:
            found, ended = await streamed(session)
    assert found == [SIDS[0], SIDS[2]]
    assert isinstance(ended, errors.PayloadError)
    assert ended.problems[0] == "$.workers: 1 of 3 items cannot be read and were left out"
    assert ended.problems[1].startswith(f"$.workers[].{name}: expected ")


@pytest.mark.parametrize("item", [None, 5, "WK", [], [SIDS[1]], {}], ids=repr)
async def test_a_value_that_is_not_an_item_fails_the_list_at_its_end(item):
    """A value that is not an object with a SID is left out, and the list fails at its end."""
    with RawServer(listing(worker(0), item, worker(2))).running() as server:
        async with session_of(server) as session:
            found, ended = await streamed(session)
    assert found == [SIDS[0], SIDS[2]]
    assert isinstance(ended, errors.PayloadError)


async def test_a_thousand_nameless_items_make_a_short_error():
    """The error about many items has their number and the first few problems."""
    with RawServer(listing(worker(0), *[{}] * 1000)).running() as server:
        async with session_of(server) as session:
            with pytest.raises(errors.PayloadError, match="1000 of 1001 items") as caught:
                await session.iterate(queries.workers(WORKSPACE)).collect()
    assert len(str(caught.value)) < 1000


async def test_an_export_of_a_list_with_a_nameless_item_is_not_complete(tmp_path):
    """An export of a list with an unreadable item is not complete."""
    plan = etl.worker_plan(WORKSPACE, WINDOW)
    sink = etl.JsonLinesSink(tmp_path / "rows.jsonl")
    with RawServer(listing(*three(sid=None))).running() as server:
        async with session_of(server) as session:
            with pytest.raises(errors.PayloadError, match="were left out"):
                await etl.export(session, plan, sink)


@pytest.mark.parametrize("half", HALVES, ids=repr)
async def test_half_a_character_in_a_list_costs_one_character(half):
    """Half an emoji, or a byte that is not UTF-8, in a Worker's name hides no Worker."""
    body = json.dumps({"workers": three(friendly_name="@"), "meta": {"next_page_url": None}})
    said = http(body.encode().replace(b'"@"', b'"' + half + b'"'))

    def answer(question):
        return said if question.lists_workers else http(statistics(question))

    with RawServer(answer).running() as server:
        async with session_of(server) as session:
            found = await session.iterate(queries.workers(WORKSPACE)).collect()
            assert await streamed(session) == (SIDS, None)
    assert [one.sid for one in found] == SIDS
    assert "\ufffd" in found[BAD].friendly_name


@pytest.mark.parametrize("half", HALVES, ids=repr)
async def test_half_a_character_in_an_answer_costs_one_character(half):
    """Half an emoji in an Activity's name does not change its seconds."""
    activity = {"sid": "WA" + "1" * 32, "friendly_name": "@", "total": 60}

    def answer(question):
        told = statistics(question)
        told["cumulative"]["activity_durations"] = [activity]
        return http(json.dumps(told).encode().replace(b'"@"', b'"' + half + b'"'))

    with RawServer(answer).running() as server:
        async with session_of(server) as session:
            query = queries.worker_statistics(WORKSPACE, SIDS[1], WINDOW)
            found = (await session.fetch(query)).cumulative
    assert found.reservations_created == 1
    assert found.activity_durations[0].total == 60
    assert "\ufffd" in found.activity_durations[0].friendly_name


async def test_half_a_character_inside_attributes_costs_one_character():
    """Half an emoji in the inner JSON of attributes is replaced as well."""
    with RawServer(listing(*three(attributes=r'{"nick": "\ud83d", "n": 1}'))).running() as server:
        async with session_of(server) as session:
            found = await session.iterate(queries.workers(WORKSPACE)).collect()
    assert found[BAD].attributes_dict == {"nick": "\ufffd", "n": 1}


async def test_attributes_that_are_an_object_are_read_as_one():
    """Attributes given as an object equal those given as its text."""
    with RawServer(listing(*three(attributes={"languages": ["en"]}))).running() as server:
        async with session_of(server) as session:
            found = await session.iterate(queries.workers(WORKSPACE)).collect()
    assert found[BAD].attributes_dict == {"languages": ["en"]}


@pytest.mark.parametrize("value", [1.5, True, [], "many"], ids=repr)
async def test_a_bad_count_fails_a_list_of_statistics_at_its_end(value):
    """A TaskQueue with a wrong count is left out, and the list fails at its end."""
    items = [
        {
            "task_queue_sid": f"WQ{number:032x}",
            "workspace_sid": WORKSPACE,
            "cumulative": {"tasks_entered": value if number == BAD else number},
            "realtime": {},
        }
        for number in range(3)
    ]
    with RawServer(lambda _: page("task_queues_statistics", items)).running() as server:
        async with session_of(server) as session:
            listed = session.iterate(queries.task_queues_statistics(WORKSPACE))
            found = [await anext(listed), await anext(listed)]
            with pytest.raises(errors.PayloadError, match="tasks_entered: expected a whole number"):
                await anext(listed)
    assert [one.cumulative.tasks_entered for one in found] == [0, 2]


async def test_an_odd_value_of_a_single_worker_is_kept():
    """A single Worker is read as leniently as one of a list."""
    with RawServer(lambda _: http(worker(1, available="true", attributes={}))).running() as server:
        async with session_of(server) as session:
            found = await session.fetch(queries.worker(WORKSPACE, SIDS[1]))
    assert (found.available, found.attributes, found.extra) == (None, "{}", {"available": "true"})
