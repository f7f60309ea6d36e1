"""Moves bytes: one request out, one whole reply in. It decides nothing.

The only file that touches aiohttp's client.
"""

import asyncio
import math
import platform
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from itertools import chain
from typing import cast
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from attrs import define
from yarl import URL

from taskrouter_stats._version import __version__
from taskrouter_stats.core.reply import MAX_BODY_BYTES, Reply
from taskrouter_stats.core.request import Request
from taskrouter_stats.errors import (
    ConfigError,
    ConnectionFailed,
    SessionClosed,
    TaskRouterStatsError,
    TimedOut,
    TransportError,
    UntrustedCertificate,
)
from taskrouter_stats.models import Credentials
from taskrouter_stats.models.redaction import Secret, SecretRedactor, basic_auth

__all__ = ["HttpSession", "Transport"]

HttpSession = aiohttp.ClientSession
"""What a caller may lend: its connections, its connector's limits, its resolver."""


_ReplyTimes = WeakKeyDictionary[ResponseHandler, float]


@define(eq=False, repr=False)
class _Send:
    """One send of this package's own aiohttp session, as its connector and response see it.

    Attributes:
        departed: called when the request is on its way.
        reused_at: when a connection that had served before was taken for it, or None.
        has_head: whether the reply's head came.
        replied_at: when the last reply's head came over each connection.
    """

    on_sent: Callable[[], None]
    replied_at: _ReplyTimes
    reused_at: float | None = None
    has_head: bool = False


_SEND = ContextVar[_Send]("send")
"""The send of this task, and between sends one that keeps nothing alive."""

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
            self._proxy, authorization, password = _split_proxy(URL(proxy))
            if authorization is not None:
                secrets += authorization[len("Basic ") :], password
                header = {"Proxy-Authorization": authorization}
                if base_url.startswith("https:"):
                    self._proxy_headers = header
                else:
                    self._headers |= header
        self._headers_with_body = {**self._headers, "Content-Type": "application/json"}
        self._blotter = SecretRedactor(secrets)
        self._connector: _Connector | None = None
        self._replied_at = _ReplyTimes()
        if http is None:
            self._connector = _Connector(self._replied_at)
            http = _own_session(self._connector)
        self._http = http

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
        send = _Send(departed, self._replied_at)
        try:
            return await self._exchanged(request, send)
        except asyncio.CancelledError as stop:
            # Whose frames would show, in a traceback with locals, what was being sent and read.
            raise stop.with_traceback(None) from None
        except Exception as error:
            found = self._failure(error)
            if found is None:
                raise
            failure = found
        reused = send.reused_at is not None and not send.has_head
        if reused and isinstance(failure, TransportError):
            failure.on_reused_connection = True
            self.drop_connections(send.reused_at)
        # Raised here and not above: an error kept in a Failure must not keep aiohttp's frames,
        # with a connection, its buffers and an unread reply, alive through its context.
        raise failure

    def drop_connections(self, silent_since: float | None = None) -> None:
        """Use no connection again that stands now, or that brought no reply since that time.

        A borrowed aiohttp session keeps its own.
        """
        if self._connector is not None:
            self._connector.distrust(silent_since)

    async def _exchanged(self, request: Request, send: _Send) -> Reply:
        if self._connector is not None:
            _SEND.set(send)
        else:
            send.on_sent()
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
            _SEND.set(_NO_SEND)
        body = await _read_body(response)
        return Reply(response.status, _utf8_headers(response), body, self._blotter)

    def _failure(self, error: Exception) -> TaskRouterStatsError | None:
        """What an exception means; one that is not aiohttp's own means nothing here."""
        if self._http.closed:  # which aiohttp tells in several ways, a RuntimeError among them
            return SessionClosed("the session was closed while a request was under way")
        if isinstance(error, TimeoutError):
            return TimedOut(self._seconds)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return UntrustedCertificate(self._blotter.quote(_describe(error)))
        if isinstance(error, (aiohttp.ClientError, OSError)):
            return ConnectionFailed(self._blotter.quote(_describe(error)))
        return None

    async def aclose(self) -> None:
        """Close what is ours."""
        if self._connector is not None:
            await self._http.close()


def _utf8_headers(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    """Return the headers with U+FFFD for each byte, read as a surrogate, that is not UTF-8."""
    if b"".join(chain.from_iterable(response.raw_headers)).isascii():
        return response.headers
    return {
        name.lower(): text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name, text in response.headers.items()
    }


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """The body, cut as soon as it is larger than any that TaskRouter sends.

    Its last byte sets the connection free; whatever ends it sooner closes the connection.
    """
    chunks, size, content = list[bytes](), 0, response.content
    try:
        while not content.at_eof():
            chunk = await content.readany()
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                response.close()
                return b"".join(chunks)[: MAX_BODY_BYTES + 1]
    except BaseException:
        response.close()
        raise
    return b"".join(chunks)


_NO_SEND = _Send(lambda: None, _ReplyTimes())


class _Connector(aiohttp.TCPConnector):
    """Hands out connections that bring the reply to the next request and to no other.

    It closes a pooled connection that holds unread bytes, which would be read as the reply to the
    next request, and one that brought its last reply before all such were distrusted.
    """

    def __init__(self, replied_at: _ReplyTimes) -> None:
        super().__init__(limit=0)  # pyright: ignore[reportUnknownMemberType] (aiohttp's)
        self._replied_at = replied_at
        self._trusted_since = -math.inf

    def distrust(self, silent_since: float | None) -> None:
        """Use no connection again whose last reply came before that time, or before now."""
        time = self._loop.time() if silent_since is None else silent_since
        self._trusted_since = max(self._trusted_since, time)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (the signature is aiohttp's)
    ) -> Connection:
        """Return a connection, pooled or new, without unread bytes."""
        send = _SEND.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = cast("ResponseHandler", connection.protocol)
            replied_at = self._replied_at.get(protocol)
            send.reused_at = None if replied_at is None else self._loop.time()
            if not protocol.should_close and (
                replied_at is None or replied_at > self._trusted_since
            ):
                return connection
            connection.close()
            if replied_at is None:
                raise aiohttp.ClientConnectionError("the server sent bytes before it was asked")


class _Response(aiohttp.ClientResponse):
    """Tells when its request has been written, which is when aiohttp starts to wait for it.

    It also keeps aiohttp from sending a GET again by itself when a connection drops, which would
    make two requests of one permit: aiohttp knows those errors by their classes.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        send, protocol = _SEND.get(), cast("ResponseHandler", connection.protocol)
        send.on_sent()
        try:
            response = await super().start(connection)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            failure = aiohttp.ClientConnectionError(_describe(error))
        else:
            send.has_head, send.replied_at[protocol] = True, self._loop.time()
            return response
        raise failure


def _own_session(connector: _Connector) -> HttpSession:
    return aiohttp.ClientSession(
        response_class=_Response,
        connector=connector,
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


def _split_proxy(proxy: URL) -> tuple[URL, Secret | None, Secret]:
    """Return a proxy's URL without user and password, their header, and the password."""
    password = Secret(proxy.password or "")
    if proxy.user is None and proxy.password is None:
        return proxy, None, password
    return proxy.with_user(None), basic_auth(proxy.user or "", password), password


def _describe(error: Exception) -> str:
    """Aiohttp's words, but for a proxy's refusal, whose text holds the proxy's URL."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407:  # noqa: PLR2004
            return "the proxy answered 407: it requires credentials, http://USER:PASSWORD@HOST:PORT"
        return f"the proxy answered {error.status}"
    name = type(error).__name__
    return f"{error} ({name})" if str(error) else name
