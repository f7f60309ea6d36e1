"""A web service around one session.

`python examples/03_web_app.py`, then `curl http://127.0.0.1:8080/workers` and, with one of the
SIDs that it prints, `curl http://127.0.0.1:8080/workers/WK…`.

One session serves the whole process: it opens with the application and closes with it, and single
answers go before bulk ones. The whole Workspace is fetched once for all who ask within 15 seconds:
each fetch is as many requests to Twilio as there are workers.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from account import open_session
from aiohttp import web

from taskrouter_stats import (
    Success,
    TaskRouterSession,
    Window,
    errors,
    models,
    queries,
)

FRESH: Final = 15.0
"""Seconds for which the answer of the whole Workspace is served again."""


class Recent:
    """The last whole answer: made once for everybody who asks while it is made or fresh."""

    def __init__(self, make: Callable[[], Awaitable[tuple[bytes, bool]]]) -> None:
        self._make = make
        self._task: asyncio.Task[bytes] | None = None
        self._until = 0.0

    async def get(self) -> bytes:
        """Return the answer; a client that hangs up doesn't end it for the others."""
        task, now = self._task, asyncio.get_running_loop().time()
        if task is None or (task.done() and now >= self._until):
            task = self._task = asyncio.create_task(self._made())
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _made(self) -> bytes:
        self._until = 0.0
        body, is_complete = await self._make()
        if is_complete:
            self._until = asyncio.get_running_loop().time() + FRESH
        return body


SESSION = web.AppKey("SESSION", TaskRouterSession)
WORKSPACE = web.AppKey("WORKSPACE", str)
RECENT = web.AppKey("RECENT", Recent)


async def session_context(app: web.Application) -> AsyncIterator[None]:
    """Open the session with the application, close it with it."""
    async with open_session() as (app[SESSION], app[WORKSPACE]):
        app[RECENT] = Recent(lambda: whole_workspace(app[SESSION], app[WORKSPACE]))
        yield
        await app[RECENT].close()


def http_error(error: errors.TaskRouterStatsError) -> tuple[int, dict[str, str]]:
    """The status and headers that a client of ours can act on."""
    match error:
        case errors.InvalidSid() | errors.InvalidWindow() | errors.InvalidParameter():
            return 400, {}
        case errors.NotFound():
            return 404, {}
        case errors.PaceError(retry_after=seconds):
            return 503, {"Retry-After": str(max(1, round(min(seconds, 60.0))))}
        case errors.RateLimited():
            return 503, {"Retry-After": "10"}
        case errors.TransportError():
            return 504, {}
    return 502, {}


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Errors of the SDK become HTTP answers; their texts hold no secrets."""
    try:
        return await handler(request)
    except errors.TaskRouterStatsError as error:
        status, headers = http_error(error)
        return web.json_response({"error": str(error)}, status=status, headers=headers)


async def one_worker(request: web.Request) -> web.Response:
    """One worker, now: it may wait two seconds for its turn, not longer."""
    query = queries.worker_statistics(
        request.app[WORKSPACE], request.match_info["sid"], Window.last(minutes=60)
    )
    statistics = await request.app[SESSION].fetch(query, max_wait=2.0)
    return web.Response(body=models.to_json(statistics), content_type="application/json")


async def all_workers(request: web.Request) -> web.Response:
    """The whole workspace as JSON Lines; the last line says whether that was all."""
    body = await request.app[RECENT].get()
    return web.Response(body=body, content_type="application/x-ndjson")


async def whole_workspace(session: TaskRouterSession, workspace_sid: str) -> tuple[bytes, bool]:
    """One line per worker, then one that says how it ended; and whether nothing is missing."""
    lines: list[bytes] = []
    end: dict[str, Any]
    try:
        window = Window.last(minutes=60)
        async with session.stream_worker_statistics(workspace_sid, window) as outcomes:
            async for outcome in outcomes:
                if isinstance(outcome, Success):
                    lines.append(models.to_json(outcome.value))
                else:
                    failed = {"worker_sid": outcome.query.sid, "error": str(outcome.error)}
                    lines.append(json.dumps(failed).encode())
        end = {"complete": outcomes.progress.failed == 0, "workers": outcomes.progress.done}
    except errors.TaskRouterStatsError as error:
        end = {"complete": False, "error": str(error)}
    return b"\n".join([*lines, json.dumps(end).encode(), b""]), end["complete"]


def make_app() -> web.Application:
    """The application; a WSGI-like server or `web.run_app` serves it."""
    app = web.Application(middlewares=[answer_errors])
    app.cleanup_ctx.append(session_context)
    app.router.add_get("/workers", all_workers)
    app.router.add_get("/workers/{sid}", one_worker)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
