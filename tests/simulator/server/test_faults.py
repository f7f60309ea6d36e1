"""Faults: which replies have one, and what each does."""

import asyncio
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest

from taskrouter_stats import errors
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.simulator.server.faults import FAULTS, Faults
from tests.support.virtual import settle

NAMES = {fault: name for name, fault in FAULTS.items()}
BROKEN = (aiohttp.ClientError, ConnectionError, TimeoutError)
WHOLE = {
    "500": 500,
    "502": 502,
    "503": 503,
    "wrong type": 200,
    **dict.fromkeys(["dripping", "chunked", "gzip"], 200),
    **dict.fromkeys([name for name in FAULTS if name.startswith("429")], 429),
}


def drawn(share, seed, count=2_000):
    """Return the names of the faults of this many requests."""
    faults = Faults(share, seed)
    return [NAMES.get(faults.draw()) for _ in range(count)]


def test_equal_seeds_give_equal_faults():
    """The seed determines which requests have a fault, and which fault."""
    assert drawn(0.25, 1) == drawn(0.25, 1) != drawn(0.25, 2)


def test_the_share_is_met():
    """A share of 0.25 gives each fault to about a quarter of requests, 0 to none and 1 to all."""
    found = drawn(0.25, 1)
    assert 400 < len([name for name in found if name]) < 600
    assert set(found) == {None, *FAULTS}
    assert set(drawn(0.0, 1)) == {None}
    assert None not in drawn(1.0, 1)


@asynccontextmanager
async def serving_with(name, monkeypatch, latency=0):
    """Run a server whose replies all have this fault."""
    monkeypatch.setattr(Faults, "draw", lambda self: FAULTS[name])
    async with Simulator(workers=1, window="none", latency=latency) as simulator:
        yield simulator


async def met(name, monkeypatch):
    """Return what a plain client receives when all replies have this fault."""
    async with serving_with(name, monkeypatch) as simulator:
        headers = {"Authorization": simulator.credentials.authorization()}
        url = f"{simulator.base_url}/v1/Workspaces/{simulator.workspace_sid}"
        timeout = aiohttp.ClientTimeout(total=0.5)
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as http,
            http.get(url) as response,
        ):
            return response, await response.read()


@pytest.mark.parametrize("name", WHOLE)
async def test_some_faults_are_complete_replies(name, monkeypatch):
    """Some faults are complete replies of a server or a gateway."""
    response, body = await met(name, monkeypatch)
    assert response.status == WHOLE[name]
    is_page = name in {"502", "503", "wrong type"}
    assert response.content_type == ("text/html" if is_page else "application/json")
    assert body.startswith(b"<html" if is_page else b"{")
    assert ("Content-Encoding" in response.headers) == (name == "gzip")
    assert ("Transfer-Encoding" in response.headers) == (name == "chunked")
    assert ("Retry-After" in response.headers) == (name.startswith("429 "))


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - WHOLE.keys()))
async def test_other_faults_are_incomplete_replies(name, monkeypatch):
    """The other faults are incomplete replies."""
    with pytest.raises(BROKEN) as caught:
        await met(name, monkeypatch)
    assert isinstance(caught.value, asyncio.TimeoutError) == (name == "stalled")


async def test_refused_connections_affect_other_requests(monkeypatch):
    """The fault resets one request and refuses connections for a time; then the server works."""
    async with serving_with("refused", monkeypatch) as simulator, aiohttp.ClientSession() as http:
        for error in (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectorError):
            with pytest.raises(error):
                await http.post(simulator.base_url)
        monkeypatch.setattr(Faults, "draw", lambda self: None)
        response = None
        while response is None:
            with suppress(aiohttp.ClientConnectorError):
                response = await http.post(simulator.base_url)
        assert response.status == 401
        assert simulator.counters.requests == 2


@pytest.mark.parametrize(
    ("name", "count"), [("429", "refused"), ("429 date", "refused"), ("503", "rejected")]
)
async def test_replies_with_a_fault_count_by_the_sent_status(name, count, monkeypatch):
    """A 429 that replaces a reply counts as refused, and no longer as the replaced status."""
    async with serving_with(name, monkeypatch) as simulator, aiohttp.ClientSession() as http:
        async with http.get(simulator.base_url):
            pass
        assert getattr(simulator.counters, count) == 1
        assert getattr(simulator.counters.by_key["unknown"], count) == 1
        assert simulator.counters.unauthorized == 0


@pytest.mark.parametrize("name", sorted(FAULTS))
async def test_a_disconnected_client_causes_no_error(name, monkeypatch, caplog):
    """A client that disconnects before its reply causes no error in the server's log."""
    monkeypatch.setattr("taskrouter_stats.simulator.server.faults._STALL_SECONDS", 0.0)
    async with serving_with(name, monkeypatch, latency=0.01) as simulator:
        _, writer = await asyncio.open_connection(*simulator._listener.address)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await settle()
        assert simulator.counters.in_flight == 1
        writer.transport.abort()
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


@pytest.mark.parametrize("share", [-0.1, 1.1, True, "0.5"])
def test_a_share_is_a_share(share):
    """A share outside 0 to 1 raises an error."""
    with pytest.raises(errors.InvalidParameter, match="faults"):
        Simulator(faults=share)
