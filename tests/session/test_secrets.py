"""A canary for a token, another for a proxy's password: they are looked for wherever text goes."""

import asyncio
import gc
import json
import logging
import sys
import warnings
from collections.abc import Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import orjson
import pytest

from taskrouter_stats import RetryPolicy, TaskRouterSession, errors
from taskrouter_stats.models.redaction import Secret
from taskrouter_stats.session.transport import Transport
from tests.support.canaries import CREDENTIALS, PASSWORD, TOKEN, leaked, pickled, told_by
from tests.support.fakes import ANSWER, worker_query
from tests.support.servers import RawServer, http_bytes
from tests.support.virtual import settle

ONCE = RetryPolicy(attempts=1, refusals=1)
ECHO = f"Basic {TOKEN.basic} {TOKEN.secret} {quote(TOKEN.basic, safe='')}"
HEADERS = (f"X-Echo: {ECHO}", f"Twilio-Request-Id: {ECHO}", f"X-{quote(TOKEN.basic, safe='')}: 1")
TOLD = json.dumps({"code": 20003, "message": ECHO, "more_info": ECHO}).replace("/", "\\/").encode()
SPELLED = json.dumps({"message": "".join(f"<{ord(c):04x}" for c in TOKEN.secret)})
SPELLED = SPELLED.replace("<", "\\u").encode()
STATUSES = ("200 OK", "302 Found", "400 Bad", "401 No", "403 No", "404 No", "429 Slow", "500 Oh")
FAR, NEAR = "http://far.invalid", "http://127.0.0.1:9"
WAY = f"http://{PASSWORD.name}:{PASSWORD.secret}@127.0.0.1:9"


@asynccontextmanager
async def proxied(said, **options):
    """A session whose proxy says the same to everybody, and knows a password."""
    server = RawServer(said)
    async with server.running() as url:
        way = url.replace("//", f"//{PASSWORD.name}:{PASSWORD.secret}@")
        options = {"base_url": FAR, "allow_http": True, "retry": ONCE, **options}
        async with TaskRouterSession(CREDENTIALS, proxy=way, **options) as session:
            yield session, server


async def asked(base_url, **options):
    """One question to a session of its own."""
    async with TaskRouterSession(CREDENTIALS, base_url=base_url, retry=ONCE, **options) as session:
        return await session.fetch_with_meta(worker_query(1))


async def failure(work):
    """The error that this ends with."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 (whichever it is)
        await work
    return caught.value


async def until(true):
    """Give way until this is so."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 (it is so within few turns of the loop)
            await asyncio.sleep(0)


class TestObjects:
    """What a debugger, a repr or a format shows."""

    async def test_everything_that_a_session_holds(self):
        """Nothing reachable from an open session is plain text that holds a secret, or shows it."""
        for base_url in (FAR, "https://far.invalid"):
            async with proxied(http_bytes(), base_url=base_url) as (session, server):
                await session.collect([worker_query(1)])
                assert len(server.heads) == 1
                found = [path for path, value in within(session) if shows(value)]
                assert len(dict(within(session))) > 100
            assert found == []

    @pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>9}".format, ascii])
    def test_credentials(self, show):
        """Nor is it shown by credentials and settings however they are made text."""
        session = TaskRouterSession(CREDENTIALS)
        shown = [CREDENTIALS, session, session._settings, CREDENTIALS.secrets(), [CREDENTIALS]]
        assert leaked(*map(show, shown)) == []

    def test_no_pickle(self):
        """Neither credentials nor a session become a pickle."""
        session = TaskRouterSession(CREDENTIALS)
        assert [pickled(value) for value in (CREDENTIALS, session, session._settings)] == [b""] * 3


def within(value, path="", seen=None):
    """All that is reachable by attributes, slots and containers, each once, with the way to it."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, (type, type(json), type(within))):
        return
    seen.add(id(value))
    yield path, value
    slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()))
    inner = {name: getattr(value, name, None) for name in slots if isinstance(name, str)}
    inner |= getattr(value, "__dict__", {})
    if isinstance(value, Mapping):
        inner |= {f"[{key!r}]": item for key, item in list(value.items())}
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner |= {f"[{at}]": item for at, item in enumerate(value)}
    for name, item in inner.items():
        if not isinstance(item, (int, float, asyncio.AbstractEventLoop)):
            yield from within(item, f"{path}.{name}", seen)


def shows(value):
    """Whether its repr, or itself as plain text, tells a secret."""
    plain = type(value) in (str, bytes)
    return leaked(repr(value), *([value] if plain else []))


class TestErrors:
    """What servers and proxies make of a request that they repeat."""

    async def test_a_success(self):
        """What an answer repeats is not in its extra keys, nor in what is known of the reply."""
        told = TOLD[:-1] + b"," + orjson.dumps(ANSWER)[1:]
        async with RawServer(http_bytes(told, "200 OK", *HEADERS)).running() as base_url:
            success = await asked(base_url)
        assert "(secret)" in success.value.extra["message"]
        assert "(secret)" in success.meta.request_id
        assert leaked(repr(success), pickled(success)) == []

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            *((status, TOLD) for status in STATUSES[1:]),
            ("200 OK", ECHO.encode()),
            ("200 OK", b'{"workspace_sid": [' + TOLD + b"]}"),
            ("200 OK", b'{"workspace_sid": [' + SPELLED + b"]}"),
            ("200 OK", SPELLED[1:]),
            ("400 Bad", SPELLED),
            ("400 Bad", ECHO.encode()),
        ],
    )
    async def test_an_echo(self, status, body):
        """In no header, message, quote, traceback or pickle."""
        async with RawServer(http_bytes(body, status, *HEADERS)).running() as base_url:
            error = await failure(asked(base_url))
        assert isinstance(error, errors.ApiError | errors.PayloadError)
        assert "(secret)" in repr(vars(error))
        assert leaked(*told_by(error)) == []

    @pytest.mark.parametrize(
        "said",
        [
            f"GET / HTTP/1.1\r\nAuthorization: {ECHO}\r\n\r\n".encode(),
            f"{ECHO}\r\n\r\n".encode(),
            f"HTTP/1.1 200 OK\r\n{ECHO}\r\n\r\n".encode(),
            f"HTTP/1.1 200 OK\r\nContent-Length: {ECHO}\r\n\r\n".encode(),
            http_bytes(ECHO.encode(), "200 OK", *HEADERS, length=10_000),
            http_bytes(ECHO.encode(), "200 OK", *HEADERS, "Content-Encoding: gzip"),
            f"HTTP/1.1 200 OK\r\nX-Echo: {TOKEN.secret * 500}\r\n\r\n".encode(),
            f"HTTP/1.1 200 OK\r\n{TOKEN.basic * 200}: 1\r\n\r\n".encode(),
        ],
    )
    async def test_no_reply(self, said):
        """A reply that is none, or breaks off, tells no more in its error."""
        async with RawServer(said).running() as base_url:
            error = await failure(asked(base_url))
        assert type(error) is errors.ConnectionFailed
        assert leaked(*told_by(error)) == []

    async def test_a_failure_of_a_stream(self):
        """Nor does an outcome show it, nor what a stream tells of its progress."""
        async with RawServer(http_bytes(TOLD, "404 No", *HEADERS)).running() as base_url:
            session = TaskRouterSession(CREDENTIALS, base_url=base_url, retry=ONCE)
            async with session, session.stream([worker_query(1)]) as outcomes:
                [failed] = [outcome async for outcome in outcomes]
                assert leaked(repr(failed), pickled(failed), repr(outcomes.progress)) == []
        assert leaked(*told_by(failed.error)) == []

    @pytest.mark.parametrize("base_url", [FAR, "https://far.invalid"])
    @pytest.mark.parametrize("status", ["407 No", "502 Bad", "200 OK"])
    async def test_a_proxy_that_refuses(self, base_url, status):
        """A proxy that repeats what it was told has its own password blotted out as well."""
        echo = f"{PASSWORD.basic} {ECHO}"
        said = http_bytes(echo.encode(), status, f"Proxy-Authenticate: {echo}", *HEADERS)
        async with proxied(said, base_url=base_url) as (session, server):
            error = await failure(session.fetch(worker_query(1)))
        assert PASSWORD.found_in(*server.heads)
        assert leaked(*told_by(error)) == []

    @pytest.mark.parametrize("base_url", [FAR, "https://far.invalid"])
    async def test_a_proxy_that_is_not_there(self, base_url):
        """The error of a proxy that can't be reached doesn't tell its password."""
        session = TaskRouterSession(
            CREDENTIALS, base_url=base_url, proxy=WAY, allow_http=True, retry=ONCE
        )
        async with session:
            error = await failure(session.fetch(worker_query(1)))
        assert type(error) is errors.ConnectionFailed
        assert leaked(*told_by(error)) == []

    async def test_a_success_with_escaped_letters(self):
        """A record shows no secret whose letters the JSON escapes, nor one in a key of it."""
        said = (
            SPELLED[:-1]
            + b', "'
            + TOKEN.secret.encode()
            + b'": 1, '
            + json.dumps(ANSWER).encode()[1:]
        )
        async with RawServer(http_bytes(said)).running() as base_url:
            success = await asked(base_url)
        assert success.value.extra == {"message": "(secret)", "(secret)": 1}

    async def test_a_setting_of_the_limit(self):
        """What is kept of the rate limit's headers holds none."""
        async with RawServer(
            http_bytes(json.dumps(ANSWER).encode(), "200 OK", f"X-Rate-Limit-Config: {ECHO}")
        ).running() as url:
            success = await asked(url)
        assert success.meta.rate_limit.config == "Basic (secret) (secret) (secret)"


class TestCancelled:
    """What is ended from outside keeps no frame of what it was doing."""

    @pytest.mark.parametrize("said", [b"", http_bytes(b"{", "200 OK", *HEADERS, length=100)])
    @pytest.mark.parametrize("by", ["deadline", "cancel", "timeout"])
    async def test_at_a_reply_that_does_not_end(self, said, by):
        """Before and within the reply: its headers and ours are in no traceback with locals."""

        async def ended(base_url):
            async with asyncio.timeout(0.02 if by == "deadline" else None):
                await asked(base_url, timeout=0.02 if by == "timeout" else 5)

        server = RawServer(said, hold=True)
        async with server.running() as base_url:
            task = asyncio.create_task(ended(base_url))
            if by == "cancel":
                await until(lambda: server.heads)
                await settle(50)  # until what there is of the reply has been read
                task.cancel()
            error = await failure(task)
        assert isinstance(error, asyncio.CancelledError if by == "cancel" else TimeoutError)
        assert leaked(*told_by(error)) == []

    async def test_an_error_that_is_nobodys(self):
        """What a caller's own middleware raises passes with all of its frames, and no secret."""

        async def broken(request, handler):
            raise LookupError(request.method)

        async with aiohttp.ClientSession(middlewares=(broken,)) as http:
            error = await failure(asked(NEAR, http=http))
        assert isinstance(error, LookupError)
        told = told_by(error)
        assert "broken" in "".join(str(text) for text in told)
        assert leaked(*told) == []


class TestLogs:
    """Everything at DEBUG, asyncio's debug mode and aiohttp's loggers included."""

    async def test_while_it_works(self, caplog):
        """Replies, refusals, breaks, cancels and each callback of the loop are logged without."""
        caplog.set_level(logging.DEBUG)
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        said = [http_bytes(TOLD, status, *HEADERS) for status in STATUSES]
        for bytes_of_it in (*said, b"", http_bytes(b"{", length=99)):
            async with proxied(bytes_of_it) as (session, _):
                await failure(session.collect([worker_query(1), object()]))
        async with RawServer(b"", hold=True).running() as base_url:
            await failure(asyncio.wait_for(asked(base_url), 0.02))
        loop.set_debug(False)
        assert {"asyncio"} <= {record.name for record in caplog.records}
        assert len(caplog.records) > 50
        assert leaked(caplog.text, *(repr(vars(record)) for record in caplog.records)) == []

    def test_a_loop_that_is_left_in_the_middle(self, caplog, monkeypatch):
        """A task destroyed while pending, and sockets never closed, are complained of without."""
        unraisable = []
        monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
        loop, tasks = asyncio.new_event_loop(), []
        loop.set_debug(True)

        async def begun():
            server = RawServer(b"", hold=True)
            served = server.running()  # and never left, which would wait for the task's connection
            base_url = await served.__aenter__()
            tasks.append((served, asyncio.create_task(asked(base_url))))
            await until(lambda: server.heads)

        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            loop.run_until_complete(begun())
            loop.close()
            tasks.clear()
            gc.collect()
        assert "Task was destroyed but it is pending" in caplog.text
        assert leaked(caplog.text, *(repr(vars(record)) for record in caplog.records)) == []
        assert leaked(*(str(warning.message) for warning in warned)) == []
        for trouble in unraisable:
            assert leaked(repr(trouble), *told_by(trouble.exc_value)) == []


async def test_a_proxy_password_is_blotted_out_in_the_clear_too():
    """A proxy that tells back who asked, undone from its header, shows no password."""
    way = Secret("http://bob:hunter2%21secret@127.0.0.1:1")
    transport = Transport("https://far.example", CREDENTIALS, timeout=5.0, proxy=way, http=None)
    assert transport._blotter.quote("denied: bob:hunter2!secret") == "denied: bob:(secret)"
    await transport.aclose()
