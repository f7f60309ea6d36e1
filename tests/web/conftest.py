"""A dashboard over the simulator, with real sockets."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from taskrouter_stats import TaskRouterSession
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Dashboard


@pytest.fixture
async def simulator():
    """Run a simulator of 60 workers without latency."""
    async with Simulator(workers=60, limit=200, latency=0.0, seed=3) as running:
        yield running


@pytest.fixture
async def session(simulator):
    """Open a session of the simulator's account."""
    async with TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as opened:
        yield opened


@pytest.fixture
async def http():
    """Open an HTTP client."""
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
def dashboard(session, simulator):
    """Return a function that makes a dashboard; it refreshes once in 100 s by default."""

    def make(**options):
        return Dashboard(session, simulator.workspace_sid, **{"refresh": 100.0, **options})

    return make


@asynccontextmanager
async def watching(http, url, **options):
    """Open the stream of events; yield a function that returns the next message."""
    async with http.get(f"{url}events", **options) as response:

        async def following():
            async with asyncio.timeout(20):
                line = await response.content.readuntil(b"\n\n")
            return json.loads(line.removeprefix(b"data: "))

        yield following


async def complete(following):
    """Return the first message in which every part has data or an error."""
    while True:
        message = await following()
        if all(part["at"] or part["error"] for part in message["parts"].values()):
            return message
