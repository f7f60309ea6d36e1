"""A dashboard over the simulator, with real sockets."""

import aiohttp
import pytest

from taskrouter_stats import TaskRouterSession
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Dashboard
from tests.support.browser import CHROMIUM, chromium


@pytest.fixture(scope="session")
def browser_address():
    """Start the Chromium of this process, in which each test has a profile of its own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with chromium() as address:
        yield address


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
