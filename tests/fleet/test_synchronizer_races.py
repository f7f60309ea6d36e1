"""What happens to a budget's task when requests, the session or the stored bytes change."""

import asyncio
from contextlib import asynccontextmanager

import orjson
import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.fleet.shared_throttle import KEEP_ALONE
from taskrouter_stats.session.budget_throttle import PacingOptions
from taskrouter_stats.session.pacer import Pacer
from tests.support.faulty_store import FaultyStore
from tests.support.virtual import virtual

KEY = BudgetKey("AC1", "WS1", "WorkerStatistics")
SOON = 5.0


@asynccontextmanager
async def session(store):
    """Yield the fleet and the pacer of a session."""
    fleet = SharedPacer(store).open(PacingOptions(None, 0.0, 0.0))
    pacer = Pacer(max_in_flight=100, shared=fleet)
    yield fleet, pacer
    pacer.close()
    await fleet.aclose()


async def request(pacer, key=KEY):
    """Send one request, which must leave soon."""
    permit = await asyncio.wait_for(pacer.acquire(key, interactive=True), SOON)
    permit.mark_sent()
    await asyncio.sleep(0.05)
    permit.observe(RateLimit(limit=50.0, remaining=40.0), refused=False)


async def change(store, changed):
    """Replace what is stored."""
    (name,) = store._held
    held = await store.read(name)
    blob = orjson.dumps(changed(orjson.loads(held.blob)))
    assert (await store.compare_and_set(name, held.version, blob, ttl=60.0)).committed


async def until_written(link, store):
    """Wait until a report is being written to the store, which answers slowly."""
    store.latency = 0.1
    while not link._doubts:  # noqa: ASYNC110 (the synchronizer has no event)
        await asyncio.sleep(0.001)


@virtual
async def test_a_budget_that_was_idle_is_forgotten_in_peace():
    """When the pacer drops idle budgets, their tasks end, and the next request begins anew."""
    keys = [BudgetKey("AC1", f"WS{number}", "WorkerStatistics") for number in range(70)]
    async with session(FaultyStore()) as (fleet, pacer):
        for key in keys:
            await request(pacer, key)
        await asyncio.sleep(700.0)
        await request(pacer, BudgetKey("AC1", "WS1", "WorkflowStatistics"))
        await asyncio.sleep(2.0)
        assert len(fleet._budgets) == len(fleet._tasks) == 1
        await request(pacer, keys[0])


@pytest.mark.parametrize("settle", ["mark_sent", "cancel"])
@virtual
async def test_a_permit_used_while_the_store_comes_back(settle):
    """A permit of the time without a store may be used or taken back during the first report."""
    store = FaultyStore()
    async with session(store) as (fleet, pacer):
        await request(pacer)
        store.go_down()
        await asyncio.sleep(2.0)
        await request(pacer)
        await asyncio.sleep(KEEP_ALONE + 1.0)  # that send is forgotten with the next one
        permit = await pacer.acquire(KEY, interactive=True)
        store.come_back()
        await until_written(fleet._budgets[KEY], store)
        getattr(permit, settle)()
        await asyncio.sleep(2.0)
        permit.abandon()
        assert not fleet._budgets[KEY].throttle.is_alone
        await request(pacer)


@pytest.mark.parametrize("steps", [2**64 - 1, 2**63])
@virtual
async def test_a_number_that_cannot_be_counted_on_is_replaced(steps):
    """A stored count beyond 64 bits with the next step ends no task: the state is replaced."""
    store = FaultyStore()
    async with session(store) as (_, pacer):
        await request(pacer)
        await asyncio.sleep(1.0)
        await change(store, lambda state: state | {"steps": steps})
        await request(pacer)


@virtual
async def test_the_last_report_asks_for_nothing():
    """A session that ends keeps no slot: every one charged was sent."""
    store = FaultyStore()
    async with session(store) as (_, pacer):
        for _ in range(5):
            await request(pacer)
    (held,) = store._held.values()
    state = orjson.loads(held.blob)
    assert state["throttle"]["throttle"]["sent"] == 5
