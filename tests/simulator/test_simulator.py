"""The simulator's public class."""

import asyncio
import socket
import time
from datetime import UTC, datetime

import aiohttp
import pytest

import taskrouter_stats.simulator
from taskrouter_stats import TaskRouterSession, Window, queries
from taskrouter_stats.errors import NotFound, SessionMisuse
from taskrouter_stats.models import Credentials
from taskrouter_stats.simulator import Simulator, World
from taskrouter_stats.simulator.server.routes import RESOURCE_KEYS
from taskrouter_stats.simulator.simulator import steady_clock

NOW = 1_795_000_000.25


async def test_it_listens_on_this_machine_only():
    """The simulator listens at a free port of the loopback address."""
    async with Simulator(workers=1) as simulator:
        assert simulator.base_url.startswith("http://127.0.0.1:")


async def test_ipv6_is_written_in_brackets():
    """The URL of an IPv6 address has brackets and works."""
    try:
        async with Simulator(workers=1, host="::1") as simulator:
            assert simulator.base_url.startswith("http://[::1]:")
    except OSError:
        pytest.skip("this machine has no IPv6")


async def test_it_can_be_left_and_entered_again():
    """The simulator ends with its block, and a second block serves again."""
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
    """A second ``async with`` meanwhile raises an error, and the first continues."""
    async with Simulator(workers=1) as simulator:
        with pytest.raises(SessionMisuse, match="already running"):
            await simulator.__aenter__()
        assert simulator.base_url


async def test_closing_twice_does_nothing():
    """Closing a simulator that is not running does nothing."""
    simulator = Simulator(workers=1)
    await simulator.__aexit__(None, None, None)
    assert "not running" in repr(simulator)


def test_the_address_is_known_when_running():
    """Before it runs there is no address, and the error says how to run it."""
    with pytest.raises(SessionMisuse, match="async with"):
        _ = Simulator(workers=1).base_url


async def test_a_port_in_use_raises():
    """A port in use raises an error, and no socket stays open."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = Simulator(workers=1, port=taken.getsockname()[1])
        with pytest.raises(OSError, match="address already in use"):
            await simulator.__aenter__()
        assert "not running" in repr(simulator)


def test_a_client_finds_what_it_requires():
    """Account, workspace and credentials are the world's, and no repr shows the token."""
    simulator = Simulator(workers=3, seed=4)
    world = World(4, 3)
    assert simulator.account_sid == simulator.credentials.account_sid == world.account_sid
    assert simulator.workspace_sid == world.workspace_sid
    user, token = simulator.auth
    assert simulator.credentials == Credentials.auth_token(user, token)
    assert len(token) == 32
    assert token not in repr(simulator.credentials)
    assert set(simulator.limits) == set(RESOURCE_KEYS)


async def test_the_repr_has_arguments_and_address():
    """The repr has the arguments and the address."""
    simulator = Simulator(workers=3, window="bucket")
    reported = "<Simulator(workers=3, limit=50, window='bucket', seed=0) "
    assert repr(simulator) == reported + "not running>"
    async with simulator:
        assert repr(simulator) == f"{reported}at {simulator.base_url}>"


def test_an_sk_user_gives_api_key_credentials():
    """A user name that begins with SK gives credentials of an API key of the account."""
    simulator = Simulator(workers=1, auth=("SK" + "a" * 32, "b" * 32))
    assert simulator.credentials.username == "SK" + "a" * 32
    assert simulator.credentials.account_sid == simulator.account_sid


def test_the_steady_clock_shows_the_time():
    """The steady clock agrees with the machine's and does not step back."""
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


class TestWorkspaces:
    """One simulator of several workspaces, each with its own workers and limits."""

    def test_the_first_is_what_a_simulator_of_one_has(self):
        """More workspaces do not change the first, and no two share a Worker or a name."""
        simulator, one = Simulator(workers=5, seed=4, workspaces=3), Simulator(workers=5, seed=4)
        assert simulator.workspace_sids[0] == simulator.workspace_sid == one.workspace_sid
        assert len(set(simulator.workspace_sids)) == 3
        assert simulator.world.workers == one.world.workers
        assert len({worker.sid for world in simulator.worlds for worker in world.workers}) == 15
        assert {world.account_sid for world in simulator.worlds} == {one.account_sid}
        assert "workspaces=3" in repr(simulator)

    async def test_each_answers_for_itself(self):
        """Lists and statistics are those of the workspace in the path."""
        async with (
            Simulator(workers=4, latency=0, workspaces=3) as simulator,
            TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
        ):
            listed = await session.iterate(queries.workspaces()).collect()
            assert [one.sid for one in listed] == list(simulator.workspace_sids)
            assert len({one.friendly_name for one in listed}) == 3
            for world in simulator.worlds:
                sid = world.workspace_sid
                stream = session.stream_worker_statistics(sid, Window.last(hours=8))
                outcomes = await stream.collect()
                asked = {outcome.unwrap().worker_sid for outcome in outcomes}
                assert asked == {worker.sid for worker in world.workers}
                assert {outcome.unwrap().workspace_sid for outcome in outcomes} == {sid}
            stranger = simulator.worlds[1].workers[0].sid
            with pytest.raises(NotFound):
                await session.fetch(queries.worker(simulator.workspace_sid, stranger))

    async def test_each_has_a_budget_of_its_own(self):
        """Each workspace has its own budgets, as Twilio counts by workspace."""
        async with Simulator(workers=1, limit=2, latency=0, workspaces=2) as simulator:
            simulator._server.time = lambda: NOW
            assert [await workers_of(simulator, sid) for sid in simulator.workspace_sids * 3] == [
                200,
                200,
                200,
                200,
                429,
                429,
            ]


async def workers_of(simulator, workspace_sid):
    """Return the status of the reply to a workspace's list of workers."""
    url = f"{simulator.base_url}/v1/Workspaces/{workspace_sid}/Workers"
    headers = {"Authorization": aiohttp.encode_basic_auth(*simulator.auth)}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as reply:
        return reply.status


async def test_a_frozen_clock_blocks_no_client():
    """Limits use the event loop's clock, so a frozen world clock does not block a client."""
    async with Simulator(workers=3, limit=2, latency=0.01, clock=lambda: NOW) as simulator:
        session = TaskRouterSession(simulator.credentials, base_url=simulator.base_url)
        worker, window = simulator.world.workers[0].sid, Window.last(minutes=15)
        query = queries.worker_statistics(simulator.workspace_sid, worker, window)
        async with session:
            answers = await asyncio.gather(*(session.fetch(query) for _ in range(7)))
        ends = [answer.cumulative.end_time for answer in answers]
        assert set(ends) == {datetime.fromtimestamp(int(NOW), UTC)}
