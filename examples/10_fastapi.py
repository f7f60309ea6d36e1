"""A FastAPI service with one session: a lifespan, a dependency and a handler of errors.

Run ``uvicorn --app-dir examples 10_fastapi:app``, then ``curl http://127.0.0.1:8000/workers/WK…``.

The lifespan opens and closes the session. ``cache_ttl=15`` lets equal requests share one request
to Twilio, and its answer for 15 seconds. The bytes of ``to_json`` go out as they are, without
FastAPI's own conversion. Starlette has the same parts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from account import open_account
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from taskrouter_stats import TaskRouterSession, Window, errors, models, queries
from taskrouter_stats.web import http_error


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the session when the service starts, and close it when it ends."""
    async with open_account(workers=120, limit=50) as (options, app.state.workspace_sid):
        make = TaskRouterSession if options else TaskRouterSession.from_env
        async with make(**options, cache_ttl=15) as app.state.session:
            yield


def the_session(request: Request) -> TaskRouterSession:
    """Return the session of this service."""
    return request.app.state.session


def the_workspace(request: Request) -> str:
    """Return the SID of the Workspace of this service."""
    return request.app.state.workspace_sid


Session = Annotated[TaskRouterSession, Depends(the_session)]
Workspace = Annotated[str, Depends(the_workspace)]
app = FastAPI(title="Statistics", lifespan=lifespan)


@app.exception_handler(errors.TaskRouterStatsError)
async def answer_errors(_: Request, error: errors.TaskRouterStatsError) -> JSONResponse:
    """Reply to errors of the SDK, whose messages hold no secrets."""
    status, headers = http_error(error)
    return JSONResponse({"error": str(error)}, status, headers)


@app.get("/workers/{sid}")
async def one_worker(sid: str, session: Session, workspace: Workspace) -> Response:
    """Return one worker's statistics; wait at most two seconds for the rate limit."""
    query = queries.worker_statistics(workspace, sid, Window.last(minutes=60))
    statistics = await session.fetch(query, max_wait=2.0)
    return Response(models.to_json(statistics), media_type="application/json")


@app.get("/workspace")
async def whole_workspace(session: Session, workspace: Workspace) -> Response:
    """Return the Workspace's reservations and tasks of the last hour."""
    query = queries.workspace_cumulative_statistics(workspace, Window.last(minutes=60))
    statistics = await session.fetch(query, max_wait=2.0)
    return Response(models.to_json(statistics), media_type="application/json")
