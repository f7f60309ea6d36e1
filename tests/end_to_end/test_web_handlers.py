"""Web handlers that return records as JSON, with FastAPI and aiohttp.web."""

import json

import fastapi
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from taskrouter_stats import models
from tests.support.asgi import call

BODY = {
    "workspace_sid": "WS" + "a" * 32,
    "worker_sid": "WK" + "a" * 32,
    "cumulative": {
        "start_time": "2026-11-01T00:00:00Z",
        "reservations_created": 3,
        "tasks_new": {"unknown": True},
    },
    "later": None,
}


@pytest.fixture
def record():
    """Return a record with unknown keys at two levels."""
    return models.structure(BODY, models.WorkerStatistics)


def kept(reply):
    """Return the part of a reply that was in the body; the rest is null."""
    cumulative = {name: it for name, it in reply["cumulative"].items() if it is not None}
    return {name: reply[name] for name in BODY} | {"cumulative": cumulative}


async def test_fastapi(record):
    """Routes of FastAPI that return a dict and bytes send the same JSON."""
    app = fastapi.FastAPI()
    app.get("/dict")(lambda: models.to_dict(record))
    app.get("/json")(
        lambda: fastapi.Response(models.to_json(record), media_type="application/json")
    )
    for path in ("/dict", "/json"):
        status, _, body = await call(app, path)
        assert (status, kept(json.loads(body))) == (200, BODY)


async def test_aiohttp_web(record):
    """Routes of aiohttp.web that return a dict and bytes send the same JSON."""

    async def as_dict(_):
        return web.json_response(models.to_dict(record))

    async def as_json(_):
        return web.Response(body=models.to_json(record), content_type="application/json")

    app = web.Application()
    app.router.add_get("/dict", as_dict)
    app.router.add_get("/json", as_json)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        for path in ("/dict", "/json"):
            async with client.get(path) as response:
                assert (response.status, kept(await response.json())) == (200, BODY)
