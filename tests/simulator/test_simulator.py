"""The simulator as callers hold it."""

import socket
import time

import aiohttp
import pytest

import taskrouter_stats.simulator
from taskrouter_stats.errors import SessionMisuse
from taskrouter_stats.models import Credentials
from taskrouter_stats.simulator import Simulator, World
from taskrouter_stats.simulator.routes import RESOURCE_KEYS
from taskrouter_stats.simulator.simulator import steady_clock


async def test_it_listens_on_this_machine_only():
    """A free port of the loopback address is taken."""
    async with Simulator(workers=1) as simulator:
        assert simulator.base_url.startswith("http://127.0.0.1:")


async def test_ipv6_is_written_in_brackets():
    """An IPv6 address makes a URL that can be asked."""
    try:
        async with Simulator(workers=1, host="::1") as simulator:
            assert simulator.base_url.startswith("http://[::1]:")
    except OSError:
        pytest.skip("this machine has no IPv6")


async def test_it_can_be_left_and_entered_again():
    """After its block it is closed; a second block serves again."""
    simulator = Simulator(workers=1, latency=0)
    for _ in range(2):
        async with (
            simulator,
            aiohttp.ClientSession() as http,
            http.get(simulator.base_url) as reply,
        ):
            assert reply.status == 401
    assert simulator.counters.unauthorized == 2


async def test_it_runs_once_at_a_time():
    """Entering it twice is a mistake that says so, and the first goes on."""
    async with Simulator(workers=1) as simulator:
        with pytest.raises(SessionMisuse, match="running already"):
            await simulator.__aenter__()
        assert simulator.base_url


async def test_closing_twice_does_nothing():
    """Leaving a simulator that isn't running is harmless."""
    simulator = Simulator(workers=1)
    await simulator.__aexit__(None, None, None)
    assert "not running" in repr(simulator)


def test_the_address_is_known_when_running():
    """Before it runs there is no address, and the error shows how to run it."""
    with pytest.raises(SessionMisuse, match="async with"):
        _ = Simulator(workers=1).base_url


async def test_a_taken_port_is_an_error():
    """A port that somebody else listens at is refused, and nothing stays open."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = Simulator(workers=1, port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"):
            await simulator.__aenter__()
        assert "not running" in repr(simulator)


def test_what_a_client_needs_is_there():
    """Account, workspace and credentials are the world's, and the token isn't shown."""
    simulator = Simulator(workers=3, seed=4)
    world = World(4, 3)
    assert simulator.account_sid == simulator.credentials.account_sid == world.account_sid
    assert simulator.workspace_sid == world.workspace_sid
    user, token = simulator.auth
    assert simulator.credentials == Credentials.auth_token(user, token)
    assert len(token) == 32
    assert token not in repr(simulator.credentials)
    assert set(simulator.limits) == set(RESOURCE_KEYS)


async def test_its_repr_tells_what_it_is():
    """The repr has what made it, and where it is."""
    simulator = Simulator(workers=3, window="bucket")
    told = "<Simulator(workers=3, limit=50, window='bucket', seed=0) "
    assert repr(simulator) == told + "not running>"
    async with simulator:
        assert repr(simulator) == f"{told}at {simulator.base_url}>"


def test_an_api_key_is_let_in_as_one():
    """Credentials for a key pair are an API key's, in the simulated account."""
    simulator = Simulator(workers=1, auth=("SK" + "a" * 32, "b" * 32))
    assert simulator.credentials.username == "SK" + "a" * 32
    assert simulator.credentials.account_sid == simulator.account_sid


def test_the_steady_clock_shows_the_time():
    """Its clock agrees with the machine's and doesn't go back."""
    clock = steady_clock()
    assert clock() == pytest.approx(time.time(), abs=1)
    assert clock() <= clock()


def test_the_exported_names():
    """The package exports these names and no others."""
    assert taskrouter_stats.simulator.__all__ == [
        "WINDOWS",
        "Counters",
        "Counts",
        "Simulator",
        "World",
    ]
