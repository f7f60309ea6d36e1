"""Moves bytes: one request out, one whole reply in. It decides nothing.

The only file that touches aiohttp's client.
"""

import platform

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from taskrouter_stats._version import __version__
from taskrouter_stats.core.reply import LARGEST_BODY, Reply
from taskrouter_stats.core.request import Request
from taskrouter_stats.errors import (
    ConfigError,
    ConnectionFailed,
    SessionClosed,
    TaskRouterStatsError,
    TimedOut,
)
from taskrouter_stats.models import Credentials

__all__ = ["HttpSession", "Transport"]

HttpSession = aiohttp.ClientSession
"""What a caller may lend: its connections, its connector's limits, its resolver."""

_USER_AGENT = (
    f"taskrouter-stats/{__version__} Python/{platform.python_version()}"
    f" ({platform.system()} {platform.machine()})"
)


class Transport:
    """An open way to one host, with one set of credentials.

    Our own aiohttp session has no connection limit, since the pacer already bounds what is on
    the wire, keeps no cookies, and reads neither proxies nor ``.netrc`` by itself. A borrowed one
    keeps its own connector and is not closed.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        timeout: float,
        proxy: str | None,
        http: HttpSession | None,
    ) -> None:
        if http is not None and http.auth is not None:
            raise ConfigError("the borrowed aiohttp session has auth= of its own; leave it out")
        if http is not None and http.trust_env:
            raise ConfigError(
                "the borrowed aiohttp session has trust_env=True and would read credentials from "
                ".netrc; make it without, and give proxy= or trust_env= to TaskRouterSession"
            )
        if http is not None and http.closed:
            raise ConfigError("the borrowed aiohttp session is closed")
        self._base_url = base_url
        self._seconds = timeout
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._proxy = None if proxy is None else URL(proxy)
        self._headers = {
            "Authorization": credentials.authorization(),
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
        }
        self._headers_with_body = {**self._headers, "Content-Type": "application/json"}
        self._secrets = credentials.secrets()
        self._owned = http is None
        self._http = http if http is not None else _own_session()

    async def send(self, request: Request) -> Reply:
        """Send once and read the reply to its last byte; redirects are not followed.

        Of a body that is too large the rest is not read, and its connection is closed.

        Raises:
            TimedOut: when that took longer than the timeout.
            ConnectionFailed: when no whole reply came.
            SessionClosed: when the aiohttp session was closed, before it or under it.
        """
        try:
            response = await self._http.request(
                request.method,
                URL(self._base_url + request.target, encoded=True),
                headers=self._headers if request.body is None else self._headers_with_body,
                data=request.body,
                allow_redirects=False,
                timeout=self._timeout,
                proxy=self._proxy,
                raise_for_status=False,
            )
            body = await _whole(response)
            return Reply(response.status, response.headers, self._scrubbed(body))
        except Exception as error:
            found = self._failure(error)
            if found is None:
                raise
            failure = found
        # Raised here and not above: an error kept in a Failure must not keep aiohttp's frames,
        # with a connection and its buffers, alive through its context.
        raise failure

    def _scrubbed(self, body: bytes) -> bytes:
        """A body without our secret, which a server or proxy that echoes requests may repeat."""
        for secret in self._secrets:
            if secret in body:
                body = body.replace(secret, b"(secret)")
        return body

    def _failure(self, error: Exception) -> TaskRouterStatsError | None:
        """What an exception means; one that is not aiohttp's own means nothing here."""
        if self._http.closed:  # which aiohttp tells in several ways, a RuntimeError among them
            return SessionClosed("the session was closed while a request was under way")
        if isinstance(error, TimeoutError):
            return TimedOut(self._seconds)
        if isinstance(error, (aiohttp.ClientError, OSError)):
            return ConnectionFailed(_why(error))
        return None

    async def aclose(self) -> None:
        """Close what is ours."""
        if self._owned:
            await self._http.close()


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, cut as soon as it is larger than any that TaskRouter sends.

    Its last byte sets the connection free; whatever ends it sooner closes the connection.
    """
    chunks, size, content = list[bytes](), 0, response.content
    try:
        while not content.at_eof():
            chunk = await content.readany()
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY:
                response.close()
                return b"".join(chunks)[: LARGEST_BODY + 1]
    except BaseException:
        response.close()
        raise
    return b"".join(chunks)


class _Response(aiohttp.ClientResponse):
    """Keeps aiohttp from sending a GET again by itself when a connection drops.

    It does so behind the pacer's and the retry policy's back: one leave, two requests. It knows
    those errors by their classes; this one it leaves alone.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        try:
            return await super().start(connection)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            failure = aiohttp.ClientConnectionError(_why(error))
        raise failure


def _own_session() -> HttpSession:
    return aiohttp.ClientSession(
        response_class=_Response,
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


def _why(error: Exception) -> str:
    """Aiohttp's words, but for a proxy's refusal, whose text holds the proxy's URL."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    name = type(error).__name__
    return f"{error} ({name})" if str(error) else name
