"""The store on a Redis or Valkey server: one script that compares and sets, on the server's clock.

Each entry is a hash with two fields, the version ``v`` and the state ``s``. The script takes the
time inside, since Redis replicates a script's effects and not the script (Redis 5 and later), and
derives no key, so that a Cluster and the services that imitate one accept it. The same script
reads, by comparing with a version that nothing has.

A version is the time of the write in microseconds, or one more than the last version if that is
later. So no version comes twice, not even after a restart or a failover that lost writes: a counter
would come to the same numbers again, and a write from the lost state would find its version.

``EVALSHA`` sends the script's name only. A server that does not know it answers ``NOSCRIPT``, after
a restart, a failover or ``SCRIPT FLUSH``, and gets the script by ``EVAL``. ``SCRIPT LOAD`` is not
used: some users may not call it, and some proxies do not pass it on.

A command is sent once and never repeated: after a lost reply, whether the server has written is
unknown. The caller finds out from the state itself.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from taskrouter_stats.errors import MissingExtra
from taskrouter_stats.models.redaction import masked

from .redis_address import RedisAddress
from .redis_errors import ForeignEntryError, unavailable
from .store import Stored

__all__ = ["RedisStore"]

_SCRIPT: Final = """\
local t = redis.call('TIME')
local v = redis.call('HGET', KEYS[1], 'v') or '0'
if ARGV[1] ~= v then return {0, t[1], t[2], v, redis.call('HGET', KEYS[1], 's') or ''} end
v = string.format('%.0f', math.max(tonumber(v) + 1, t[1] * 1000000 + t[2]))
redis.call('HSET', KEYS[1], 'v', v, 's', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1, t[1], t[2], v, ''}
"""
_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_NO_VERSION: Final = ""
_IDLE_SECONDS: Final = 10.0
"""Proxies and servers close a silent connection, and some say nothing: the store does first."""
_MAX_IDLE: Final = 8


class _Connection(Protocol):
    """What the store uses of a connection of redis-py."""

    is_connected: bool

    async def connect(self) -> None: ...

    async def send_command(self, *args: str | bytes | int) -> None: ...

    async def read_response(self, disable_decoding: bool = False) -> Any: ...

    async def disconnect(self, nowait: bool = False) -> None: ...


_Idle: TypeAlias = list[tuple[float, _Connection]]
"""Connections that no call uses, each with the time of its last use."""


class RedisStore:
    """A store on one Redis server (6.0 or later) or Valkey server.

    It connects when it is first used, again after :meth:`aclose`, and after each failure. It keeps
    one connection for each call that is under way. Calls and connections belong to one event loop.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``; see :class:`RedisAddress`.
        timeout: seconds for a command, and for a connection, > 0; ``SharedPacer`` waits for less.

    Raises:
        ConfigError: the URL is not usable.
        MissingExtra: redis-py is not installed.
    """

    def __init__(self, url: str, *, timeout: float = 2.0) -> None:
        url = masked(url)
        self._address = RedisAddress.parse(url)
        self._timeout = timeout
        self._connection_class = _connection_class(self._address.scheme)
        self._idle: _Idle = []
        self._opening: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        address = getattr(self, "_address", "without an address")  # in a traceback of __init__
        return f"<RedisStore {address}>"

    async def read(self, key: str) -> Stored:
        """Return what the server stores under the key.

        Raises:
            StoreUnavailable: the server did not answer in time, or refused.
        """
        return await self._run(key, _NO_VERSION, b"", 1)

    async def compare_and_set(self, key: str, version: str, blob: bytes, *, ttl: float) -> Stored:
        """Store the blob if the stored version is this one; return what is stored otherwise.

        Args:
            key: the key, with a hash tag in braces.
            version: the version that the blob was made from; "0" if nothing was stored.
            blob: the new state.
            ttl: seconds without a write after which the server deletes the state, > 0.

        Raises:
            StoreUnavailable: the server did not answer in time, or refused. After a lost reply the
                blob may be stored.
        """
        return await self._run(key, version, blob, max(1, round(ttl * 1000)))

    async def aclose(self) -> None:
        """Close the connections; the next call opens a new one."""
        idle, self._idle = self._idle, []
        opening = tuple(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        for _, connection in idle:
            await connection.disconnect(nowait=True)

    async def _run(self, key: str, version: str, blob: bytes, ttl: int) -> Stored:
        try:
            async with self._connected() as connection, asyncio.timeout(self._timeout):
                reply = await _evaluate(connection, key, version, blob, ttl)
            return _stored(reply)
        except Exception as error:  # noqa: BLE001 (a server may answer anything)
            failure = unavailable(error)
        raise failure  # here, so that no traceback leads to redis-py's errors and their texts

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[_Connection]:
        """Yield a connection that nobody else uses; keep it unless an error or aclose came."""
        idle = self._idle
        while (connection := await _take(idle)) is None:
            await self._open(idle)
        try:
            yield connection
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if idle is self._idle and len(idle) < _MAX_IDLE:
            idle.append((_now(), connection))
        else:
            await connection.disconnect(nowait=True)

    async def _open(self, idle: _Idle) -> None:
        """Put a new connection among the idle ones.

        It is finished even if the caller cannot wait, and serves a later call: with TLS from afar,
        a connection takes longer than a command may.
        """
        task = asyncio.create_task(self._connect(idle))
        self._opening.add(task)
        task.add_done_callback(self._opened)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # by aclose, and not this call
                raise ConnectionError from None
            raise

    async def _connect(self, idle: _Idle) -> None:
        connection = self._connection_class(**self._address.options)
        try:
            async with asyncio.timeout(self._timeout):
                await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        idle.append((_now(), connection))

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled():
            task.exception()  # the caller has it, if it still waits


async def _take(idle: _Idle) -> _Connection | None:
    """Return the connection that was used last, or None if none is idle."""
    while idle:
        used_at, connection = idle.pop()
        if _now() - used_at < _IDLE_SECONDS:
            return connection
        await connection.disconnect(nowait=True)
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()


def _connection_class(scheme: str) -> Callable[..., _Connection]:
    """Return what makes a connection that sends each command once."""
    try:
        from redis.asyncio import (  # noqa: PLC0415 (an extra)
            Connection,
            SSLConnection,
            UnixDomainSocketConnection,
        )
        from redis.asyncio.retry import Retry  # noqa: PLC0415 (as above)
        from redis.backoff import NoBackoff  # noqa: PLC0415 (as above)
    except ImportError:
        raise MissingExtra("a Redis URL", "redis") from None
    options: dict[str, Any] = {
        "protocol": 2,  # without HELLO, which some proxies do not pass on
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,  # one timeout for each call is enough, and costs less
        "socket_connect_timeout": None,
    }
    classes: dict[str, Any] = {
        "redis": Connection,
        "rediss": partial(SSLConnection, ssl_check_hostname=True),
        "unix": UnixDomainSocketConnection,
    }
    return partial(classes[scheme], **options)


async def _evaluate(
    connection: _Connection, key: str, version: str, blob: bytes, ttl: int
) -> object:
    """Run the script; return the server's reply."""
    from redis.exceptions import NoScriptError  # noqa: PLC0415 (an extra)

    arguments = (1, key, version, blob, ttl)
    try:
        await connection.send_command("EVALSHA", _SHA, *arguments)
        return await connection.read_response(disable_decoding=True)
    except NoScriptError:
        await connection.send_command("EVAL", _SCRIPT, *arguments)
        return await connection.read_response(disable_decoding=True)


def _stored(reply: Any) -> Stored:
    """Return the script's reply as a value.

    Raises:
        ValueError, TypeError: the reply is not one of the script.
        ForeignEntryError: another program has written the key.
    """
    committed, seconds, microseconds, version, blob = reply
    if committed not in (0, 1) or not isinstance(blob, bytes):
        raise ValueError
    if not version.isdigit():
        raise ForeignEntryError
    now = int(seconds) + int(microseconds) / 1e6
    return Stored(committed == 1, now, version.decode("ascii"), blob)
