"""What a user makes, and what a session opens of it."""

import asyncio
import copy
import pickle
import re
import subprocess
import sys

import pytest

from taskrouter_stats import Credentials, TaskRouterSession, Window, queries
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.errors import ConfigError, InvalidParameter
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.fleet.store import MemoryStore
from taskrouter_stats.session import pacer as session_pacer
from taskrouter_stats.session.budget_throttle import PacingOptions
from taskrouter_stats.session.pacer import Pacer
from taskrouter_stats.simulator import Simulator
from tests.support.faulty_store import FaultyStore
from tests.support.permit_queue import PermitQueue
from tests.support.virtual import virtual

NO_OPTIONS = PacingOptions(None, 0.0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"store": None}, "store"),
        ({"store": object()}, "store"),
        ({"store": MemoryStore(), "prefix": ""}, "prefix"),
        ({"store": MemoryStore(), "prefix": "a{b}"}, "prefix"),
        ({"store": MemoryStore(), "prefix": 7}, "prefix"),
        ({"store": MemoryStore(), "patience": 0}, "patience"),
        ({"store": MemoryStore(), "patience": "soon"}, "patience"),
        ({"store": MemoryStore(), "patience": float("inf")}, "patience"),
    ],
)
def test_wrong_arguments_are_named(arguments, parameter):
    """A wrong argument is an ``InvalidParameter`` that names it."""
    with pytest.raises(InvalidParameter, match=f"^{parameter}="):
        SharedPacer(**arguments)


def test_a_wrong_url_is_told_at_once_and_without_its_password():
    """A URL that no store can use is a ``ConfigError`` before any session opens."""
    with pytest.raises(ConfigError) as caught:
        SharedPacer("http://user:hunter2@host:1")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(SharedPacer("redis://user:hunter2@host:1"))


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_pacer_does_not_pickle(take):
    """A pickle would lack the URL, which may hold a password: the error says what to do."""
    with pytest.raises(TypeError, match="in the other process"):
        take(SharedPacer("redis://user:hunter2@host:1"))


def test_a_session_takes_a_pacer_only():
    """Anything else, such as the URL itself, is refused without being shown."""
    credentials = Credentials.auth_token("AC" + "0" * 32, "token")
    with pytest.raises(InvalidParameter, match="SharedPacer") as caught:
        TaskRouterSession(credentials, pacer="redis://user:hunter2@host")
    assert "hunter2" not in str(caught.value)


@virtual
async def test_keys_name_the_budget_and_hold_no_secret():
    """A key is prefix, number of the state's fields, and the budget as a hash tag."""
    store = FaultyStore()
    fleet = SharedPacer(store, prefix="mine").open(NO_OPTIONS)
    queue = PermitQueue(shared=fleet)
    await queue.probe(limit=50, remaining=49)
    await asyncio.sleep(0.5)
    (key,) = store._held
    assert re.fullmatch(r"mine:\d+:\{AC1:WS1:Statistics\}", key)
    await queue.end()
    queue.pacer.close()
    await fleet.aclose()


@virtual
async def test_prefixes_are_strangers():
    """Sessions with different prefixes do not see each other's requests."""
    store = FaultyStore()
    for prefix in ("one", "two"):
        fleet = SharedPacer(store, prefix=prefix).open(NO_OPTIONS)
        queue = PermitQueue(shared=fleet)
        task = await queue.acquire("probe")
        await asyncio.sleep(0.1)
        assert task.done()
        queue.pacer.close()
        await queue.end()
        await fleet.aclose()


@virtual
async def test_idle_budgets_end_their_tasks(monkeypatch):
    """A budget that the pacer forgets has no task any more, and is shared again when used."""
    monkeypatch.setattr(session_pacer, "_MANY_BUDGETS", 3)
    monkeypatch.setattr(session_pacer, "_IDLE_SECONDS", 5.0)
    fleet = SharedPacer(FaultyStore()).open(NO_OPTIONS)
    pacer = Pacer(max_in_flight=10, shared=fleet)
    for number in range(6):
        permit = await pacer.acquire(BudgetKey("AC1", f"WS{number}", "x"), interactive=True)
        permit.cancel()
        await asyncio.sleep(4.0)
    assert len(fleet._tasks) <= 3
    again = await pacer.acquire(BudgetKey("AC1", "WS0", "x"), interactive=True, max_wait=5.0)
    again.cancel()
    pacer.close()
    await fleet.aclose()


@virtual
async def test_closing_does_not_wait_for_a_silent_store():
    """A session ends within half a second, whether its store answers or not."""
    store = FaultyStore()
    fleet = SharedPacer(store).open(NO_OPTIONS)
    queue = PermitQueue(shared=fleet)
    await queue.probe(limit=50, remaining=49)
    store.latency = 60.0
    queue.pacer.close()
    began = asyncio.get_running_loop().time()
    await fleet.aclose()
    assert asyncio.get_running_loop().time() - began <= 0.6


async def test_sessions_share_a_real_budget():
    """Two sessions over sockets spend one limit together, and nothing is refused."""
    store = MemoryStore()
    async with Simulator(workers=60, limit=40, window="sliding1s", latency=0.01) as server:

        async def count(session):
            async with (
                session,
                session.stream_worker_statistics(
                    server.workspace_sid, Window.last(minutes=15)
                ) as outcomes,
            ):
                return [outcome.query.context.sid async for outcome in outcomes if outcome.unwrap()]

        sessions = [
            TaskRouterSession(
                server.credentials, base_url=server.base_url, pacer=SharedPacer(store)
            )
            for _ in range(2)
        ]
        found = await asyncio.gather(*map(count, sessions))
        assert [len(set(sids)) for sids in found] == [60, 60]
        async with TaskRouterSession(
            server.credentials, base_url=server.base_url, pacer=SharedPacer(store)
        ) as session:
            query = queries.worker_statistics(server.workspace_sid, found[0][0])
            await session.fetch(query)
            assert any(budget.limit == 40.0 for budget in session.budgets())


def test_importing_the_room_imports_no_redis():
    """``SharedPacer`` is imported without redis-py, which only a URL needs."""
    code = "import sys, taskrouter_stats.fleet; print('redis' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
