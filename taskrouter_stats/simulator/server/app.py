"""The simulated server over HTTP, which handles each request in the same steps.

    arrival -> half of the latency -> credentials -> path and method -> concurrency -> rate limit
    -> handler -> the other half of the latency -> fault, if any -> reply

Credentials come before the limits, as at a real gateway. A request with wrong parameters uses the
budget. A request beyond the concurrency limit uses none, and its headers carry what remains.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import hdrs, web
from attrs import frozen

from taskrouter_stats.simulator.limits import Limiter, Verdict
from taskrouter_stats.simulator.world.profiles import random_stream, sid
from taskrouter_stats.simulator.world.world import World

from .counters import Counters
from .faults import Faults
from .headers import OK, ServerOptions, headers_of
from .request import (
    ErrorReply,
    SimulatedRequest,
    not_found,
    too_large,
    too_many,
    unauthenticated,
    wrong_method,
)
from .routes import ROUTES, Route

__all__ = ["REAL_ORIGIN", "Served", "Server", "loop_clock"]

REAL_ORIGIN = "https://taskrouter.twilio.com"
_JITTER = 0.1
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def loop_clock() -> Callable[[], float]:
    """Return a clock that starts at the time of day and advances with the event loop's clock."""
    origin: float | None = None

    def now() -> float:
        nonlocal origin
        elapsed = asyncio.get_running_loop().time()
        if origin is None:
            origin = time.time() - elapsed
        return origin + elapsed

    return now


@frozen
class _Reply:
    """Status and JSON of a reply, and the limiter's decision, if it decided."""

    status: int
    payload: dict[str, Any]
    verdict: Verdict | None


@frozen
class Served:
    """A workspace, and the limiter of each of its resource keys."""

    world: World
    limits: Mapping[str, Limiter]


class Server:
    """The HTTP server of an account's workspaces.

    Args:
        served: The workspaces; the limiters of the first also count requests without a workspace.
        auth: The accepted user name and password.
        clock: Returns the time in the workspaces, seconds since 1970; it may stand still.
        options: The server's behaviour.
        faults: The faults of its replies.

    Attributes:
        counters: The counts of requests and replies.
        time: The clock of limiters and durations: the event loop's, because clients wait by it.
    """

    def __init__(
        self,
        served: Sequence[Served],
        auth: tuple[str, str],
        clock: Callable[[], float],
        options: ServerOptions,
        faults: Faults,
    ) -> None:
        self.counters = Counters()
        self.time = loop_clock()
        self._served = {each.world.workspace_sid: each for each in served}
        self._first = served[0]
        self._authorization = "Basic " + b64encode(":".join(auth).encode()).decode()
        self._clock = clock
        self._options = options
        self._faults = faults
        self._seed = self._first.world.seed
        self._latency_random = random_stream(self._seed, "latency")
        self._garbage_random = random_stream(self._seed, "nonsense").random
        self._serving = 0

    def application(self) -> web.Application:
        """Return a new aiohttp application with every route."""
        app = web.Application()
        for route in ROUTES:
            app.router.add_route(hdrs.METH_ANY, route.path, self._handler(route))
        app.router.add_route(hdrs.METH_ANY, "/{anything:.*}", self._handler(None))
        return app

    def _handler(self, route: Route | None) -> _Handler:
        """Return the handler of a route, or of the paths without one."""

        async def handle(request: web.Request) -> web.StreamResponse:
            arrived, status = self.time(), None
            key = route.key(request.query) if route else "unknown"
            in_flight = self.counters.enter(key)
            request_id = sid("RQ", self._seed, self.counters.requests)
            over_limit = self._is_at_concurrency_limit()
            self._serving += not over_limit
            try:
                half = self._half_latency()
                if half:
                    await asyncio.sleep(half)
                body = await _body(request, route)
                reply = self._decide(route, request, body, over_limit=over_limit)
                if half:
                    await asyncio.sleep(half)
                status = reply.status
            finally:
                self._serving -= not over_limit
                self.counters.leave(key, status)
            headers = headers_of(reply.status, reply.verdict, self._options, self._garbage_random)
            headers["Twilio-Request-Id"] = request_id
            headers["Twilio-Request-Duration"] = f"{self.time() - arrived:.3f}"
            headers["Twilio-Concurrent-Requests"] = str(in_flight)
            response = web.Response(
                body=orjson.dumps(reply.payload),
                status=reply.status,
                headers=headers,
                content_type="application/json",
            )
            fault = self._faults.draw()
            if fault is None:
                return response
            spoiled = await fault(request, response)
            self.counters.recount(key, response.status, spoiled.status)
            return spoiled

        return handle

    def _half_latency(self) -> float:
        """Return half of this request's latency, seconds."""
        latency = self._options.latency
        return latency and latency * (1 + _JITTER * (2 * self._latency_random.random() - 1)) / 2

    def _is_at_concurrency_limit(self) -> bool:
        """Return whether the server handles as many requests as its limit allows."""
        limit = self._options.concurrency
        return limit is not None and self._serving >= limit

    def _decide(
        self, route: Route | None, request: web.Request, body: bytes | None, *, over_limit: bool
    ) -> _Reply:
        """Return the reply to a request, without waiting."""
        verdict = None
        try:
            if request.headers.get(hdrs.AUTHORIZATION) != self._authorization:
                raise unauthenticated()
            if route is None:
                raise not_found(request.rel_url.raw_path)
            if request.method != route.method:
                raise wrong_method()
            served = self._served.get(request.match_info.get("workspace", ""), self._first)
            now, limiter = self.time(), served.limits[route.key(request.query)]
            verdict = limiter.peek(now) if over_limit else limiter.acquire(now)
            if over_limit or not verdict.allowed:
                raise too_many()
            if body is None:
                raise too_large()
            return _Reply(OK, route.answer(served.world, self._simulated(request, body)), verdict)
        except ErrorReply as error:
            return _Reply(error.status, error.body(), verdict)

    def _simulated(self, request: web.Request, body: bytes) -> SimulatedRequest:
        """Return the request as plain values."""
        own_urls = self._options.own_urls
        return SimulatedRequest(
            path=request.rel_url.raw_path,
            sids=request.match_info,
            query=request.query,
            now=int(self._clock()),
            origin=f"{request.scheme}://{request.host}" if own_urls else REAL_ORIGIN,
            body=body,
        )


async def _body(request: web.Request, route: Route | None) -> bytes | None:
    """Return the body of a POST, ``None`` if it is too large, and no body for other methods."""
    if route is None or route.method == hdrs.METH_GET:
        return b""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return None
