"""Which answers are spoilt, and that each fault is what its name says."""

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
    """The names of the faults of so many requests."""
    faults = Faults(share, seed)
    return [NAMES.get(faults.draw()) for _ in range(count)]


def test_equal_seeds_spoil_alike():
    """The seed decides which requests are hit, and by what."""
    assert drawn(0.25, 1) == drawn(0.25, 1) != drawn(0.25, 2)


def test_the_share_is_met():
    """About a quarter is hit, by every fault there is; with a share of 0 none, with 1 all."""
    found = drawn(0.25, 1)
    assert 400 < len([name for name in found if name]) < 600
    assert set(found) == {None, *FAULTS}
    assert set(drawn(0.0, 1)) == {None}
    assert None not in drawn(1.0, 1)


@asynccontextmanager
async def spoiling(name, monkeypatch, latency=0):
    """A server whose every answer has that fault."""
    monkeypatch.setattr(Faults, "draw", lambda self: FAULTS[name])
    async with Simulator(workers=1, window="none", latency=latency) as simulator:
        yield simulator


async def met(name, monkeypatch):
    """What a plain client gets when every answer has that fault."""
    async with spoiling(name, monkeypatch) as simulator:
        headers = {"Authorization": simulator.credentials.authorization()}
        url = f"{simulator.base_url}/v1/Workspaces/{simulator.workspace_sid}"
        timeout = aiohttp.ClientTimeout(total=0.5)
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as http,
            http.get(url) as response,
        ):
            return response, await response.read()


@pytest.mark.parametrize("name", WHOLE)
async def test_whole_answers(name, monkeypatch):
    """Some are answers, of a server's or a gateway's."""
    response, body = await met(name, monkeypatch)
    assert response.status == WHOLE[name]
    is_page = name in {"502", "503", "wrong type"}
    assert response.content_type == ("text/html" if is_page else "application/json")
    assert body.startswith(b"<html" if is_page else b"{")
    assert ("Content-Encoding" in response.headers) == (name == "gzip")
    assert ("Transfer-Encoding" in response.headers) == (name == "chunked")
    assert ("Retry-After" in response.headers) == (name.startswith("429 "))


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - WHOLE.keys()))
async def test_answers_that_break_off(name, monkeypatch):
    """The others are no whole answers."""
    with pytest.raises(BROKEN) as caught:
        await met(name, monkeypatch)
    assert isinstance(caught.value, asyncio.TimeoutError) == (name == "stalled")


async def test_a_refusal_of_connections_meets_others_too(monkeypatch):
    """The one that is hit is cut off, the next can't connect for a moment, then all is well."""
    async with spoiling("refused", monkeypatch) as simulator, aiohttp.ClientSession() as http:
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
async def test_spoilt_answers_count_as_they_were_sent(name, count, monkeypatch):
    """A refusal that no limiter decided on is counted as one, and no more as what was decided."""
    async with spoiling(name, monkeypatch) as simulator, aiohttp.ClientSession() as http:
        async with http.get(simulator.base_url):
            pass
        assert getattr(simulator.counters, count) == 1
        assert getattr(simulator.counters.by_key["unknown"], count) == 1
        assert simulator.counters.unauthorized == 0


@pytest.mark.parametrize("name", sorted(FAULTS))
async def test_a_fault_that_nobody_waits_for_ends_quietly(name, monkeypatch, caplog):
    """A client that left before its answer makes no server log an error."""
    monkeypatch.setattr("taskrouter_stats.simulator.server.faults._STALL_SECONDS", 0.0)
    async with spoiling(name, monkeypatch, latency=0.01) as simulator:
        _, writer = await asyncio.open_connection(*simulator._listener.address)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await settle()
        assert simulator.counters.in_flight == 1
        writer.transport.abort()
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


@pytest.mark.parametrize("share", [-0.1, 1.1, True, "0.5"])
def test_a_share_is_a_share(share):
    """Anything but a share from 0 to 1 is refused."""
    with pytest.raises(errors.InvalidParameter, match="faults"):
        Simulator(faults=share)
