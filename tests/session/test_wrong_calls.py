"""Wrong calls of a session, and the exact words with which each is refused."""

import pytest

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, queries
from taskrouter_stats.errors import (
    InvalidParameter,
    InvalidSid,
    InvalidWindow,
    SessionMisuse,
    TimedOut,
    UsageError,
)
from tests.support.wrong_calls import (
    ACCOUNT,
    SECRET,
    WORKER,
    WORKSPACE,
    refused,
    rows,
    same,
    unasked,
)

CREDENTIALS = Credentials.auth_token(ACCOUNT, SECRET)
QUERY = queries.worker_statistics(WORKSPACE, WORKER)
LISTING = queries.workers(WORKSPACE)
QUEUES = queries.task_queues(WORKSPACE)
OTHERS = queries.workers("WS" + "1" * 32)


def coroutine():
    """A coroutine that was not awaited, and need not be any more."""

    async def never():
        pass

    found = never()
    found.close()
    return found


@rows(
    (
        "several queries fetched",
        lambda session: session.fetch([QUERY, QUERY]),
        UsageError,
        (
            "fetch() takes one query, not list; many are answered by "
            "session.stream(queries), a listing is read with `async for item in "
            "session.iterate(listing)`"
        ),
    ),
    (
        "a listing fetched",
        lambda session: session.fetch(LISTING),
        UsageError,
        (
            "fetch() takes one query, not Listing; many are answered by "
            "session.stream(queries), a listing is read with `async for item in "
            "session.iterate(listing)`"
        ),
    ),
    (
        "nothing fetched",
        lambda session: session.fetch(None),
        UsageError,
        (
            "fetch() takes one query, not NoneType; many are answered by "
            "session.stream(queries), a listing is read with `async for item in "
            "session.iterate(listing)`"
        ),
    ),
    (
        "a SID fetched",
        lambda session: session.fetch(WORKER),
        UsageError,
        (
            "fetch() takes one query, not str; many are answered by "
            "session.stream(queries), a listing is read with `async for item in "
            "session.iterate(listing)`"
        ),
    ),
    (
        "a constructor fetched",
        lambda session: session.fetch(queries.worker_statistics),
        UsageError,
        (
            "fetch() takes one query, not function; many are answered by "
            "session.stream(queries), a listing is read with `async for item in "
            "session.iterate(listing)`"
        ),
    ),
    (
        "a coroutine fetched",
        lambda session: session.fetch(coroutine()),
        UsageError,
        (
            "fetch() takes one query, not coroutine; many are answered by "
            "session.stream(queries), a listing is read with `async for item in "
            "session.iterate(listing)`"
        ),
    ),
    (
        "a negative wait",
        lambda session: session.fetch(QUERY, max_wait=-1),
        InvalidParameter,
        "max_wait=-1: a number of seconds, not negative, or None",
    ),
    (
        "a wait as text",
        lambda session: session.fetch(QUERY, max_wait="5"),
        InvalidParameter,
        "max_wait='5': a number of seconds, not negative, or None",
    ),
    (
        "an unknown priority",
        lambda session: session.fetch(QUERY, priority="high"),
        InvalidParameter,
        'priority=\'high\': "interactive" or "bulk"',
    ),
    (
        "a query iterated",
        lambda session: session.iterate(QUERY),
        UsageError,
        (
            "iterate() takes a listing, not Query; a query is answered by `await "
            "session.fetch(query)`"
        ),
    ),
    (
        "a SID iterated",
        lambda session: session.iterate(WORKSPACE),
        UsageError,
        ("iterate() takes a listing, not str; a query is answered by `await session.fetch(query)`"),
    ),
    (
        "a constructor iterated",
        lambda session: session.iterate(queries.workers),
        UsageError,
        (
            "iterate() takes a listing, not function; a query is answered by `await "
            "session.fetch(query)`"
        ),
    ),
    (
        "nothing streamed",
        lambda session: session.stream(None),
        UsageError,
        (
            "stream() takes many queries, not NoneType; one is answered by "
            "session.fetch(), a listing is read with session.iterate(), and queries come "
            "from `taskrouter_stats.queries`"
        ),
    ),
    (
        "one query streamed",
        lambda session: session.stream(QUERY),
        UsageError,
        (
            "stream() takes many queries, not Query; one is answered by session.fetch(), a "
            "listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "a listing streamed",
        lambda session: session.stream(LISTING),
        UsageError,
        (
            "stream() takes many queries, not Listing; one is answered by session.fetch(), "
            "a listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "a text streamed",
        lambda session: session.stream(WORKER),
        UsageError,
        (
            "stream() takes many queries, not str; one is answered by session.fetch(), a "
            "listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "bytes streamed",
        lambda session: session.stream(b"WK"),
        UsageError,
        (
            "stream() takes many queries, not bytes; one is answered by session.fetch(), a "
            "listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "a dict streamed",
        lambda session: session.stream({WORKER: QUERY}),
        UsageError,
        (
            "stream() takes many queries, not dict; one is answered by session.fetch(), a "
            "listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "a coroutine streamed",
        lambda session: session.stream(coroutine()),
        UsageError,
        (
            "stream() takes many queries, not coroutine; one is answered by "
            "session.fetch(), a listing is read with session.iterate(), and queries come "
            "from `taskrouter_stats.queries`"
        ),
    ),
    (
        "SIDs collected",
        lambda session: session.collect([WORKER]),
        UsageError,
        (
            "stream() takes many queries, not str; one is answered by session.fetch(), a "
            "listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "coroutines collected",
        lambda session: session.collect([coroutine()]),
        UsageError,
        (
            "stream() takes many queries, not coroutine; one is answered by "
            "session.fetch(), a listing is read with session.iterate(), and queries come "
            "from `taskrouter_stats.queries`"
        ),
    ),
    (
        "lists collected",
        lambda session: session.collect([[QUERY]]),
        UsageError,
        (
            "stream() takes many queries, not list; one is answered by session.fetch(), a "
            "listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "listings collected",
        lambda session: session.collect([LISTING]),
        UsageError,
        (
            "stream() takes many queries, not Listing; one is answered by session.fetch(), "
            "a listing is read with session.iterate(), and queries come from "
            "`taskrouter_stats.queries`"
        ),
    ),
    (
        "a stream that is not entered",
        lambda session: aiter(session.stream([QUERY])),
        SessionMisuse,
        "enter the stream first: `async with session.stream(…) as outcomes:`",
    ),
    (
        "a worker for a workspace",
        lambda session: session.stream_worker_statistics(WORKER),
        InvalidSid,
        (
            f"workspace_sid='{WORKER}' is not a Workspace SID: expected WS and 32 hexadecimal "
            "digits; WK is for Worker"
        ),
    ),
    (
        "text for a window",
        lambda session: session.stream_worker_statistics(WORKSPACE, "8h"),
        InvalidWindow,
        "window='8h' is not a Window: give one, such as Window.last(minutes=15)",
    ),
    (
        "one worker for several",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=WORKER),
        UsageError,
        "workers= takes several: put the one into a list",
    ),
    (
        "a workspace among workers",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=[WORKER, WORKSPACE]),
        InvalidSid,
        (
            f"worker_sid='{WORKSPACE}' is not a Worker SID: expected WK and 32 hexadecimal "
            "digits; WS is for Workspace"
        ),
    ),
    (
        "a query for workers",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=QUERY),
        UsageError,
        "workers= takes SIDs, Workers or a listing of them, not Query",
    ),
    (
        "queues for workers",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=QUEUES),
        UsageError,
        (
            f"workers= takes queries.workers('{WORKSPACE}', …), not <Listing "
            f"task_queues:{WORKSPACE}::>"
        ),
    ),
    (
        "workers of elsewhere",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=OTHERS),
        UsageError,
        (
            f"workers= takes queries.workers('{WORKSPACE}', …), not <Listing "
            "workers:WS11111111111111111111111111111111::>"
        ),
    ),
)
async def test_a_wrong_call_is_refused_in_these_words(call, error, says):
    """A call that can't be is refused, says what is right, and asks the server nothing."""
    with unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url) as session:
            assert same(await refused(call, session), error, says)


async def test_a_right_call_would_be_noticed():
    """The server that nobody may ask notices one who does."""
    once = {"retry": RetryPolicy(attempts=1), "timeout": 0.05}
    with pytest.raises(pytest.fail.Exception), unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url, **once) as session:
            assert type(await refused(session.fetch, QUERY)) is TimedOut
