"""Kind 4: each SID counts once, and a list that brings nothing new ends with an error."""

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, errors, queries
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

PATH = f"/v1/Workspaces/{WORKSPACE}/Workers"
SIDS = [worker_sid(number) for number in range(6)]


def session_of(server):
    """A session that asks the raw server."""
    return TaskRouterSession(Credentials.auth_token(ACCOUNT, TOKEN), base_url=server.url)


def told(*chunks, next_page_url=None):
    """Answer with these pages of Workers by number; ``next_page_url`` names what follows one."""

    def answer(question):
        if not question.lists_workers:
            return http(statistics(question))
        number = int(question.params.get("Page", 0))
        chunk = chunks[min(number, len(chunks) - 1)]
        more = f"https://taskrouter.twilio.com{PATH}?Page={number + 1}"
        following = more if next_page_url is None else next_page_url(number)
        if next_page_url is None and number + 1 >= len(chunks):
            following = None
        return page("workers", [worker(one) for one in chunk], following)

    return answer


def forever(number):
    """Name one page more, always."""
    return f"https://taskrouter.twilio.com{PATH}?Page={number + 1}"


async def listed(session):
    """The SIDs that a list gives, and what ended it."""
    found, ended = [], None
    try:
        async for one in session.iterate(queries.workers(WORKSPACE)):
            found.append(one.sid)  # noqa: PERF401 (what came before an error counts)
    except errors.TaskRouterStatsError as error:
        ended = error
    return found, ended


async def streamed(session, **workers):
    """The SIDs that a stream answers for, sorted, and what ended it."""
    found, ended = [], None
    try:
        async with session.stream_worker_statistics(WORKSPACE, **workers) as outcomes:
            async for outcome in outcomes:
                found.append(outcome.unwrap().worker_sid)  # noqa: PERF401 (as above)
    except errors.TaskRouterStatsError as error:
        ended = error
    return sorted(found), ended


ENDLESS = {
    "the same page for ever": [(0, 1)],
    "an empty page for ever": [(0, 1), ()],
    "a known page for ever": [(0, 1), (2, 3), (1, 2)],
    "nothing from the first": [()],
}


@pytest.mark.parametrize("chunks", ENDLESS.values(), ids=ENDLESS.keys())
async def test_a_list_that_brings_nothing_new_ends_with_an_error(chunks):
    """Pages that repeat and always name one more end the list soon, after all their items."""
    there = sorted({worker_sid(number) for chunk in chunks for number in chunk})
    with RawServer(told(*chunks, next_page_url=forever)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
            assert (sorted(found), type(ended)) == (there, errors.PayloadError)
            assert len(server.questions) <= len(chunks) + 1
            found, again = await streamed(session)
            assert (found, again.problems) == (there, ended.problems)
    assert f"the list workers:{WORKSPACE}" in str(ended)
    assert "a page that brought nothing new" in str(ended)


@pytest.mark.parametrize("back_to", ["Page=1", "PageSize=1000"], ids=["a later", "the first"])
async def test_a_list_that_leads_back_ends_with_an_error(back_to):
    """A next page that was read before is an error: the server says that more is to come."""

    def circle(number):
        return forever(number) if number < 2 else f"https://taskrouter.twilio.com{PATH}?{back_to}"

    with RawServer(told((0, 1), (2, 3), (4, 5), next_page_url=circle)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
    assert (found, len(server.questions)) == (SIDS, 3)
    assert isinstance(ended, errors.PayloadError)
    assert "names a next page that was read before" in str(ended)


async def test_a_worker_on_two_pages_counts_once():
    """A Worker who moved to the next page, since another was created, is given and asked once."""
    with RawServer(told((0, 1, 2), (2, 3), (3, 4, 5))).running() as server:
        async with session_of(server) as session:
            assert await listed(session) == (SIDS, None)
            assert await streamed(session) == (SIDS, None)
    asked = [question.sid for question in server.questions if not question.lists_workers]
    assert sorted(asked) == SIDS


async def test_a_worker_twice_on_one_page_counts_once():
    """A Worker who stands twice on a page is given and asked about once."""
    with RawServer(told((0, 1, 0, 1, 2))).running() as server:
        async with session_of(server) as session:
            assert await listed(session) == (SIDS[:3], None)


async def test_a_sid_that_is_given_twice_is_asked_about_once():
    """The caller's own repetition costs no request and makes no second outcome."""
    given = [SIDS[0], SIDS[1], SIDS[0], SIDS[1]]
    with RawServer(told((0,))).running() as server:
        async with session_of(server) as session:
            assert await streamed(session, workers=given) == (SIDS[:2], None)
            assert await streamed(session, workers=iter(given)) == (SIDS[:2], None)
    assert len(server.questions) == 4


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/Workspaces?Page=1",
        f"https://evil.example{PATH.replace(WORKSPACE, 'WS' + '9' * 32)}?Page=1",
        f"https://evil.example{PATH}/../Activities?Page=1",
        f"https://evil.example{PATH}%2e%2e/Activities?Page=1",
        f"https://evil.example{PATH}?Page=1\r\nHost: evil.example",
        f"https://evil.example{PATH}?Page=\0",
        5,
        ["x"],
        {"url": PATH},
        True,
    ],
    ids=repr,
)
async def test_a_next_page_elsewhere_is_an_error(url):
    """What is not a page of this list is never asked for, and the list does not end as complete."""
    with RawServer(told((0, 1), next_page_url=lambda _: url)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
    assert (found, len(server.questions)) == ([], 1)
    assert isinstance(ended, errors.PayloadError)
    assert "$.meta.next_page_url: " in str(ended)


async def test_only_path_and_query_of_the_next_page_are_used():
    """The next page is asked of the session's own server, whatever host the reply names."""

    def elsewhere(number):
        return None if number else f"http://user:pass@127.0.0.1:1{PATH}?Page=1&PageToken=x%20y#z"

    with RawServer(told((0, 1), (2,), next_page_url=elsewhere)).running() as server:
        async with session_of(server) as session:
            assert await listed(session) == (SIDS[:3], None)
    assert server.questions[1].params == {"Page": "1", "PageToken": "x y"}


@pytest.mark.parametrize("body", [{"workers": [worker(0)]}, {"workers": [worker(0)], "meta": None}])
async def test_a_list_that_tells_nothing_of_a_next_page_is_an_error(body):
    """A page without its meta object never reads as the last one."""
    with RawServer(lambda _: http(body)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
    assert found == []
    assert isinstance(ended, errors.PayloadError)
