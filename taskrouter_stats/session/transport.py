"""Moves bytes: one request out, one whole reply in. It decides nothing.

The only file that touches aiohttp's client.
"""

import asyncio
import platform
from collections.abc import Callable
from contextvars import ContextVar

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
from taskrouter_stats.models.secret import Blotter, Secret, basic

__all__ = ["HttpSession", "Transport"]

HttpSession = aiohttp.ClientSession
"""What a caller may lend: its connections, its connector's limits, its resolver."""

_DEPARTED = ContextVar[Callable[[], None]]("departed")
"""Whom to tell that this task's request is on its way."""

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
        proxy: Secret | None,
        http: HttpSession | None,
    ) -> None:
        if http is not None:
            _check_borrowed(http)
        self._base_url = base_url
        self._seconds = timeout
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._headers = {
            "Authorization": credentials.authorization(),
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
        }
        secrets = credentials.secrets()
        self._proxy = self._proxy_headers = None
        if proxy is not None:
            # Apart from the URL, since aiohttp would hold the password in a plain tuple.
            self._proxy, authorization, password = _parted(URL(proxy))
            if authorization is not None:
                secrets += authorization[len("Basic ") :], password
                header = {"Proxy-Authorization": authorization}
                if base_url.startswith("https:"):
                    self._proxy_headers = header
                else:
                    self._headers |= header
        self._headers_with_body = {**self._headers, "Content-Type": "application/json"}
        self._blotter = Blotter(secrets)
        self._owned = http is None
        self._http = http if http is not None else _own_session()

    async def send(self, request: Request, departed: Callable[[], None]) -> Reply:
        """Send once and read the reply to its last byte; redirects are not followed.

        Of a body that is too large the rest is not read, and its connection is closed.

        Args:
            request: what is sent.
            departed: called once it is on its way, a connection having been made where there was
                none; of a borrowed aiohttp session nobody knows that, and it is called before.

        Raises:
            TimedOut: when that took longer than the timeout.
            ConnectionFailed: when no whole reply came.
            SessionClosed: when the aiohttp session was closed, before it or under it.
        """
        try:
            return await self._exchanged(request, departed)
        except asyncio.CancelledError as stop:
            # Whose frames would show, in a traceback with locals, what was being sent and read.
            raise stop.with_traceback(None) from None
        except Exception as error:
            found = self._failure(error)
            if found is None:
                raise
            failure = found
        # Raised here and not above: an error kept in a Failure must not keep aiohttp's frames,
        # with a connection, its buffers and an unread reply, alive through its context.
        raise failure

    async def _exchanged(self, request: Request, departed: Callable[[], None]) -> Reply:
        if self._owned:
            _DEPARTED.set(departed)
        else:
            departed()
        try:
            response = await self._http.request(
                request.method,
                URL(self._base_url + request.target, encoded=True),
                headers=self._headers if request.body is None else self._headers_with_body,
                data=request.body,
                allow_redirects=False,
                timeout=self._timeout,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                raise_for_status=False,
            )
        finally:
            _DEPARTED.set(_nobody)
        return Reply(response.status, response.headers, await _whole(response), self._blotter)

    def _failure(self, error: Exception) -> TaskRouterStatsError | None:
        """What an exception means; one that is not aiohttp's own means nothing here."""
        if self._http.closed:  # which aiohttp tells in several ways, a RuntimeError among them
            return SessionClosed("the session was closed while a request was under way")
        if isinstance(error, TimeoutError):
            return TimedOut(self._seconds)
        if isinstance(error, (aiohttp.ClientError, OSError)):
            return ConnectionFailed(self._blotter.quote(_why(error)))
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


def _nobody() -> None:
    """Who was told is not kept alive by this task."""


class _Response(aiohttp.ClientResponse):
    """Tells when its request has been written, which is when aiohttp starts to wait for it.

    And keeps aiohttp from sending a GET again by itself when a connection drops. It does so behind
    the pacer's and the retry policy's back: one leave, two requests. It knows those errors by their
    classes; this one it leaves alone.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        _DEPARTED.get()()
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


def _check_borrowed(http: HttpSession) -> None:
    """Refuse a session that would send credentials of its own, or ours another way."""
    if http.auth is not None:
        raise ConfigError("the borrowed aiohttp session has auth= of its own; leave it out")
    if http.trust_env:
        raise ConfigError(
            "the borrowed aiohttp session has trust_env=True and would read credentials from "
            ".netrc; make it without, and give proxy= or trust_env= to TaskRouterSession"
        )
    if getattr(http, "_default_proxy", None) is not None:
        raise ConfigError(
            "the borrowed aiohttp session has proxy= of its own; make it without, and give "
            "proxy= to TaskRouterSession"
        )
    if http.closed:
        raise ConfigError("the borrowed aiohttp session is closed")


def _parted(proxy: URL) -> tuple[URL, Secret | None, Secret]:
    """A proxy's URL without user and password, the header that they make, and the password."""
    password = Secret(proxy.password or "")
    if proxy.user is None and proxy.password is None:
        return proxy, None, password
    return proxy.with_user(None), basic(proxy.user or "", password), password


def _why(error: Exception) -> str:
    """Aiohttp's words, but for a proxy's refusal, whose text holds the proxy's URL."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    name = type(error).__name__
    return f"{error} ({name})" if str(error) else name
