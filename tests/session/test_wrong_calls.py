"""Wrong calls of a session and their errors: one exact test for each message."""

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
    """Return a closed coroutine, for which Python gives no warning."""

    async def never():
        pass

    found = never()
    found.close()
    return found


STREAM_RULE = (
    "make queries with `taskrouter_stats.queries`; for one query use session.fetch(), for a "
    "listing session.iterate()"
)


@rows(
    (
        "a list of queries to fetch",
        lambda session: session.fetch([QUERY, QUERY]),
        UsageError,
        (
            "fetch() takes one query, not list: for many queries use session.stream(queries), for "
            "a listing `async for item in session.iterate(listing)`"
        ),
    ),
    (
        "an unknown priority",
        lambda session: session.fetch(QUERY, priority="high"),
        InvalidParameter,
        'priority=\'high\': expected "interactive" or "bulk"',
    ),
    (
        "a negative wait",
        lambda session: session.fetch(QUERY, max_wait=-1),
        InvalidParameter,
        "max_wait=-1: expected seconds, 0 or more, or None",
    ),
    (
        "a query to iterate",
        lambda session: session.iterate(QUERY),
        UsageError,
        "iterate() takes a listing, not Query: for a query use `await session.fetch(query)`",
    ),
    (
        "one query to stream",
        lambda session: session.stream(QUERY),
        UsageError,
        f"stream() takes an iterable of queries, not Query: {STREAM_RULE}",
    ),
    (
        "SIDs to collect",
        lambda session: session.collect([WORKER]),
        UsageError,
        f"stream() takes an iterable of queries, not str: {STREAM_RULE}",
    ),
    (
        "a stream that was not entered",
        lambda session: aiter(session.stream([QUERY])),
        SessionMisuse,
        "this stream was not entered: use `async with session.stream(…) as outcomes:`",
    ),
    (
        "one worker for several",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=WORKER),
        UsageError,
        "workers= takes an iterable of workers, not one str: use workers=[…]",
    ),
    (
        "a query for workers",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=QUERY),
        UsageError,
        "workers= takes SIDs, Workers or a listing of them, not Query",
    ),
    (
        "task queues for workers",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=QUEUES),
        UsageError,
        (
            f"workers= takes queries.workers('{WORKSPACE}', …), not <Listing "
            f"task_queues:{WORKSPACE}::>"
        ),
    ),
)
async def test_a_wrong_call_raises_this_message(call, error, says):
    """A wrong call raises an error that names the right call, and sends nothing."""
    with unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url) as session:
            assert same(await refused(call, session), error, says)


ONE_QUERY = "fetch() takes one query, not"
ONE_LISTING = "iterate() takes a listing, not"
MANY_QUERIES = "stream() takes an iterable of queries, not"


@rows(
    ("listing", lambda session: session.fetch(LISTING), UsageError, f"{ONE_QUERY} Listing"),
    ("None", lambda session: session.fetch(None), UsageError, f"{ONE_QUERY} NoneType"),
    ("SID", lambda session: session.fetch(WORKER), UsageError, f"{ONE_QUERY} str"),
    (
        "constructor",
        lambda session: session.fetch(queries.worker_statistics),
        UsageError,
        f"{ONE_QUERY} function",
    ),
    (
        "coroutine",
        lambda session: session.fetch(coroutine()),
        UsageError,
        f"{ONE_QUERY} coroutine",
    ),
    (
        "text as max_wait",
        lambda session: session.fetch(QUERY, max_wait="5"),
        InvalidParameter,
        "max_wait='5'",
    ),
    (
        "SID to iterate",
        lambda session: session.iterate(WORKSPACE),
        UsageError,
        f"{ONE_LISTING} str",
    ),
    (
        "constructor to iterate",
        lambda session: session.iterate(queries.workers),
        UsageError,
        f"{ONE_LISTING} function",
    ),
    *(
        (
            f"{type(value).__name__} to stream",
            lambda session, value=value: session.stream(value),
            UsageError,
            f"{MANY_QUERIES} {type(value).__name__}",
        )
        for value in (None, LISTING, WORKER, b"WK", {WORKER: QUERY}, coroutine())
    ),
    *(
        (
            f"{type(value).__name__} to collect",
            lambda session, value=value: session.collect([value]),
            UsageError,
            f"{MANY_QUERIES} {type(value).__name__}",
        )
        for value in (coroutine(), [QUERY], LISTING)
    ),
    (
        "worker SID as workspace",
        lambda session: session.stream_worker_statistics(WORKER),
        InvalidSid,
        f"workspace_sid='{WORKER}'",
    ),
    (
        "text as window",
        lambda session: session.stream_worker_statistics(WORKSPACE, "8h"),
        InvalidWindow,
        "window='8h'",
    ),
    (
        "workspace SID as worker",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=[WORKER, WORKSPACE]),
        InvalidSid,
        f"worker_sid='{WORKSPACE}'",
    ),
    (
        "workers of another workspace",
        lambda session: session.stream_worker_statistics(WORKSPACE, workers=OTHERS),
        UsageError,
        "workers=",
    ),
)
async def test_other_wrong_calls_name_their_mistake(call, error, says):
    """Other wrong calls raise the same kinds of errors, name the argument, and send nothing."""
    with unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url) as session:
            caught = await refused(call, session)
    assert type(caught) is error
    assert str(caught).startswith(says)


async def test_a_right_call_reaches_the_server():
    """The server of the tests above fails a test that sends a request."""
    once = {"retry": RetryPolicy(attempts=1), "timeout": 0.05}
    with pytest.raises(pytest.fail.Exception), unasked() as url:
        async with TaskRouterSession(CREDENTIALS, base_url=url, **once) as session:
            assert type(await refused(session.fetch, QUERY)) is TimedOut
