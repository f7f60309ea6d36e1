"""What happens to a budget's task when requests, the session or the stored bytes change."""

import asyncio
import logging
from contextlib import asynccontextmanager

import attrs
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
    store.latency = 0.05
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


@virtual
async def test_many_budgets_tell_once_that_the_store_is_gone(caplog):
    """One line tells of the first budget that lost the store, one of the last that has it again."""
    caplog.set_level(logging.INFO, "taskrouter_stats.fleet")
    store = FaultyStore()
    async with session(store) as (_, pacer):
        keys = [BudgetKey("AC1", f"WS{number}", "WorkerStatistics") for number in range(20)]
        await asyncio.gather(*(request(pacer, key) for key in keys))
        store.go_down()
        await asyncio.gather(*(request(pacer, key) for key in keys))
        await asyncio.sleep(5.0)
        store.come_back()
        await asyncio.sleep(5.0)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@virtual
async def test_a_close_that_is_cancelled_closes_the_store():
    """Tasks end and the connections close, even if nobody waits for the end any more."""
    closed = []

    class Closing(FaultyStore):
        async def aclose(self):
            closed.append(True)

    store = Closing()
    async with session(store) as (fleet, pacer):
        fleet._closes_store = True
        await request(pacer)
        store.latency = 10.0
        fleet._budgets[KEY]._patience = 100.0
        await asyncio.sleep(0.3)
        closing = asyncio.create_task(fleet.aclose())
        await asyncio.sleep(0.1)
        assert not closing.done()
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        assert closed
        assert not fleet._tasks


@virtual
async def test_a_store_that_answers_nonsense_is_a_store_that_is_gone(caplog):
    """Answers without a time end no task: requests go on alone, and the store may recover."""

    class Confused(FaultyStore):
        is_confused = False

        async def _served(self, call):
            answer = await super()._served(call)
            return attrs.evolve(answer, now=None) if self.is_confused else answer

    store = Confused()
    async with session(store) as (fleet, pacer):
        await request(pacer)
        store.is_confused = True
        await request(pacer)
        await asyncio.sleep(2.0)
        await request(pacer)
        store.is_confused = False
        await asyncio.sleep(2.0)
        assert not fleet._budgets[KEY].throttle.is_alone
        await request(pacer)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
