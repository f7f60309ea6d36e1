"""When and where a session is open: created anywhere, opened once, closed once."""

import asyncio
import subprocess
import sys
import textwrap

import pytest
from aiohttp import web

from taskrouter_stats import RetryPolicy, TaskRouterSession, errors, queries
from tests.support.fakes import (
    ANSWER,
    CREDENTIALS,
    WORKSPACE,
    FakeTransport,
    pages,
    session_over,
    statistics,
    trouble,
    worker_queries,
    worker_query,
    worker_sid,
)
from tests.support.servers import RawServer, http_bytes, serving
from tests.support.virtual import now, settle, virtual

FORKED = """
    import asyncio, os, sys
    from taskrouter_stats import Credentials, TaskRouterSession, errors, queries

    session = TaskRouterSession(
        Credentials.auth_token("AC" + "a" * 32, "token"), base_url=sys.argv[2]
    )
    query = queries.worker_statistics("WS" + "b" * 32, "WK" + f"{1:032x}")

    async def use():
        try:
            await session.fetch(query)
        except errors.SessionMisuse as error:
            return f"SessionMisuse: {error}"
        return "answered"

    async def open_then_fork():
        print(await use(), flush=True)
        fork()
        await session.aclose()

    def fork():
        if os.fork() == 0:
            try:
                print("child", asyncio.new_event_loop().run_until_complete(use()), flush=True)
            finally:
                os._exit(0)
        os.wait()

    if sys.argv[1] == "opened":
        asyncio.run(open_then_fork())
    else:
        fork()
"""


class TestOpening:
    """Opening at the first use."""

    def test_created_outside_a_loop(self):
        """A session can be created without a running loop; its repr says that it is unopened."""
        session = TaskRouterSession(CREDENTIALS)
        assert repr(session).endswith("unopened>")
        assert session.budgets() == ()

    def test_unopened_it_needs_no_closing(self):
        """An unused session can be dropped, or closed in any loop."""
        session = TaskRouterSession(CREDENTIALS)
        asyncio.run(session.aclose())
        assert repr(session).endswith("closed>")

    async def test_opened_by_use(self, mocked):
        """The first request opens the session, without ``async with``."""
        mocked.answer(payload=ANSWER)
        session = TaskRouterSession(CREDENTIALS)
        await session.fetch(worker_query(1))
        assert repr(session).endswith("open>")
        await session.aclose()

    def test_another_loop(self, mocked):
        """A session that one loop opened raises SessionMisuse in another, for every call."""
        mocked.answer(payload=ANSWER, repeat=True)
        session = TaskRouterSession(CREDENTIALS)

        async def misuse():
            for call in (
                session.fetch(worker_query(1)),
                session.collect([worker_query(1)]),
                session.iterate(queries.workers(WORKSPACE)).collect(),
                session.stream([worker_query(1)]).__aenter__(),
                session.__aenter__(),
                session.aclose(),
            ):
                with pytest.raises(errors.SessionMisuse, match="another event loop"):
                    await call

        with asyncio.Runner() as runner:
            runner.run(session.fetch(worker_query(1)))
            with asyncio.Runner() as other:
                other.run(misuse())
            runner.run(session.aclose())

    async def test_another_thread(self, mocked):
        """A session raises SessionMisuse in another thread's loop."""
        mocked.answer(payload=ANSWER)
        async with TaskRouterSession(CREDENTIALS) as session:
            await session.fetch(worker_query(1))
            with pytest.raises(errors.SessionMisuse):
                await asyncio.to_thread(asyncio.run, session.fetch(worker_query(1)))

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
    @pytest.mark.parametrize("state", ["unopened", "opened"])
    async def test_across_a_fork(self, state):
        """An unopened session works in a forked child; an opened one raises SessionMisuse there."""
        async with RawServer(http_bytes()).running() as base_url:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(FORKED)),
                *(state, base_url),
                stdout=subprocess.PIPE,
            )
            output, _ = await asyncio.wait_for(process.communicate(), 30)
        lines = output.decode().splitlines()
        if state == "unopened":
            assert lines == ["child answered"]
        else:
            assert lines[0] == "answered"
            assert lines[1].startswith("child SessionMisuse: this session was opened before the")


class TestClosing:
    """Closing ends every call."""

    @virtual
    async def test_every_call_after_closing(self):
        """After closing, every call raises SessionClosed, and closing again does nothing."""
        async with session_over(FakeTransport()) as session:
            stream = session.stream([worker_query(1)])
        await session.aclose()
        for call in (
            session.fetch(worker_query(1)),
            session.collect([worker_query(1)]),
            stream.__aenter__(),
            session.__aenter__(),
            session.iterate(queries.workers(WORKSPACE)).collect(),
        ):
            with pytest.raises(errors.SessionClosed):
                await call

    @pytest.mark.parametrize("ordered", [False, True])
    @virtual
    async def test_open_streams(self, ordered):
        """A stream whose session closes delivers finished outcomes, then raises SessionClosed."""
        transport = FakeTransport(latency=1)
        async with (
            session_over(transport, max_in_flight=3) as session,
            session.stream(worker_queries(50), ordered=ordered) as outcomes,
        ):
            await asyncio.sleep(2.5)
            ready = outcomes.progress.done
            assert ready == 3
            await session.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            for _ in range(ready):
                await anext(outcomes)
            with pytest.raises(errors.SessionClosed):
                await anext(outcomes)
        assert transport.in_flight == 0

    @virtual
    async def test_waiting_requests(self):
        """Requests that wait for a permit, a pause or a backoff raise SessionClosed."""
        transport = FakeTransport(lambda _: trouble(429, retry_after=60))
        async with session_over(transport) as session:
            tasks = [asyncio.create_task(session.fetch(worker_query(n))) for n in range(3)]
            await asyncio.sleep(1)
            await session.aclose()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ended] == [errors.SessionClosed] * 3
        assert now() == 1

    @virtual
    async def test_just_granted(self):
        """A request with a permit that was not sent before closing raises SessionClosed."""
        transport = FakeTransport(latency=1)
        async with session_over(transport, max_in_flight=1) as session:
            tasks = [asyncio.create_task(session.fetch(worker_query(n))) for n in range(2)]
            await asyncio.sleep(0.5)
            tasks[0].cancel()
            await asyncio.sleep(
                0
            )  # the first request's slot goes to the second, which has not run yet
            await session.aclose()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(ended[1], errors.SessionClosed)

    @virtual
    async def test_inside_its_own_stream(self):
        """The consumer or the source of a stream may close the session."""
        async with session_over(FakeTransport()) as session:

            async def source():
                yield worker_query(1)
                await session.aclose()
                yield worker_query(2)

            with pytest.raises(errors.SessionClosed):
                await session.collect(source())

    @virtual
    async def test_a_listing_under_a_stream(self):
        """Closing ends a stream whose list is still being read, and leaves no task."""
        listed = pages([worker_sid(number) for number in range(50)], 5)
        transport = FakeTransport(
            lambda r: statistics(r) if "WK" in r.target else listed(r), latency=1
        )
        async with session_over(transport, max_in_flight=3) as session:
            listing = queries.workers(WORKSPACE, page_size=5)
            stream = session.stream_worker_statistics(WORKSPACE, workers=listing)
            collecting = asyncio.create_task(stream.collect())
            await asyncio.sleep(3.5)
            await session.aclose()
            await settle()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            with pytest.raises(errors.SessionClosed):
                await collecting

    @pytest.mark.parametrize("reused", [False, True])
    async def test_requests_on_the_wire(self, reused):
        """Requests in flight at closing raise SessionClosed at once."""
        hold, inside = asyncio.Event(), asyncio.Semaphore(0)

        async def answer(_):
            if hold.is_set():
                inside.release()
                await asyncio.sleep(60)
            return web.json_response(ANSWER)

        async with serving(answer) as base_url:
            session = TaskRouterSession(CREDENTIALS, base_url=base_url)
            if reused:
                await session.collect(worker_queries(20))
            hold.set()
            tasks = [asyncio.create_task(session.fetch(worker_query(n))) for n in range(5)]
            for _ in range(5 if reused else 1):
                await inside.acquire()
            closing = [asyncio.create_task(session.aclose()) for _ in range(2)]
            ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
            await asyncio.gather(*closing)
        assert [type(end) for end in ended] == [errors.SessionClosed] * 5


@virtual
async def test_closing_ends_a_backoff():
    """A fetch that backs off raises SessionClosed as soon as the session is closed."""
    policy = RetryPolicy(base=60, cap=60)
    async with session_over(FakeTransport(lambda _: trouble(503)), retry=policy) as session:
        fetching = asyncio.create_task(session.fetch(worker_query(1)))
        await settle()
        await session.aclose()
        with pytest.raises(errors.SessionClosed):
            await fetching
    assert now() < 1


@virtual
async def test_an_open_circuit_gives_a_stream_one_more_worker():
    """One worker for each bulk slot; one more while the circuit is open; never less than one."""
    async with session_over(FakeTransport(), max_in_flight=50) as session:
        lifecycle = session._lifecycle
        assert lifecycle.stream_workers() == 49
        lifecycle.require_open().executor.breaker.open = True
        assert lifecycle.stream_workers() == 50
    async with session_over(FakeTransport(), max_in_flight=1) as session:
        assert session._lifecycle.stream_workers() == 1
