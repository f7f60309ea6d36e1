"""Servers, stores and simulated accounts for the tests of this folder."""

import pytest

from taskrouter_stats.fleet.redis_store import RedisStore
from tests.fleet import accounts
from tests.support.redis_servers import GENERATIONS, find_server, redis_server


@pytest.fixture(scope="session", params=GENERATIONS)
def generation(request):
    """Return the name of a generation of servers that is installed here."""
    if find_server(request.param) is None:
        pytest.skip(GENERATIONS[request.param])
    return request.param


@pytest.fixture(scope="session")
def shared_server(generation, tmp_path_factory):
    """Return a running server of each generation, for all tests of this process."""
    with redis_server(generation, tmp_path_factory.mktemp(generation)) as server:
        yield server


@pytest.fixture
def server(shared_server):
    """Return the server, empty and with its first settings."""
    with shared_server.client() as client:
        client.flushall()
        client.script_flush()
    return shared_server


@pytest.fixture
async def store(server):
    """Return a store on the server."""
    store = RedisStore(server.url, timeout=5.0)  # a busy machine may need more than 250 ms
    yield store
    await store.aclose()


@pytest.fixture
def known(tmp_path, monkeypatch):
    """Return the file that names the simulated accounts to the functions of a fleet."""
    path = tmp_path / "accounts.json"
    monkeypatch.setenv(accounts.VARIABLE, str(path))
    return path
