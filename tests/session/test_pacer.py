"""The pacer: order, slots, probes, pauses, budgets, timers."""

import asyncio

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.errors import SessionClosed
from tests.support.permit_queue import KEY, OTHER, PermitQueue
from tests.support.virtual import now, settle, virtual

pytestmark = pytest.mark.usefixtures("simple_throttle")


class TestOrder:
    """First come, first served; interactive requests before bulk requests."""

    @virtual
    async def test_first_come_first_served(self):
        """Requests that wait for slots get them in order of arrival."""
        queue = PermitQueue(max_in_flight=2)
        await queue.probe()
        await queue.acquire_all(*"abcdef")
        for name in "abcdef":
            assert queue.granted[-1] == name
            await queue.reply(name)
        assert queue.granted == list("abcdef")

    @virtual
    async def test_paced_requests_keep_their_order(self):
        """Requests that wait for the rate go one by one, in order, at the limit."""
        queue = PermitQueue()
        await queue.probe(limit=10, remaining=10)
        await queue.acquire_all(*"abcde")
        await asyncio.sleep(1)
        assert queue.granted == list("abcde")
        await queue.end()

    @virtual
    async def test_interactive_goes_before_bulk(self):
        """An interactive request goes before every waiting bulk request."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe()
        await queue.acquire_all(*"abc")
        await queue.acquire("fetch", interactive=True)
        await queue.acquire("fetch too", interactive=True)
        for name in ("a", "fetch", "fetch too", "b"):
            await queue.reply(name)
        assert queue.granted == ["a", "fetch", "fetch too", "b", "c"]
        await queue.end()

    @virtual
    async def test_bulk_waits_behind_interactive(self):
        """While an interactive request waits, a later bulk request waits behind it."""
        queue = PermitQueue()
        await queue.probe(limit=1, remaining=9)
        await queue.acquire("first")
        await queue.acquire("fetch", interactive=True)
        await queue.acquire("bulk")
        await asyncio.sleep(1)
        assert queue.granted == ["first", "fetch"]
        await queue.end()

    @virtual
    async def test_a_refused_request_goes_to_the_front(self):
        """A request that got a 429 goes before other bulk, and behind interactive requests."""
        queue = PermitQueue()
        await queue.refuse(5)
        await queue.acquire_all(*"ab")
        await queue.acquire("refused", front=True)
        await queue.acquire("fetch", interactive=True)
        await asyncio.sleep(6)
        assert queue.granted == ["fetch", "refused", "a", "b"]
        await queue.end()


class TestSlots:
    """Slots, shared by all budgets."""

    @virtual
    async def test_one_slot_is_kept_for_interactive_requests(self):
        """Bulk requests leave one slot free; an interactive request takes it at once."""
        queue = PermitQueue(max_in_flight=3)
        await queue.probe()
        await queue.acquire_all(*"abc")
        await queue.acquire("fetch", interactive=True)
        assert queue.granted == ["a", "b", "fetch"]
        await queue.reply("fetch")
        assert queue.granted == ["a", "b", "fetch"]
        await queue.reply("a")
        assert queue.granted[-1] == "c"
        await queue.end()

    @virtual
    async def test_bulk_may_use_the_only_slot(self):
        """With one slot, bulk requests may use it."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe()
        await queue.acquire_all("a", "b")
        assert queue.granted == ["a"]
        await queue.end()

    @virtual
    async def test_slots_are_shared_by_all_budgets(self):
        """A slot that one budget releases goes to another budget's request."""
        queue = PermitQueue(max_in_flight=2)
        await queue.probe()
        await queue.probe(key=OTHER)
        await queue.acquire("a")
        await queue.acquire("b", OTHER)
        assert queue.granted == ["a"]
        await queue.reply("a")
        assert queue.granted == ["a", "b"]
        await queue.end()

    @virtual
    async def test_no_budget_starves_another(self):
        """While one budget always has waiting requests, another budget's request gets a slot."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe()
        await queue.probe(key=OTHER)
        await queue.acquire_all(*"abcdef")
        await queue.acquire("other", OTHER)
        for _ in range(6):
            await queue.reply(queue.granted[-1])
            await queue.acquire(f"more {len(queue.granted)}")
        assert "other" in queue.granted
        await queue.end()

    @virtual
    async def test_a_slot_goes_to_the_most_urgent_budget(self):
        """Of several waiting budgets the one with an interactive request gets the slot."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe()
        await queue.probe(key=OTHER)
        await queue.acquire_all("a", "b")
        await queue.acquire("fetch", OTHER, interactive=True)
        await queue.reply("a")
        assert queue.granted == ["a", "fetch"]
        await queue.end()


class TestBudgets:
    """A reply changes its own budget only."""

    @virtual
    async def test_the_first_request_goes_alone(self):
        """Until the first reply no other request of that budget is sent; then all may be."""
        queue = PermitQueue()
        await queue.acquire_all(*"abc")
        assert queue.granted == ["a"]
        assert queue.state().reason == "probe"
        await queue.reply("a")
        assert queue.granted == list("abc")
        await queue.end()

    @virtual
    async def test_a_lost_probe_is_followed_by_another(self):
        """If the probe gets no reply, the next request is a probe, again alone."""
        queue = PermitQueue()
        await queue.acquire_all(*"abc")
        queue.permits.pop("a").abandon()
        await settle()
        assert queue.granted == list("ab")
        await queue.end()

    @virtual
    async def test_a_429_pauses_the_whole_budget(self):
        """After a 429 no request of the budget is sent for Retry-After seconds."""
        queue = PermitQueue()
        await queue.probe()
        await queue.acquire("a")
        await queue.reply("a", RateLimit(retry_after=7), refused=True)
        await queue.acquire("bulk")
        await queue.acquire("fetch", interactive=True)
        await asyncio.sleep(6.9)
        assert queue.granted == ["a"]
        assert queue.state().reason == "paused"
        await asyncio.sleep(0.2)
        assert queue.granted == ["a", "fetch", "bulk"]
        await queue.end()

    @virtual
    async def test_budgets_are_independent(self):
        """A paused budget does not delay another budget."""
        queue = PermitQueue()
        await queue.refuse(60)
        await queue.acquire("a")
        await queue.acquire("b", OTHER)
        assert queue.granted == ["b"]
        assert (queue.state().refused, queue.state(OTHER).refused) == (1, 0)
        await queue.end()

    @virtual
    async def test_no_more_in_flight_than_remain(self):
        """With remaining=3, three requests are in flight; each reply lets one more go."""
        queue = PermitQueue(max_in_flight=50)
        await queue.probe(limit=1000, remaining=3)
        await queue.acquire_all(*"abcde")
        await asyncio.sleep(1)
        assert queue.granted == list("abc")
        assert queue.state().reason == "in_flight"
        await queue.end()

    @virtual
    async def test_idle_budgets_are_deleted(self):
        """Of many budgets the idle ones are deleted; one with a waiting request stays."""
        queue = PermitQueue(max_in_flight=1)
        for number in range(80):
            await queue.probe(key=KEY._replace(workspace=f"idle {number}"))
        await queue.acquire("holder", OTHER)
        await queue.acquire("waiter")
        await asyncio.sleep(601)
        await queue.acquire("new", KEY._replace(workspace="new"))
        assert {b.workspace for b in queue.pacer.snapshots()} == {"WS1", "WS2", "new"}
        await queue.end()


class TestTimers:
    """The pacer does not poll."""

    @virtual
    async def test_one_timer_for_all_waiters(self):
        """A thousand requests of a paused budget set at most a timer each, and keep one."""
        queue = PermitQueue(max_in_flight=2000)
        await queue.refuse(30)
        loop = asyncio.get_running_loop()
        for number in range(100):
            await queue.acquire(number)
        assert len(loop.pending_timers()) == 1
        before = loop.timers
        await asyncio.sleep(29)
        assert loop.timers - before == 1, "the test's own sleep, and nothing else"
        await queue.end()

    @virtual
    async def test_waiting_for_a_slot_or_a_reply_takes_no_timer(self):
        """Requests that wait for a slot or for the probe set no timer."""
        queue = PermitQueue(max_in_flight=1)
        loop = asyncio.get_running_loop()
        await queue.acquire_all("probe", "b")
        await queue.acquire("c", OTHER)
        assert loop.timers == 0
        await queue.reply("probe")
        assert loop.timers == 0
        await queue.end()

    @virtual
    async def test_a_paced_run_takes_one_timer_per_wait(self):
        """Fifty paced requests take about fifty timers, however many wait."""
        queue = PermitQueue(max_in_flight=100)
        await queue.probe(limit=10, remaining=100)
        await queue.acquire_all(*range(50))
        loop = asyncio.get_running_loop()
        before = loop.timers
        await asyncio.sleep(10)
        assert len(queue.granted) == 50
        assert loop.timers - before <= 52
        await queue.end()


class TestClose:
    """Closing the pacer."""

    @virtual
    async def test_closing_ends_every_wait(self):
        """Closing ends every wait with SessionClosed in every budget, and leaves no timer."""
        queue = PermitQueue()
        await queue.refuse(30)
        await queue.acquire("a", max_wait=60)
        await queue.acquire("b", interactive=True)
        queue.pacer.close()
        assert asyncio.get_running_loop().pending_timers()[1:] == []
        for task in queue.tasks.values():
            with pytest.raises(SessionClosed):
                await task
        assert now() == 0

    @virtual
    async def test_no_permit_after_closing(self):
        """After closing, acquiring a permit raises SessionClosed."""
        queue = PermitQueue()
        queue.pacer.close()
        with pytest.raises(SessionClosed):
            await queue.pacer.acquire(KEY, interactive=True)

    @virtual
    async def test_a_permit_settles_once(self):
        """A permit may settle after closing; settling it again does nothing."""
        queue = PermitQueue()
        await queue.acquire("a")
        queue.pacer.close()
        permit = queue.permits.pop("a")
        permit.abandon()
        permit.observe(RateLimit(limit=1), refused=True)
        permit.cancel()
        state = queue.state()
        assert (state.in_flight, state.refused, state.limit, state.sent) == (0, 0, None, 1)
