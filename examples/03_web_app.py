"""A web service with one session.

Run ``python examples/03_web_app.py``, then ``curl http://127.0.0.1:8080/workers`` and, with one of
the SIDs that it prints, ``curl http://127.0.0.1:8080/workers/WK…``.

One session serves the process: the application opens and closes it. Requests for one worker go
before bulk requests, and the session's cache answers clients that ask for the same worker within 15
seconds. The service fetches the whole Workspace at most once in 15 seconds and sends the result to
all clients, because each fetch sends one request to Twilio for each worker.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from account import open_session
from aiohttp import web

from taskrouter_stats import Success, TaskRouterSession, Window, errors, models, queries
from taskrouter_stats.web import http_error

FRESH: Final = 15.0
"""Seconds for which the service sends the same result."""


class Recent:
    """The latest result, made once for all clients while it is in progress or fresh."""

    def __init__(self, make: Callable[[], Awaitable[tuple[bytes, bool]]]) -> None:
        self._make = make
        self._task: asyncio.Task[bytes] | None = None
        self._until = 0.0

    async def get(self) -> bytes:
        """Return the result; a client that disconnects does not cancel it for other clients."""
        task, now = self._task, asyncio.get_running_loop().time()
        if task is None or (task.done() and now >= self._until):
            task = self._task = asyncio.create_task(self._made())
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel the fetch in progress."""
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
    """Open the session when the application starts, and close it when it ends."""
    async with open_session() as (app[SESSION], app[WORKSPACE]):
        app[RECENT] = Recent(lambda: whole_workspace(app[SESSION], app[WORKSPACE]))
        yield
        await app[RECENT].close()


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Reply to errors of the SDK, whose messages hold no secrets."""
    try:
        return await handler(request)
    except errors.TaskRouterStatsError as error:
        status, headers = http_error(error)
        return web.json_response({"error": str(error)}, status=status, headers=headers)


async def one_worker(request: web.Request) -> web.Response:
    """Return one worker's statistics; wait at most two seconds for the rate limit."""
    query = queries.worker_statistics(
        request.app[WORKSPACE], request.match_info["sid"], Window.last(minutes=60)
    )
    statistics = await request.app[SESSION].fetch(query, max_wait=2.0, cache_ttl=FRESH)
    return web.Response(body=models.to_json(statistics), content_type="application/json")


async def all_workers(request: web.Request) -> web.Response:
    """Return all workers' statistics as JSON Lines; the last line says whether it is complete."""
    body = await request.app[RECENT].get()
    return web.Response(body=body, content_type="application/x-ndjson")


async def whole_workspace(session: TaskRouterSession, workspace_sid: str) -> tuple[bytes, bool]:
    """Return a line for each worker and one for the end, and whether nothing is missing."""
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
    """Return the application, for ``web.run_app`` or another aiohttp server."""
    app = web.Application(middlewares=[answer_errors])
    app.cleanup_ctx.append(session_context)
    app.router.add_get("/workers", all_workers)
    app.router.add_get("/workers/{sid}", one_worker)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
