"""Transport: headers, redirects, timeouts, proxies, borrowed sessions, hostile servers."""

import asyncio
import base64
import re
import socket

import aiohttp
import orjson
import pytest
from aiohttp import web
from yarl import URL

from taskrouter_stats import SessionOptions, __version__, errors, queries
from taskrouter_stats.core.request import build_request
from taskrouter_stats.session.transport import Transport
from tests.support.certificates import untrusted
from tests.support.fakes import ACCOUNT, CREDENTIALS, TOKEN, WORKSPACE, worker_query
from tests.support.servers import RawServer, http_bytes, serving

BASE = "https://taskrouter.twilio.com"
REQUEST = build_request(worker_query(1), ACCOUNT)
URL_OF_IT = URL(BASE + REQUEST.target)
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


async def send(base_url=BASE, request=REQUEST, *, timeout=5.0, proxy=None, http=None):  # noqa: ASYNC109
    """Send one request with a new transport."""
    transport = Transport(base_url, CREDENTIALS, timeout=timeout, proxy=proxy, http=http)
    try:
        return await transport.send(request, lambda: None)
    finally:
        await transport.aclose()


class TestRequest:
    """The request on the wire."""

    async def test_headers(self, mocked):
        """Credentials go in one header; the user agent names package, Python and platform."""
        mocked.answer(payload={})
        await send()
        [call] = mocked.requests["GET", URL_OF_IT]
        headers = call.kwargs["headers"]
        assert headers["Authorization"] == BASIC
        assert headers["Accept"] == "application/json"
        agent = rf"taskrouter-stats/{re.escape(__version__)} Python/3\.\d+\.\d+\S* \(\w+ .*\)"
        assert re.fullmatch(agent, headers["User-Agent"])

    async def test_the_reply_is_unchanged(self, mocked):
        """Status, headers in lower case and body come back unchanged, also for errors."""
        mocked.answer(status=404, body=b"{odd", headers={"Twilio-Request-Id": "RQ1"})
        reply = await send()
        assert (reply.status, reply.body) == (404, b"{odd")
        assert reply.headers.get("twilio-request-id") == reply.request_id == "RQ1"

    async def test_redirects_are_not_followed(self, mocked):
        """A redirect comes back as a reply, and its target gets no request."""
        mocked.answer(status=302, headers={"Location": "https://evil.example/"})
        assert (await send()).status == 302
        assert [url.host for _, url in mocked.requests] == ["taskrouter.twilio.com"]

    async def test_encoded_once(self):
        """The query is percent-encoded once."""
        seen = []

        async def answer(request):
            seen.append(request.raw_path)
            return web.json_response({})

        requested = queries.workers(WORKSPACE, friendly_name="a+b %2F&c/ü", page_size=5)
        async with serving(answer) as base_url:
            await send(f"{base_url}/api", build_request(requested, ACCOUNT))
        name = "a%2Bb%20%252F%26c%2F%C3%BC"
        path = f"/api/v1/Workspaces/{WORKSPACE}/Workers"
        assert seen == [f"{path}?FriendlyName={name}&PageSize=5"]

    async def test_cookies_are_not_kept(self):
        """A cookie that the server sets is not sent back."""
        seen = []

        async def answer(request):
            seen.append(dict(request.cookies))
            return web.json_response({}, headers={"Set-Cookie": "a=b"})

        async with serving(answer) as base_url:
            transport = Transport(base_url, CREDENTIALS, timeout=5, proxy=None, http=None)
            for _ in range(2):
                await transport.send(REQUEST, lambda: None)
            await transport.aclose()
        assert seen == [{}, {}]

    async def test_no_request_queues_in_aiohttp(self):
        """Three hundred requests are in flight at once: only the pacer limits them."""
        inside, everybody = 0, asyncio.Event()

        async def answer(_):
            nonlocal inside
            inside += 1
            if inside == 300:
                everybody.set()
            await everybody.wait()
            return web.json_response({})

        async with serving(answer) as base_url:
            transport = Transport(base_url, CREDENTIALS, timeout=60, proxy=None, http=None)
            await asyncio.gather(*(transport.send(REQUEST, lambda: None) for _ in range(300)))
            await transport.aclose()
        assert inside == 300


class TestTimeout:
    """The timeout, from connect to the last byte."""

    @pytest.mark.parametrize(
        "reply_bytes", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", http_bytes(b"{", length=100)]
    )
    async def test_a_reply_that_does_not_end(self, reply_bytes):
        """No reply, half a head and half a body all end with TimedOut."""
        async with RawServer(reply_bytes, hold=True).running() as base_url:
            with pytest.raises(errors.TimedOut) as caught:
                await send(base_url, timeout=0.1)
        assert caught.value.seconds == 0.1

    async def test_a_slow_body(self):
        """A body that comes byte by byte does not outlast the timeout."""

        async def drip(request):
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.01)

        async with serving(drip) as base_url:
            with pytest.raises(errors.TimedOut):
                await send(base_url, timeout=0.2)

    async def test_a_timeout_of_aiohttp(self, mocked):
        """Aiohttp's timeout becomes TimedOut, which keeps no reference to it."""
        mocked.answer(timeout=True)
        with pytest.raises(errors.TimedOut) as caught:
            await send()
        assert caught.value.__context__ is None


class TestNoReply:
    """Connections that fail."""

    async def test_refused(self):
        """A port without a listener raises ConnectionFailed."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(errors.ConnectionFailed):
            await send(f"http://127.0.0.1:{port}")

    @pytest.mark.parametrize(
        "reply_bytes",
        [
            b"",
            b"\x00\xff\xfe garbage\r\n\r\n",
            b"HTTP/1.1 2OO OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
            http_bytes(b"{}", length=10),
            http_bytes(b"not gzip", "200 OK", "Content-Encoding: gzip"),
            http_bytes(b"not deflate", "200 OK", "Content-Encoding: deflate"),
        ],
    )
    async def test_no_whole_reply(self, reply_bytes):
        """A server that breaks off or sends malformed bytes raises only ConnectionFailed."""
        async with RawServer(reply_bytes).running() as base_url:
            with pytest.raises(errors.ConnectionFailed) as caught:
                await send(base_url)
        assert caught.value.__context__ is None
        assert TOKEN not in str(caught.value)

    async def test_one_send_is_one_request(self):
        """Aiohttp does not retry a request whose connection dropped."""
        server = RawServer(b"")
        async with server.running() as base_url:
            with pytest.raises(errors.ConnectionFailed):
                await send(base_url)
        assert len(server.heads) == 1

    async def test_an_echoed_secret(self):
        """A reply that repeats a secret is parsed unchanged; no repr shows the secret."""
        secrets = f"{BASIC} {TOKEN}".encode()
        async with RawServer(http_bytes(b'"' + secrets + b'"', "400 Bad")).running() as base_url:
            reply = await send(base_url)
        assert reply.body == b'"' + secrets + b'"'
        assert reply.redactor(reply.body) == b'"Basic (secret) (secret)"'
        assert TOKEN not in repr(reply)
        assert TOKEN not in repr(CREDENTIALS.secrets())

    async def test_headers_of_any_bytes(self):
        """A header's bytes that are not UTF-8 become U+FFFD; UTF-8 text stays."""
        odd = "Twilio-Request-Id: RQ\udcff\r\nContent-Type: a/\udcfe\r\nX-Name: Zo\u00eb"
        head = f"HTTP/1.1 503 Odd\r\n{odd}\r\nContent-Length: 2\r\n\r\n"
        async with RawServer(head.encode("utf-8", "surrogateescape") + b"{}").running() as base_url:
            reply = await send(base_url)
        assert reply.request_id == "RQ\ufffd"
        assert reply.shown(reply.headers["content-type"]) == "a/\ufffd"
        assert reply.headers["x-name"] == "Zo\u00eb"
        assert orjson.dumps([reply.shown(value) for value in reply.headers.values()])

    @pytest.mark.parametrize("status", ["101 Switching Protocols", "204 No Content", "304 Not"])
    async def test_replies_without_a_body(self, status):
        """A reply without a body is a reply."""
        reply_bytes = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
        async with RawServer(reply_bytes).running() as base_url:
            assert (await send(base_url)).status == int(status[:3])


class TestTls:
    """Which certificates the session trusts."""

    async def test_an_untrusted_certificate(self):
        """An untrusted certificate ends the request before any byte of it is sent."""
        heads = []

        async def served(reader, writer):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(http_bytes(b"{}"))
            writer.close()

        server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=untrusted())
        async with server:
            base_url = "https://{}:{}".format(*server.sockets[0].getsockname())
            with pytest.raises(errors.UntrustedCertificate, match="CERTIFICATE_VERIFY_FAILED"):
                await send(base_url)
            assert heads == []
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http:
                await send(base_url, http=http)  # a borrowed session keeps its own setting
        assert len(heads) == 1

    def test_no_option_about_certificates(self):
        """No option of a session concerns certificates."""
        words = ("ssl", "tls", "verify", "insecure", "cert")
        names = SessionOptions.__annotations__
        assert [name for name in names for word in words if word in name] == []


class TestProxy:
    """Requests through a proxy."""

    async def test_the_proxy_gets_plain_http(self):
        """The proxy gets a plain http request with its password in a separate header."""
        server = RawServer(http_bytes(b"{}"))
        async with server.running() as proxy:
            await send("http://far.example", proxy=proxy.replace("//", "//user:pw@"))
        [head] = server.heads
        assert head.startswith(f"GET http://far.example{REQUEST.target} HTTP/1.1\r\n")
        assert f"Authorization: {BASIC}\r\n" in head
        assert "Proxy-Authorization: Basic dXNlcjpwdw==\r\n" in head

    async def test_https_is_tunnelled(self):
        """A proxy that refuses a tunnel gets no credentials; the error does not show its URL."""
        server = RawServer(http_bytes(b"", "407 Proxy Authentication Required"))
        async with server.running() as proxy:
            with pytest.raises(errors.ConnectionFailed, match="the proxy answered 407") as caught:
                await send("https://far.example", proxy=proxy.replace("//", "//user:hunter2@"))
        [head] = server.heads
        assert head.startswith("CONNECT far.example:443 HTTP/1.1\r\n")
        assert "Proxy-Authorization: Basic dXNlcjpodW50ZXIy\r\n" in head
        assert BASIC not in head
        assert "hunter2" not in str(caught.value)

    async def test_proxy_variables_are_not_read(self, monkeypatch):
        """Our aiohttp session does not read proxies from the environment."""
        server = RawServer(http_bytes(b"{}"))
        async with server.running() as base_url:
            monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
            assert (await send(base_url)).status == 200


class TestBorrowed:
    """An aiohttp session lent by the caller."""

    async def test_it_is_not_closed(self, mocked):
        """Closing the transport leaves the caller's session open."""
        mocked.answer(payload={}, repeat=True)
        async with aiohttp.ClientSession(headers={"Authorization": "theirs"}) as http:
            await send(http=http)
            assert not http.closed
        [call] = mocked.requests["GET", URL_OF_IT]
        assert call.kwargs["headers"]["Authorization"] == BASIC

    async def test_raise_for_status_has_no_effect(self, mocked):
        """A session with raise_for_status=True returns replies all the same."""
        mocked.answer(status=500)
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            assert (await send(http=http)).status == 500

    async def test_sessions_that_cannot_be_borrowed(self):
        """A session with credentials, or a closed one, raises ConfigError at once."""
        async with aiohttp.ClientSession(trust_env=True) as http:
            with pytest.raises(errors.ConfigError, match="netrc"):
                await send(http=http)
        async with aiohttp.ClientSession(proxy="http://127.0.0.1:9") as http:
            with pytest.raises(errors.ConfigError, match="proxy="):
                await send(http=http)
        http = aiohttp.ClientSession()
        http._default_auth = ("user", "password")
        with pytest.raises(errors.ConfigError, match="auth="):
            await send(http=http)
        http._default_auth = None
        await http.close()
        with pytest.raises(errors.ConfigError, match="closed"):
            await send(http=http)

    async def test_closed_by_the_caller(self):
        """If the caller closes the session, current and later requests raise SessionClosed."""
        async with RawServer(b"", hold=True).running() as base_url:
            http = aiohttp.ClientSession()
            transport = Transport(base_url, CREDENTIALS, timeout=5, proxy=None, http=http)
            sending = asyncio.create_task(transport.send(REQUEST, lambda: None))
            await asyncio.sleep(0.05)
            await http.close()
            with pytest.raises(errors.SessionClosed):
                await sending
            with pytest.raises(errors.SessionClosed):
                await transport.send(REQUEST, lambda: None)
