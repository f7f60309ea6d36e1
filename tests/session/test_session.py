"""The session as callers hold it: calls, their mistakes, and what the whole walk gives."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from taskrouter_stats import RetryPolicy, TaskRouterSession, Window, errors, models, queries
from tests.support.fakes import (
    ACCOUNT,
    ANSWER,
    CREDENTIALS,
    TOKEN,
    WORKSPACE,
    FakeTransport,
    limits,
    session_over,
    statistics,
    worker_query,
    worker_sid,
)
from tests.support.servers import RawServer, http_bytes, serving
from tests.support.virtual import settle, virtual

LISTING = queries.workers(WORKSPACE)


class TestFetch:
    """One question."""

    async def test_a_typed_answer(self, mocked):
        """A query is answered by its model, unknown keys kept."""
        body = {**ANSWER, "cumulative": {"reservations_created": "7"}, "new": 1}
        mocked.answer(payload=body)
        async with TaskRouterSession(CREDENTIALS) as session:
            found = await session.fetch(worker_query(1))
        assert isinstance(found, models.WorkerStatistics)
        assert found.cumulative.reservations_created == 7
        assert found.extra == {"new": 1}

    async def test_errors_carry_what_the_server_said(self, mocked):
        """A refusal is the error that its status names, with code, words, id and headers."""
        body = {"code": 20404, "message": "gone", "more_info": "https://x", "status": 404}
        mocked.answer(status=404, payload=body, headers={"Twilio-Request-Id": "RQ1"})
        async with TaskRouterSession(CREDENTIALS) as session:
            with pytest.raises(errors.NotFound) as caught:
                await session.fetch(worker_query(1))
        error = caught.value
        assert (error.status, error.code, error.message) == (404, 20404, "gone")
        assert (error.request_id, error.more_info, error.attempts) == ("RQ1", "https://x", 1)
        assert error.headers["twilio-request-id"] == "RQ1"
        assert TOKEN not in repr(error)

    async def test_connections_refused_are_tried_again(self, mocked):
        """A refused connection is followed by another attempt."""
        mocked.answer(exception=aiohttp.ClientConnectionError("refused"))
        mocked.answer(timeout=True)
        mocked.answer(payload=ANSWER)
        async with TaskRouterSession(CREDENTIALS, retry=RetryPolicy(base=0)) as session:
            success = await session.fetch_with_meta(worker_query(1))
        assert (success.meta.attempts, success.meta.status) == (3, 200)
        assert success.unwrap() == success.value

    @pytest.mark.parametrize("wrong", [LISTING, "WK1", None, [worker_query(1)]])
    @virtual
    async def test_something_else_than_a_query(self, wrong):
        """Fetching anything but one query says which call is right, and sends nothing."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            with pytest.raises(errors.UsageError, match=r"session\.iterate\(listing\)"):
                await session.fetch(wrong)
        assert transport.sent == []

    @pytest.mark.parametrize(
        "options", [{"priority": "high"}, {"max_wait": -1}, {"max_wait": "5"}, {"max_wait": True}]
    )
    @virtual
    async def test_options_that_can_t_be(self, options):
        """Another priority or wait than there are is refused, and nothing is sent."""
        transport = FakeTransport()
        async with session_over(transport) as session:
            with pytest.raises(errors.InvalidParameter):
                await session.fetch(worker_query(1), **options)
        assert transport.sent == []

    @virtual
    async def test_interactive_before_bulk(self):
        """A fetch passes a stream's waiting queries, and a fetch in bulk does not."""
        transport = FakeTransport(latency=1)
        async with session_over(transport, max_in_flight=1) as session:
            tasks = []
            for number, priority in enumerate(["bulk", "bulk", "bulk", "interactive"]):
                fetched = session.fetch(worker_query(number), priority=priority)
                tasks.append(asyncio.create_task(fetched))
                await settle()
            await asyncio.gather(*tasks)
        assert transport.numbers == [0, 3, 1, 2]


class TestOtherCalls:
    """Listings, streams, budgets."""

    @pytest.mark.parametrize("wrong", [worker_query(1), None, "WS1", [LISTING]])
    def test_iterate_takes_a_listing(self, wrong):
        """Iterating over anything but a listing says which call is right."""
        session = TaskRouterSession(CREDENTIALS)
        with pytest.raises(errors.UsageError, match=r"session\.fetch\(query\)"):
            session.iterate(wrong)

    @pytest.mark.parametrize(
        ("arguments", "options", "kind"),
        [
            (("WS1",), {}, errors.InvalidSid),
            ((WORKSPACE, "today"), {}, errors.InvalidWindow),
            ((WORKSPACE, None), {}, errors.InvalidWindow),
            ((WORKSPACE,), {"task_channel": ""}, errors.InvalidParameter),
            ((WORKSPACE,), {"workers": worker_sid(1)}, errors.UsageError),
            ((WORKSPACE,), {"workers": 7}, errors.UsageError),
            ((WORKSPACE,), {"workers": worker_query(1)}, errors.UsageError),
        ],
    )
    def test_the_main_job_checks_at_once(self, arguments, options, kind):
        """Arguments of the main job that can't be are refused by the call itself."""
        session = TaskRouterSession(CREDENTIALS)
        with pytest.raises(kind):
            session.stream_worker_statistics(*arguments, **options)

    @virtual
    async def test_budgets(self, simple_throttle):
        """Budgets show what was told, what is going on and why the next one would wait."""
        transport = FakeTransport(lambda r: statistics(r, **limits(8, 3)), latency=1)
        async with session_over(transport, headroom=0.5) as session:
            assert session.budgets() == ()
            await session.fetch(worker_query(1))
            running = asyncio.create_task(session.fetch(worker_query(2)))
            await asyncio.sleep(0.1)
            [budget] = session.budgets()
            assert (budget.account, budget.workspace) == (ACCOUNT, WORKSPACE)
            assert (budget.limit, budget.remaining, budget.pace) == (8, 3, 4)
            assert (budget.in_flight, budget.waiting, budget.sent) == (1, 0, 2)
            await running

    @virtual
    async def test_pace_limit(self):
        """With pace_limit a run keeps to it from the first request on."""
        transport = FakeTransport(latency=0)
        async with session_over(transport, pace_limit=4) as session:
            await session.collect([worker_query(number) for number in range(21)])
        took = transport.times[-1] - transport.times[0]
        assert took >= 20 / 4 - 0.5


class TestLentSession:
    """An aiohttp session that is the caller's."""

    async def test_it_stays_open(self, mocked):
        """Closing our session leaves the lent one open and usable."""
        mocked.answer(payload=ANSWER, repeat=True)
        async with aiohttp.ClientSession() as http:
            for _ in range(2):
                async with TaskRouterSession(CREDENTIALS, http=http) as session:
                    await session.fetch(worker_query(1))
            assert not http.closed

    async def test_a_closed_one_is_refused(self):
        """A closed aiohttp session is refused at the first use, as a mistake in the setting up."""
        async with aiohttp.ClientSession() as http:
            pass
        session = TaskRouterSession(CREDENTIALS, http=http)
        with pytest.raises(errors.ConfigError):
            await session.fetch(worker_query(1))
        await session.aclose()


class TestProxy:
    """Somebody in between, from the environment."""

    async def test_from_the_environment(self, monkeypatch):
        """With trust_env requests go by the environment's proxy."""
        between = RawServer(http_bytes())
        async with between.running() as proxy:
            monkeypatch.setenv("http_proxy", proxy)
            monkeypatch.setenv("no_proxy", "")
            options = {"base_url": "http://far.invalid", "trust_env": True, "allow_http": True}
            async with TaskRouterSession(CREDENTIALS, **options) as session:
                await session.fetch(worker_query(1))
        [head] = between.heads
        assert head.startswith("GET http://far.invalid/v1/Workspaces/")

    @pytest.mark.parametrize("allow_http", [False, True])
    async def test_this_machine_is_asked_directly(self, monkeypatch, allow_http):
        """The environment's proxy never sees what goes to this machine."""
        between, near = RawServer(http_bytes()), RawServer(http_bytes())
        async with between.running() as proxy, near.running() as base_url:
            monkeypatch.setenv("http_proxy", proxy)
            monkeypatch.setenv("no_proxy", "")
            options = {"base_url": base_url, "trust_env": True, "allow_http": allow_http}
            async with TaskRouterSession(CREDENTIALS, **options) as session:
                await session.fetch(worker_query(1))
        assert (len(between.heads), len(near.heads)) == (0, 1)

    async def test_given(self):
        """The proxy that is given to the session is asked for every request."""
        between = RawServer(http_bytes())
        async with between.running() as proxy:
            options = {"base_url": "http://far.example", "allow_http": True, "proxy": proxy}
            async with TaskRouterSession(CREDENTIALS, **options) as session:
                await session.collect([worker_query(1), worker_query(1)])
        assert len(between.heads) == 2


class TestHostileServers:
    """What a server can't make this session do."""

    async def test_another_host_is_never_contacted(self):
        """A next page on another host is asked of the base URL, and that host hears nothing."""
        evil, asked = RawServer(http_bytes()), []

        async def answer(request):
            asked.append(request.query.get("Page"))
            more = None if asked[-1] else f"{evil_url}{request.path}?Page=1"
            workers = [{"sid": worker_sid(len(asked))}]
            return web.json_response({"workers": workers, "meta": {"next_page_url": more}})

        async with (
            evil.running() as evil_url,
            serving(answer) as base_url,
            TaskRouterSession(CREDENTIALS, base_url=base_url) as session,
        ):
            assert len(await session.iterate(LISTING).collect()) == 2
        assert asked == [None, "1"]
        assert evil.heads == []

    async def test_redirects_never_carry_credentials(self):
        """A redirect to another host is an error of the reply, and that host hears nothing."""
        evil = RawServer(http_bytes())
        async with evil.running() as evil_url:
            said = http_bytes(b"", "307 Temporary Redirect", f"Location: {evil_url}/")
            async with (
                RawServer(said).running() as base_url,
                TaskRouterSession(CREDENTIALS, base_url=base_url) as session,
            ):
                with pytest.raises(errors.ApiError, match="does not follow redirects"):
                    await session.fetch(worker_query(1))
        assert evil.heads == []

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"7", b"\xff", b"{" * 99_999])
    async def test_bodies_without_sense(self, mocked, body):
        """A body that is no object is a PayloadError, and is not asked for again."""
        mocked.answer(body=body)
        async with TaskRouterSession(CREDENTIALS) as session:
            with pytest.raises(errors.PayloadError):
                await session.fetch(worker_query(1, Window.last(days=1)))
