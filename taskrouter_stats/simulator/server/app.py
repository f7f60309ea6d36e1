"""The simulated server's front: HTTP in, HTTP out, and between them one order of things.

    arrive -> half the latency -> credentials -> path and method -> concurrency -> rate limit
    -> answer -> the other half of the latency -> leave

Credentials come before the limits, as with a real gateway; a request that is then refused for its
parameters has spent budget all the same. One that is refused because too many are being served at
once has spent none, and says how much is left.
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

REAL_ORIGIN = "https://taskrouter.twilio.com"
_JITTER = 0.1
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def loop_clock() -> Callable[[], float]:
    """Return a clock that shows the time of day at its first call, and then keeps to the loop's."""
    origin: float | None = None

    def now() -> float:
        nonlocal origin
        elapsed = asyncio.get_running_loop().time()
        if origin is None:
            origin = time.time() - elapsed
        return origin + elapsed

    return now


@frozen
class _Answer:
    """What is sent, and what the limiter said about it, if it was asked."""

    status: int
    payload: dict[str, Any]
    verdict: Verdict | None


@frozen
class Served:
    """A workspace, and the limiter of each resource key in it."""

    world: World
    limits: Mapping[str, Limiter]


class Server:
    """The workspaces of an account behind HTTP.

    Args:
        served: The workspaces; the limiters of the first count what names none of them.
        auth: The user name and password that are let in.
        clock: Tells what time it is in the workspaces, seconds since 1970; may stand still.
        manners: How the server behaves.
        faults: What spoils its answers.

    Attributes:
        counters: What it has seen.
        time: Tells limiters and durations the time: the event loop's, since clients wait by it.
    """

    def __init__(
        self,
        served: Sequence[Served],
        auth: tuple[str, str],
        clock: Callable[[], float],
        manners: ServerOptions,
        faults: Faults,
    ) -> None:
        self.counters = Counters()
        self.time = loop_clock()
        self._served = {one.world.workspace_sid: one for one in served}
        self._first = served[0]
        self._authorization = "Basic " + b64encode(":".join(auth).encode()).decode()
        self._clock = clock
        self._manners = manners
        self._faults = faults
        self._seed = self._first.world.seed
        self._latency_random = random_stream(self._seed, "latency")
        self._garbage_random = random_stream(self._seed, "nonsense").random
        self._serving = 0

    def application(self) -> web.Application:
        """Return a new aiohttp application that serves every route."""
        app = web.Application()
        for route in ROUTES:
            app.router.add_route(hdrs.METH_ANY, route.path, self._handler(route))
        app.router.add_route(hdrs.METH_ANY, "/{anything:.*}", self._handler(None))
        return app

    def _handler(self, route: Route | None) -> _Handler:
        """Return the handler of that route, or of every path that has none."""

        async def handle(request: web.Request) -> web.StreamResponse:
            arrived, status = self.time(), None
            key = route.key(request.query) if route else "unknown"
            inside = self.counters.enter(key)
            request_id = sid("RQ", self._seed, self.counters.requests)
            crowded = self._is_crowded()
            self._serving += not crowded
            try:
                half = self._half_latency()
                if half:
                    await asyncio.sleep(half)
                body = await _body(request, route)
                answer = self._decide(route, request, body, crowded=crowded)
                if half:
                    await asyncio.sleep(half)
                status = answer.status
            finally:
                self._serving -= not crowded
                self.counters.leave(key, status)
            headers = headers_of(answer.status, answer.verdict, self._manners, self._garbage_random)
            headers["Twilio-Request-Id"] = request_id
            headers["Twilio-Request-Duration"] = f"{self.time() - arrived:.3f}"
            headers["Twilio-Concurrent-Requests"] = str(inside)
            response = web.Response(
                body=orjson.dumps(answer.payload),
                status=answer.status,
                headers=headers,
                content_type="application/json",
            )
            fault = self._faults.draw()
            if fault is None:
                return response
            spoilt = await fault(request, response)
            self.counters.recount(key, response.status, spoilt.status)
            return spoilt

        return handle

    def _half_latency(self) -> float:
        """Return half of the seconds that this request will take."""
        latency = self._manners.latency
        return latency and latency * (1 + _JITTER * (2 * self._latency_random.random() - 1)) / 2

    def _is_crowded(self) -> bool:
        """Return whether as many requests are being served as may be at once."""
        most = self._manners.concurrency
        return most is not None and self._serving >= most

    def _decide(
        self, route: Route | None, request: web.Request, body: bytes | None, *, crowded: bool
    ) -> _Answer:
        """Return the answer to a request; from here to there nothing waits."""
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
            verdict = limiter.peek(now) if crowded else limiter.acquire(now)
            if crowded or not verdict.allowed:
                raise too_many()
            if body is None:
                raise too_large()
            return _Answer(OK, route.answer(served.world, self._ask(request, body)), verdict)
        except ErrorReply as refusal:
            return _Answer(refusal.status, refusal.body(), verdict)

    def _ask(self, request: web.Request, body: bytes) -> SimulatedRequest:
        """Free the request from HTTP."""
        own = self._manners.own_urls
        return SimulatedRequest(
            path=request.rel_url.raw_path,
            sids=request.match_info,
            query=request.query,
            now=int(self._clock()),
            origin=f"{request.scheme}://{request.host}" if own else REAL_ORIGIN,
            body=body,
        )


async def _body(request: web.Request, route: Route | None) -> bytes | None:
    """Return what was sent to a route that takes something; ``None`` when it is too much."""
    if route is None or route.method == hdrs.METH_GET:
        return b""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return None
