"""What goes wrong between a server and its clients, scripted: which answer is spoilt, and how.

Which requests are hit follows from the seed and the order in which they come. A fault spoils an
answer that was already decided on, so the limiter has counted it, as a gateway's would.
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
"""Seconds that a stalled answer hangs, which no client should wait for."""
_DRIPS: Final = 5
_DRIP_SECONDS: Final = 0.01
_REFUSING_SECONDS: Final = 0.1
"""Seconds for which nobody is let in."""
_HTML: Final = "<html><body><h1>Bad Gateway</h1></body></html>"


class Faults:
    """Draws a fault, or none, for each request.

    Args:
        share: the share of requests that are hit.
        seed: what the draws follow from.
    """

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._random: Random = random_stream(seed, "faults")
        self._names = tuple(FAULTS)

    def draw(self) -> Fault | None:
        """The fault of the next request, if it has one."""
        if not self._share or self._random.random() >= self._share:
            return None
        return FAULTS[self._random.choice(self._names)]


def _page(status: int) -> Fault:
    """An answer of some gateway's in place of the server's."""

    async def spoil(_: web.Request, __: web.Response) -> web.StreamResponse:
        return web.Response(text=_HTML, status=status, content_type="text/html")

    return spoil


def _refusal(headers: Mapping[str, str] | None = None, *, dated: bool = False) -> Fault:
    """A 429 that no limiter of ours decided on."""

    async def spoil(_: web.Request, __: web.Response) -> web.StreamResponse:
        told = dict(headers or {})
        if dated:
            told[hdrs.DATE] = told[hdrs.RETRY_AFTER] = formatdate(usegmt=True)
        body = {"code": 20429, "message": "Too Many Requests", "status": 429}
        return web.json_response(body, status=429, headers=told)

    return spoil


async def _internal(_: web.Request, __: web.Response) -> web.StreamResponse:
    body = {"code": 20500, "message": "Internal Server Error", "status": 500}
    return web.json_response(body, status=500)


async def _refused(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """The server goes away, as in a restart: others who come meanwhile find nobody."""
    _abort(request)
    await request.app[LISTENER].refuse_connections(_REFUSING_SECONDS)
    return answer


async def _reset_before(request: web.Request, answer: web.Response) -> web.StreamResponse:
    _abort(request)
    return answer


async def _reset_after(request: web.Request, answer: web.Response) -> web.StreamResponse:
    begun = await _begin(request, answer)
    _abort(request)
    return begun


async def _truncated(request: web.Request, answer: web.Response) -> web.StreamResponse:
    begun = await _begin(request, answer)
    await _write(begun, _body(answer)[:-1])
    if request.transport is not None:
        request.transport.close()
    return begun


async def _stalled(request: web.Request, answer: web.Response) -> web.StreamResponse:
    begun = await _begin(request, answer)
    await _write(begun, _body(answer)[:10])
    await asyncio.sleep(_STALL_SECONDS)
    _abort(request)
    return begun


async def _dripping(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Slow, but whole."""
    begun, body = await _begin(request, answer), _body(answer)
    size = len(body) // _DRIPS + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(_DRIP_SECONDS)
        await _write(begun, body[start : start + size])
    return begun


async def _chunked(_: web.Request, answer: web.Response) -> web.StreamResponse:
    """No fault, only another way to say the same."""
    answer.enable_chunked_encoding()
    return answer


async def _gzip(_: web.Request, answer: web.Response) -> web.StreamResponse:
    """No fault either."""
    answer.enable_compression(web.ContentCoding.gzip)
    return answer


async def _begin(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send an answer's head, which promises the whole body, unless the client has gone."""
    begun = web.StreamResponse(status=answer.status, headers=answer.headers)
    begun.content_length = len(_body(answer))
    with suppress(ConnectionError):
        await begun.prepare(request)
    return begun


async def _write(begun: web.StreamResponse, part: bytes) -> None:
    """Send a part of a body, unless the client has gone."""
    with suppress(ConnectionError):
        await begun.write(part)


def _body(answer: web.Response) -> bytes:
    return bytes(answer.body) if isinstance(answer.body, bytes) else b""


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
"""What a request may meet, each as often as the others."""
