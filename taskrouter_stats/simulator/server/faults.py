"""Faults of the simulated server's replies.

The seed and the order of requests determine which replies have a fault. A fault changes a reply
after the limiter has counted its request, as a gateway's fault would.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from random import Random
from typing import Final

from aiohttp import hdrs, web

from taskrouter_stats.simulator.world.profiles import random_stream

from .listener import LISTENER

__all__ = ["FAULTS", "Fault", "Faults"]

Fault = Callable[[web.Request, web.Response], Awaitable[web.StreamResponse]]

_STALL_SECONDS: Final = 60.0
"""Seconds that a stalled reply waits, longer than any client's timeout."""
_DRIPS: Final = 5
_DRIP_SECONDS: Final = 0.01
_REFUSING_SECONDS: Final = 0.1
"""Seconds for which the server refuses connections."""
_HTML: Final = "<html><body><h1>Bad Gateway</h1></body></html>"


class Faults:
    """Draws a fault, or none, for each request.

    Args:
        share: The share of requests with a fault, 0 to 1.
        seed: The seed of the draws.
    """

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._random: Random = random_stream(seed, "faults")
        self._names = tuple(FAULTS)

    def draw(self) -> Fault | None:
        """Return the fault of the next request, or ``None``."""
        if not self._share or self._random.random() >= self._share:
            return None
        return FAULTS[self._random.choice(self._names)]


def _page(status: int) -> Fault:
    """Return the fault that replaces the reply by a gateway's HTML page."""

    async def spoil(_: web.Request, __: web.Response) -> web.StreamResponse:
        return web.Response(text=_HTML, status=status, content_type="text/html")

    return spoil


def _refusal(headers: Mapping[str, str] | None = None, *, dated: bool = False) -> Fault:
    """Return the fault that replaces the reply by a 429 without the limiter's decision."""

    async def spoil(_: web.Request, __: web.Response) -> web.StreamResponse:
        extra = dict(headers or {})
        if dated:
            extra[hdrs.DATE] = extra[hdrs.RETRY_AFTER] = formatdate(usegmt=True)
        body = {"code": 20429, "message": "Too Many Requests", "status": 429}
        return web.json_response(body, status=429, headers=extra)

    return spoil


async def _internal(_: web.Request, __: web.Response) -> web.StreamResponse:
    body = {"code": 20500, "message": "Internal Server Error", "status": 500}
    return web.json_response(body, status=500)


async def _refused(request: web.Request, reply: web.Response) -> web.StreamResponse:
    """Abort the connection and refuse new ones for a time, as a restart does."""
    _abort(request)
    await request.app[LISTENER].refuse_connections(_REFUSING_SECONDS)
    return reply


async def _reset_before(request: web.Request, reply: web.Response) -> web.StreamResponse:
    _abort(request)
    return reply


async def _reset_after(request: web.Request, reply: web.Response) -> web.StreamResponse:
    begun = await _begin(request, reply)
    _abort(request)
    return begun


async def _truncated(request: web.Request, reply: web.Response) -> web.StreamResponse:
    begun = await _begin(request, reply)
    await _write(begun, _body(reply)[:-1])
    if request.transport is not None:
        request.transport.close()
    return begun


async def _stalled(request: web.Request, reply: web.Response) -> web.StreamResponse:
    begun = await _begin(request, reply)
    await _write(begun, _body(reply)[:10])
    await asyncio.sleep(_STALL_SECONDS)
    _abort(request)
    return begun


async def _dripping(request: web.Request, reply: web.Response) -> web.StreamResponse:
    """Send the complete reply slowly."""
    begun, body = await _begin(request, reply), _body(reply)
    size = len(body) // _DRIPS + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(_DRIP_SECONDS)
        await _write(begun, body[start : start + size])
    return begun


async def _chunked(_: web.Request, reply: web.Response) -> web.StreamResponse:
    """Send the same reply in chunks, which is not an error."""
    reply.enable_chunked_encoding()
    return reply


async def _gzip(_: web.Request, reply: web.Response) -> web.StreamResponse:
    """Send the same reply compressed, which is not an error."""
    reply.enable_compression(web.ContentCoding.gzip)
    return reply


async def _begin(request: web.Request, reply: web.Response) -> web.StreamResponse:
    """Send a reply's head, with the length of the complete body; ignore a closed connection."""
    begun = web.StreamResponse(status=reply.status, headers=reply.headers)
    begun.content_length = len(_body(reply))
    with suppress(ConnectionError):
        await begun.prepare(request)
    return begun


async def _write(begun: web.StreamResponse, part: bytes) -> None:
    """Send a part of a body; ignore a closed connection."""
    with suppress(ConnectionError):
        await begun.write(part)


def _body(reply: web.Response) -> bytes:
    return bytes(reply.body) if isinstance(reply.body, bytes) else b""


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


FAULTS: Final[Mapping[str, Fault]] = {
    "500": _internal,
    "502": _page(502),
    "503": _page(503),
    "refused": _refused,
    "reset before": _reset_before,
    "reset after": _reset_after,
    "truncated": _truncated,
    "stalled": _stalled,
    "dripping": _dripping,
    "wrong type": _page(200),
    "chunked": _chunked,
    "gzip": _gzip,
    "429": _refusal(),
    "429 seconds": _refusal({"Retry-After": "0.05"}),
    "429 date": _refusal(dated=True),
    "429 absurd": _refusal({"Retry-After": "-1e999 soon", "X-Rate-Limit-Remaining": "NaN"}),
    "429 for decades": _refusal({"Retry-After": "1000000000"}),
    "429 until 9999": _refusal({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}),
}
"""The faults by name, drawn with equal probability."""
