"""A web service around one session.

`python examples/03_web_app.py`, then `curl http://127.0.0.1:8080/workers` and, with one of the
SIDs that it prints, `curl http://127.0.0.1:8080/workers/WK…`.

One session serves the whole process: it opens with the application and closes with it, single
answers go before bulk ones, and a client that hangs up frees what its request held.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from account import open_session
from aiohttp import web

from taskrouter_stats import (
    OutcomeStream,
    Success,
    TaskRouterSession,
    Window,
    errors,
    models,
    queries,
)

SESSION = web.AppKey("SESSION", TaskRouterSession)
WORKSPACE = web.AppKey("WORKSPACE", str)


async def session_context(app: web.Application) -> AsyncIterator[None]:
    """Open the session with the application, close it with it."""
    async with open_session() as (app[SESSION], app[WORKSPACE]):
        yield


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


async def all_workers(request: web.Request) -> web.StreamResponse:
    """The whole workspace as JSON Lines; the last line says whether that was all."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    stream = request.app[SESSION].stream_worker_statistics(
        request.app[WORKSPACE], Window.last(minutes=60)
    )
    with suppress(ConnectionResetError):  # the client hung up: the stream ends with it
        async with stream as outcomes:
            await response.prepare(request)
            async for line in json_lines(outcomes):
                await response.write(line + b"\n")
    return response


async def json_lines(outcomes: OutcomeStream[models.WorkerStatistics]) -> AsyncIterator[bytes]:
    """One line per worker, then one that says how it ended."""
    end: dict[str, Any]
    try:
        async for outcome in outcomes:
            if isinstance(outcome, Success):
                yield models.to_json(outcome.value)
            else:
                failed = {"worker_sid": outcome.query.sid, "error": str(outcome.error)}
                yield json.dumps(failed).encode()
        end = {"complete": True, "workers": outcomes.progress.done}
    except errors.TaskRouterStatsError as error:
        end = {"complete": False, "error": str(error)}
    yield json.dumps(end).encode()


def make_app() -> web.Application:
    """The application; a WSGI-like server or `web.run_app` serves it."""
    app = web.Application(middlewares=[answer_errors])
    app.cleanup_ctx.append(session_context)
    app.router.add_get("/workers", all_workers)
    app.router.add_get("/workers/{sid}", one_worker)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
