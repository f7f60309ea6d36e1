"""Which answers are spoilt, and that each fault is what its name says."""

import asyncio

import aiohttp
import pytest

from taskrouter_stats import errors
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.simulator.faults import FAULTS, Faults

NAMES = {fault: name for name, fault in FAULTS.items()}
BROKEN = (aiohttp.ClientError, ConnectionError, TimeoutError)
WHOLE = {
    "500": 500,
    "502": 502,
    "503": 503,
    "wrong type": 200,
    **dict.fromkeys(["dripping", "chunked", "gzip"], 200),
    **dict.fromkeys(["429", "429 seconds", "429 date", "429 absurd"], 429),
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


async def met(name, monkeypatch):
    """What a plain client gets when every answer has that fault."""
    monkeypatch.setattr(Faults, "draw", lambda self: FAULTS[name])
    async with Simulator(workers=1, window="none", latency=0) as simulator:
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


@pytest.mark.parametrize("share", [-0.1, 1.1, True, "0.5"])
def test_a_share_is_a_share(share):
    """Anything but a share from 0 to 1 is refused."""
    with pytest.raises(errors.InvalidParameter, match="faults"):
        Simulator(faults=share)
