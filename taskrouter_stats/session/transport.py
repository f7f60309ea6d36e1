"""Sends one request and reads its whole reply; the only file that uses aiohttp's client."""

import asyncio
import platform
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from itertools import count
from typing import Any, Final
from weakref import ref

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from attrs import define

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
from taskrouter_stats.models.redaction import Secret, SecretRedactor

from .deadlines import Deadlines
from .urls import BaseUrl, split_proxy

__all__ = ["HttpSession", "Transport"]

HttpSession = aiohttp.ClientSession
"""A session that a caller may lend, with its connector, limits and resolver."""


_tick: Final = count(1).__next__
"""Return the next number in the order of what happens to connections: cheaper than the time."""


@define(eq=False, repr=False)
class _Use:
    """The use of a connection, which it does not keep alive: the tick of its last reply's head."""

    connection: "ref[ResponseHandler]"
    replied_at: int = 0


@define(eq=False, repr=False)
class _Send:
    """State of one send, shared with our aiohttp session's connector and response.

    Attributes:
        on_sent: called when the request is sent.
        use: the record of the connection that the send took, once it took one.
        reused_at: the tick at which the send took a connection that had been used, or None.
        has_head: whether the reply's head came.
    """

    on_sent: Callable[[], None]
    use: _Use | None = None
    reused_at: int | None = None
    has_head: bool = False


_SEND = ContextVar[_Send]("send")
"""The current or last send of this task; one that ended keeps no request and no session alive."""

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
"""aiohttp's timeouts are off, since ``Deadlines`` bounds an attempt for less."""

_SYSTEM = f"Python/{platform.python_version()} ({platform.system()} {platform.machine()})"
_HEADERS: dict[str, str] = {
    hdrs.USER_AGENT: f"taskrouter-stats/{__version__} {_SYSTEM}",
    hdrs.ACCEPT: "application/json",
}
"""Headers of every request. aiohttp copies a session's headers faster than those of a request, but
it sends a session's headers to a proxy as well, so the credentials cannot be among them."""


class Transport:
    """Sends requests to one host with one set of credentials.

    Our own aiohttp session has no connection limit, since the pacer limits the requests in flight.
    It keeps no cookies and reads neither proxy variables nor ``.netrc``. A borrowed aiohttp session
    keeps its own connector, and this class does not close it.
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
        self._base = BaseUrl.of(base_url)
        self._seconds = timeout
        self._deadlines = Deadlines(timeout)
        self._headers: dict[str, str] = {hdrs.AUTHORIZATION: credentials.authorization()}
        secrets, self._options = credentials.secrets(), dict[str, Any](allow_redirects=False)
        if proxy is not None:
            # Not in the URL, from which aiohttp would copy the password into a plain tuple.
            self._options["proxy"], authorization, password = split_proxy(proxy)
            if authorization is not None:
                secrets += authorization[len("Basic ") :], password
                header = {"Proxy-Authorization": authorization}
                if base_url.startswith("https:"):
                    self._options["proxy_headers"] = header
                else:
                    self._headers |= header
        self._redactor = SecretRedactor(secrets)
        self._connector: _Connector | None = None
        if http is None:
            self._connector = _Connector()
            http = _own_session(self._connector)
        else:
            self._headers |= _HEADERS
            self._options |= {"timeout": _NO_TIMEOUT, "raise_for_status": False}
        self._http = http

    async def send(self, request: Request, on_sent: Callable[[], None]) -> Reply:
        """Send one request, without following redirects, and read its whole reply.

        A body longer than ``MAX_BODY_BYTES`` is cut, and its connection is closed.

        Args:
            request: the request to send.
            on_sent: called when the request is sent over an open connection. A borrowed aiohttp
                session does not report that time, so there it is called before connecting.

        Raises:
            TimedOut: the reply was not complete within the timeout.
            UntrustedCertificate: this machine does not trust the server's certificate.
            ConnectionFailed: no whole reply came.
            SessionClosed: the aiohttp session was closed before or during the request.
        """
        send = _Send(on_sent)
        response: aiohttp.ClientResponse | None = None
        try:
            task: Any = asyncio.current_task()
            self._deadlines.start(task)
            try:
                response = await self._start(request, send)
                if response.content.is_eof():
                    body = response.content.read_nowait()
                else:
                    body = await _read_body(response)
            except BaseException as error:
                self._deadlines.stop(task, error)
                raise
            self._deadlines.stop(task)
            body = body[: MAX_BODY_BYTES + 1]
            return Reply(response.status, response.headers, body, self._redactor)
        except asyncio.CancelledError as stop:
            # In a traceback with locals, aiohttp's frames would show what was sent and read, as
            # the response in this frame would.
            raise stop.with_traceback(None) from None
        except Exception as error:
            translated = self._failure(error)
            if translated is None:
                raise
            failure = translated
        finally:
            response = None
            del send.on_sent
        reused = send.reused_at is not None and not send.has_head
        if reused and isinstance(failure, TransportError):
            failure.on_reused_connection = True
            self.drop_connections(send.reused_at)
        # Raised here, not in the except block: through its context, an error in a Failure would
        # keep aiohttp's frames alive, with a connection, its buffers and an unread reply.
        raise failure

    def drop_connections(self, silent_since: int | None = None) -> None:
        """Do not reuse the connections that are open now.

        With ``silent_since``, only those that brought no reply since that tick. A borrowed aiohttp
        session keeps its connections.
        """
        if self._connector is not None:
            self._connector.distrust(silent_since)

    def _start(self, request: Request, send: _Send) -> Awaitable[aiohttp.ClientResponse]:
        """Return aiohttp's coroutine that sends a request and reads the reply's head."""
        if self._connector is None:
            send.on_sent()
        else:
            _SEND.set(send)
        headers, body = self._headers, request.body
        return self._http.request(
            request.method,
            self._base.url(request.target),
            headers=headers if body is None else {**headers, "Content-Type": "application/json"},
            data=body,
            **self._options,
        )

    def _failure(self, error: Exception) -> TaskRouterStatsError | None:
        """Return our error for an exception of aiohttp, else None."""
        if self._http.closed:  # aiohttp raises several errors for this, even RuntimeError
            return SessionClosed("the session was closed while a request was under way")
        if isinstance(error, TimeoutError):
            return TimedOut(self._seconds)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return UntrustedCertificate(self._redactor.quote(_describe(error)))
        if isinstance(error, (aiohttp.ClientError, OSError)):
            return ConnectionFailed(self._redactor.quote(_describe(error)))
        return None

    async def aclose(self) -> None:
        """Close our own aiohttp session, and drop the timer."""
        self._deadlines.close()
        if self._connector is not None:
            await self._http.close()


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, cut soon after ``MAX_BODY_BYTES`` bytes.

    After the last byte the connection returns to the pool; if reading ends earlier, it is closed.
    """
    chunks: list[bytes] = []
    size, content = 0, response.content
    try:
        while not content.at_eof():
            chunk = await content.readany()
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                response.close()
                break
    except BaseException:
        response.close()
        raise
    return b"".join(chunks)


class _Connector(aiohttp.TCPConnector):
    """Returns only connections whose next bytes are the reply to the next request.

    It closes a pooled connection that holds unread bytes, which would be read as the reply to the
    next request, and a connection whose last reply came before the last ``distrust``.
    """

    def __init__(self) -> None:
        super().__init__(limit=0)  # pyright: ignore[reportUnknownMemberType] (aiohttp's)
        self._uses: dict[int, _Use] = {}
        """By the ``id`` of the connection, until it is freed: a ``WeakKeyDictionary`` for less."""
        self._trusted_since = -1

    def distrust(self, silent_since: int | None) -> None:
        """Do not reuse connections whose last reply came before that tick; None means now."""
        self._trusted_since = max(self._trusted_since, silent_since or _tick())

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (the signature is aiohttp's)
    ) -> Connection:
        """Return a connection, pooled or new, without unread bytes."""
        send, uses = _SEND.get(), self._uses
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol: Any = connection.protocol
            use = uses.get(key := id(protocol))
            send.reused_at = None if use is None else _tick()
            if not protocol.should_close and (use is None or use.replied_at > self._trusted_since):
                if use is None:
                    use = uses[key] = _Use(ref(protocol, partial(uses.pop, key)))
                send.use = use
                return connection
            connection.close()
            if use is None:
                raise aiohttp.ClientConnectionError("the server sent bytes before any request")


class _Response(aiohttp.ClientResponse):
    """Reports when its request was sent: then aiohttp starts to wait for the reply.

    It also prevents aiohttp's own retry of a GET whose connection dropped, which would send two
    requests with one permit: aiohttp retries certain error classes, so this class raises another.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        send = _SEND.get()
        send.on_sent()
        try:
            response = await super().start(connection)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            failure = aiohttp.ClientConnectionError(_describe(error))
        else:
            send.has_head = True
            if send.use is not None:
                send.use.replied_at = _tick()
            return response
        raise failure


def _own_session(connector: _Connector) -> HttpSession:
    return aiohttp.ClientSession(
        headers=_HEADERS,
        timeout=_NO_TIMEOUT,
        response_class=_Response,
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


def _check_borrowed(http: HttpSession) -> None:
    """Raise ``ConfigError`` for a session that would send other credentials or use a proxy."""
    if http.auth is not None:
        raise ConfigError(
            "the borrowed aiohttp session has auth= set, which would replace the credentials: "
            "create it without auth="
        )
    if http.trust_env:
        raise ConfigError(
            "the borrowed aiohttp session has trust_env=True and would read credentials from "
            ".netrc: create it without, and pass proxy= or trust_env= to TaskRouterSession"
        )
    if getattr(http, "_default_proxy", None) is not None:
        raise ConfigError(
            "the borrowed aiohttp session has proxy= set: create it without, and pass proxy= to "
            "TaskRouterSession"
        )
    if http.closed:
        raise ConfigError("the borrowed aiohttp session is closed: pass an open one")


def _describe(error: Exception) -> str:
    """Return aiohttp's message; for a proxy's error another one, since it holds the proxy's URL."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407:  # noqa: PLR2004
            return "the proxy answered 407: it requires credentials, http://USER:PASSWORD@HOST:PORT"
        return f"the proxy answered {error.status}"
    name = type(error).__name__
    return f"{error} ({name})" if str(error) else name
