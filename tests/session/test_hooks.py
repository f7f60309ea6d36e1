"""The events that hooks get, and what happens to hooks that raise."""

import asyncio
import functools
import logging
import re

import pytest

from taskrouter_stats import RetryPolicy, TaskRouterSession, errors, queries
from taskrouter_stats.core.events import (
    BudgetChanged,
    CacheRead,
    CircuitClosed,
    CircuitOpened,
    NoReply,
    QueryEnded,
    QueryEvent,
    QueryRetried,
    QueryStarted,
    QueryWaiting,
    ReplyReceived,
    RequestSent,
)
from taskrouter_stats.core.reply import Reply
from taskrouter_stats.models.redaction import SecretRedactor
from tests.support.fakes import (
    CREDENTIALS,
    REQUEST_ID,
    TOKEN,
    WORKSPACE,
    FakeTransport,
    Script,
    limits,
    pages,
    session_over,
    statistics,
    trouble,
    worker_query,
    worker_sid,
)
from tests.support.virtual import settle, virtual

QUERY = worker_query(1)


async def play(*answers, calls=1, latency=0.5, **options):
    """Fetch a query some times, one after the other; return the events and the results."""
    seen, results = [], []
    transport = FakeTransport(Script(*answers), latency=latency)
    async with session_over(transport, hooks=[seen.append], **options) as session:
        for _ in range(calls):
            results += await asyncio.gather(session.fetch(QUERY), return_exceptions=True)
    return seen, results


def kinds(events):
    """Return the classes of events."""
    return [type(event) for event in events]


class TestEvents:
    """Which events come, in which order, with what."""

    @virtual
    async def test_a_fetch(self):
        """A fetch starts, is sent, is answered and ends, with facts about each step."""
        seen, _ = await play(lambda r: statistics(r, **limits(50, 49)))
        assert kinds(seen) == [QueryStarted, RequestSent, BudgetChanged, ReplyReceived, QueryEnded]
        started, sent, _, reply, ended = seen
        assert started.query == QUERY
        assert started.interactive
        assert started.budget.workspace == WORKSPACE
        assert len({event.number for event in seen if isinstance(event, QueryEvent)}) == 1
        assert (sent.send, sent.method, sent.waited) == (1, "GET", 0)
        assert sent.url.startswith(f"https://taskrouter.twilio.com/v1/Workspaces/{WORKSPACE}/")
        assert (reply.send, reply.status, reply.seconds) == (1, 200, 0.5)
        assert (reply.request_id, reply.rate_limit.remaining) == (REQUEST_ID, 49)
        assert reply.pace > 0
        assert not reply.refused
        assert (ended.error, ended.cancelled, ended.meta.attempts) == (None, False, 1)

    @virtual
    async def test_each_query_has_its_number(self):
        """Two queries have different numbers, in different sessions too."""
        first, _ = await play(calls=2)
        second, _ = await play()
        numbers = {e.number for e in first + second if isinstance(e, QueryStarted)}
        assert len(numbers) == 3

    @virtual
    async def test_a_refusal(self):
        """A 429 is a reply that is refused, a change of the budget, a retry and a wait."""
        seen, _ = await play(trouble(429, retry_after=3))
        assert kinds(seen) == [
            *(QueryStarted, RequestSent, BudgetChanged, ReplyReceived, QueryRetried),
            *(QueryWaiting, RequestSent, ReplyReceived, QueryEnded),
        ]
        assert seen[2].refused
        assert seen[3].refused
        assert (type(seen[4].error), seen[4].seconds) == (errors.RateLimited, 0)
        assert (seen[5].reason, seen[5].seconds) == ("paused", pytest.approx(3, abs=0.5))
        assert (seen[6].send, seen[6].waited) == (2, pytest.approx(3, abs=0.5))
        assert (seen[8].waited, seen[8].meta.refused) == (seen[6].waited, 1)

    @virtual
    async def test_a_retry(self):
        """A failed send is followed by its error and the pause before the next one."""
        seen, _ = await play(errors.ConnectionFailed("lost"), trouble(503))
        assert kinds(seen) == [
            *(QueryStarted, RequestSent, NoReply, QueryRetried),
            *(RequestSent, ReplyReceived, QueryRetried),
            *(RequestSent, ReplyReceived, QueryEnded),
        ]
        assert (str(seen[2].error), seen[2].seconds, seen[2].send) == ("lost", 0.5, 1)
        assert seen[3].error is seen[2].error
        assert [event.send for event in seen if isinstance(event, RequestSent)] == [1, 2, 3]

    @virtual
    async def test_an_error(self):
        """The end of a failed query has the error that the caller gets."""
        seen, [error] = await play(trouble(404, 20404))
        assert seen[-1].error is error
        assert not seen[-1].cancelled

    @virtual
    async def test_a_cancelled_query(self):
        """A cancellation ends the send without an error and the query as cancelled."""
        seen = []
        async with session_over(FakeTransport(latency=9), hooks=[seen.append]) as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await session.fetch(QUERY)
        assert kinds(seen) == [QueryStarted, RequestSent, NoReply, QueryEnded]
        assert (seen[2].error, seen[2].seconds) == (None, 2)
        assert (seen[3].error, seen[3].cancelled) == (None, True)

    @virtual
    async def test_the_circuit(self):
        """The circuit's opening has its cause, and its closing comes with the next reply."""
        lost = [errors.TimedOut(1)] * 3
        seen, results = await play(*lost, calls=4, latency=0, retry=RetryPolicy(attempts=1))
        assert results[3].worker_sid == QUERY.sid
        circuit = [e for e in seen if isinstance(e, (CircuitOpened, CircuitClosed))]
        assert kinds(circuit) == [CircuitOpened, CircuitClosed]
        assert circuit[0].cause == str(lost[0])

    @virtual
    async def test_a_stream_and_a_list(self):
        """A query of a stream and a page of a list have the same events, one start and one end."""
        seen = []
        listing = queries.workers(WORKSPACE, page_size=2)
        transport = FakeTransport(pages([worker_sid(n) for n in range(3)], 2))
        async with session_over(transport, hooks=[seen.append]) as session:
            await session.iterate(listing).collect()
            transport.answer = statistics
            await session.collect([worker_query(n) for n in range(3)])
        started = [event for event in seen if isinstance(event, QueryStarted)]
        assert [event.query.endpoint.name for event in started] == [
            *["workers"] * 2,
            *["worker_statistics"] * 3,
        ]
        assert sorted(e.number for e in seen if isinstance(e, QueryEnded)) == sorted(
            event.number for event in started
        )

    @virtual
    async def test_the_cache(self):
        """A read of the cache tells what it found, and only a request has a query's events."""
        seen = []
        async with session_over(FakeTransport(), hooks=[seen.append], cache_ttl=5) as session:
            await asyncio.gather(*(session.fetch(QUERY) for _ in range(3)))
            await asyncio.sleep(2)
            await session.fetch(QUERY)
        reads = [event for event in seen if isinstance(event, CacheRead)]
        assert [read.found for read in reads] == ["nothing", "shared", "shared", "fresh"]
        assert reads[-1].age == 2
        assert kinds(seen).count(QueryStarted) == 1

    @virtual
    async def test_events_come_in_the_task_of_the_query(self):
        """A hook runs in the task that awaits the query, so that context variables are its own."""
        tasks = []
        hooks = [lambda _: tasks.append(asyncio.current_task())]
        async with session_over(FakeTransport(), hooks=hooks) as session:
            task = asyncio.create_task(session.fetch(QUERY))
            await task
        assert set(tasks) == {task}

    @virtual
    async def test_no_event_holds_a_secret(self):
        """The token is in the text of no event, even if the server repeats it."""
        redactor = SecretRedactor(CREDENTIALS.secrets())
        headers = {"twilio-request-id": TOKEN, "x-rate-limit-config": TOKEN}
        echo = Reply(404, headers, b'{"message": "%s"}' % TOKEN.encode(), redactor)
        seen, _ = await play(echo)
        assert kinds(seen)[-2:] == [ReplyReceived, QueryEnded]
        assert TOKEN not in repr(seen)
        assert "(secret)" in repr(seen[-1].error)


class TestFailingHooks:
    """Hooks that raise."""

    @virtual
    async def test_a_hook_that_raises_is_logged_once(self, caplog):
        """The caller gets its value, the other hooks get their events, and the log one error."""
        seen = []

        def broken(_):
            raise ValueError("a bug")

        async with session_over(FakeTransport(), hooks=[broken, seen.append]) as session:
            for _ in range(3):
                await session.fetch(QUERY)
        assert kinds(seen).count(QueryEnded) == 3
        [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert "broken" in record.getMessage()
        assert isinstance(record.exc_info[1], ValueError)

    @virtual
    async def test_a_hook_may_use_the_session(self):
        """A hook may read the budgets while an event happens."""
        held = []
        hooks = [lambda _: held.append(session.budgets())]
        async with session_over(FakeTransport(), hooks=hooks) as session:
            await session.fetch(QUERY)
        await settle()
        assert held[-1][0].sent == 1


async def async_function(_):
    """Stand for a mistake."""


class AsyncObject:
    """An object whose calls are coroutines."""

    async def __call__(self, event):
        """Stand for a mistake."""


@pytest.mark.parametrize(
    "hooks",
    [
        print,
        None,
        "log",
        [None],
        [print, "log"],
        [async_function],
        [functools.partial(async_function)],
        [AsyncObject()],
    ],
    ids=lambda hooks: re.sub(r" at 0x\w+", "", repr(hooks)),
)
def test_invalid_hooks_are_refused(hooks):
    """A hook is a plain function, in a list."""
    with pytest.raises(errors.InvalidParameter, match="hooks"):
        TaskRouterSession(CREDENTIALS, hooks=hooks)


def test_a_generator_of_hooks_is_read_once():
    """Any iterable of functions is accepted."""
    session = TaskRouterSession(CREDENTIALS, hooks=(hook for hook in [print]))
    assert session._lifecycle._hooks._hooks == (print,)
