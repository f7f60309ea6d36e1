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
    """Return a session that uses the raw server."""
    return TaskRouterSession(Credentials.auth_token(ACCOUNT, TOKEN), base_url=server.url)


def paged(*chunks, next_page_url=None):
    """Answer with these pages of Workers by number; ``next_page_url`` makes the next URL."""

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
    """Return the URL of one more page, always."""
    return f"https://taskrouter.twilio.com{PATH}?Page={number + 1}"


async def listed(session):
    """Return the SIDs of a list, and the error at its end."""
    found, ended = [], None
    try:
        async for one in session.iterate(queries.workers(WORKSPACE)):
            found.append(one.sid)  # noqa: PERF401 (what came before an error counts)
    except errors.TaskRouterStatsError as error:
        ended = error
    return found, ended


async def streamed(session, **workers):
    """Return the SIDs of a stream, sorted, and the error at its end."""
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
    """Pages that repeat and always name a next page soon end the list with an error."""
    there = sorted({worker_sid(number) for chunk in chunks for number in chunk})
    with RawServer(paged(*chunks, next_page_url=forever)).running() as server:
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
    """A next page that was read before ends the list with an error."""

    def circle(number):
        return forever(number) if number < 2 else f"https://taskrouter.twilio.com{PATH}?{back_to}"

    with RawServer(paged((0, 1), (2, 3), (4, 5), next_page_url=circle)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
    assert (found, len(server.questions)) == (SIDS, 3)
    assert isinstance(ended, errors.PayloadError)
    assert "names a next page that was read before" in str(ended)


async def test_a_worker_on_two_pages_counts_once():
    """A Worker on two pages is delivered once and requested once."""
    with RawServer(paged((0, 1, 2), (2, 3), (3, 4, 5))).running() as server:
        async with session_of(server) as session:
            assert await listed(session) == (SIDS, None)
            assert await streamed(session) == (SIDS, None)
    asked = [question.sid for question in server.questions if not question.lists_workers]
    assert sorted(asked) == SIDS


async def test_a_worker_twice_on_one_page_counts_once():
    """A Worker twice on a page is delivered once and requested once."""
    with RawServer(paged((0, 1, 0, 1, 2))).running() as server:
        async with session_of(server) as session:
            assert await listed(session) == (SIDS[:3], None)


async def test_a_repeated_sid_is_requested_once():
    """A SID that the caller repeats makes one request and one outcome."""
    given = [SIDS[0], SIDS[1], SIDS[0], SIDS[1]]
    with RawServer(paged((0,))).running() as server:
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
    """A next page outside this list is not requested, and the list ends with an error."""
    with RawServer(paged((0, 1), next_page_url=lambda _: url)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
    assert (found, len(server.questions)) == ([], 1)
    assert isinstance(ended, errors.PayloadError)
    assert "$.meta.next_page_url: " in str(ended)


async def test_only_path_and_query_of_the_next_page_are_used():
    """The next page is requested from the session's server, whatever host the reply names."""

    def elsewhere(number):
        return None if number else f"http://user:pass@127.0.0.1:1{PATH}?Page=1&PageToken=x%20y#z"

    with RawServer(paged((0, 1), (2,), next_page_url=elsewhere)).running() as server:
        async with session_of(server) as session:
            assert await listed(session) == (SIDS[:3], None)
    assert server.questions[1].params == {"Page": "1", "PageToken": "x y"}


@pytest.mark.parametrize("body", [{"workers": [worker(0)]}, {"workers": [worker(0)], "meta": None}])
async def test_a_page_without_meta_ends_the_list_with_an_error(body):
    """A page without its meta object ends the list with an error."""
    with RawServer(lambda _: http(body)).running() as server:
        async with session_of(server) as session:
            found, ended = await listed(session)
    assert found == []
    assert isinstance(ended, errors.PayloadError)
