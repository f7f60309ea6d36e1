"""Who may go, and when: order, slots, probe, pauses, budgets, cancellation."""

import asyncio

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.errors import SessionClosed
from tests.support.virtual import now, settle, virtual
from tests.support.waiting import KEY, OTHER, Crowd

pytestmark = pytest.mark.usefixtures("simple_throttle")


class TestOrder:
    """First come, first served, interactive ones before bulk ones."""

    @virtual
    async def test_first_come_first_served(self):
        """Those who wait for slots go in the order in which they asked."""
        crowd = Crowd(max_in_flight=2)
        await crowd.answered()
        await crowd.ask_all(*"abcdef")
        for name in "abcdef":
            assert crowd.went[-1] == name
            await crowd.done(name)
        assert crowd.went == list("abcdef")

    @virtual
    async def test_paced_ones_go_in_order_too(self):
        """Those who wait for the pace go one by one, in order, at the limit."""
        crowd = Crowd()
        await crowd.answered(limit=10, remaining=10)
        await crowd.ask_all(*"abcde")
        await asyncio.sleep(1)
        assert crowd.went == list("abcde")
        await crowd.end()

    @virtual
    async def test_interactive_goes_before_bulk(self):
        """An interactive request passes every bulk one that waits."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered()
        await crowd.ask_all(*"abc")
        await crowd.ask("fetch", interactive=True)
        await crowd.ask("fetch too", interactive=True)
        for name in ("a", "fetch", "fetch too", "b"):
            await crowd.done(name)
        assert crowd.went == ["a", "fetch", "fetch too", "b", "c"]
        await crowd.end()

    @virtual
    async def test_nobody_passes_a_waiting_interactive_one(self):
        """While an interactive request waits, a bulk one that comes later waits behind it."""
        crowd = Crowd()
        await crowd.answered(limit=1, remaining=9)
        await crowd.ask("first")
        await crowd.ask("fetch", interactive=True)
        await crowd.ask("bulk")
        await asyncio.sleep(1)
        assert crowd.went == ["first", "fetch"]
        await crowd.end()

    @virtual
    async def test_a_refused_one_goes_to_the_front(self):
        """What was refused after its turn goes before its equals, and behind its betters."""
        crowd = Crowd()
        await crowd.refuse(5)
        await crowd.ask_all(*"ab")
        await crowd.ask("refused", front=True)
        await crowd.ask("fetch", interactive=True)
        await asyncio.sleep(6)
        assert crowd.went == ["fetch", "refused", "a", "b"]
        await crowd.end()


class TestSlots:
    """Places on the wire, over all budgets."""

    @virtual
    async def test_one_slot_is_kept_for_interactive_requests(self):
        """Bulk requests leave one slot free, and an interactive one takes it at once."""
        crowd = Crowd(max_in_flight=3)
        await crowd.answered()
        await crowd.ask_all(*"abc")
        await crowd.ask("fetch", interactive=True)
        assert crowd.went == ["a", "b", "fetch"]
        await crowd.done("fetch")
        assert crowd.went == ["a", "b", "fetch"]
        await crowd.done("a")
        assert crowd.went[-1] == "c"
        await crowd.end()

    @virtual
    async def test_the_only_slot_is_for_everybody(self):
        """With one slot, bulk requests may use it."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered()
        await crowd.ask_all("a", "b")
        assert crowd.went == ["a"]
        await crowd.end()

    @virtual
    async def test_slots_are_shared_by_all_budgets(self):
        """A slot that one budget frees lets another budget's request go."""
        crowd = Crowd(max_in_flight=2)
        await crowd.answered()
        await crowd.answered(key=OTHER)
        await crowd.ask("a")
        await crowd.ask("b", OTHER)
        assert crowd.went == ["a"]
        await crowd.done("a")
        assert crowd.went == ["a", "b"]
        await crowd.end()

    @virtual
    async def test_no_budget_starves_another(self):
        """While one budget always has somebody waiting, another's request gets its turn."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered()
        await crowd.answered(key=OTHER)
        await crowd.ask_all(*"abcdef")
        await crowd.ask("other", OTHER)
        for _ in range(6):
            await crowd.done(crowd.went[-1])
            await crowd.ask(f"more {len(crowd.went)}")
        assert "other" in crowd.went
        await crowd.end()

    @virtual
    async def test_a_slot_goes_to_the_most_urgent_budget(self):
        """Of several starved budgets the one with an interactive waiter gets the slot."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered()
        await crowd.answered(key=OTHER)
        await crowd.ask_all("a", "b")
        await crowd.ask("fetch", OTHER, interactive=True)
        await crowd.done("a")
        assert crowd.went == ["a", "fetch"]
        await crowd.end()


class TestBudgets:
    """What one reply tells counts for its budget, and for no other."""

    @virtual
    async def test_the_first_request_goes_alone(self):
        """Until the first reply nobody else of that budget goes; then all may."""
        crowd = Crowd()
        await crowd.ask_all(*"abc")
        assert crowd.went == ["a"]
        assert crowd.state().reason == "probe"
        await crowd.done("a")
        assert crowd.went == list("abc")
        await crowd.end()

    @virtual
    async def test_a_lost_probe_is_followed_by_another(self):
        """When the probe gets no reply, the next request probes, again alone."""
        crowd = Crowd()
        await crowd.ask_all(*"abc")
        crowd.permits.pop("a").abandon()
        await settle()
        assert crowd.went == list("ab")
        await crowd.end()

    @virtual
    async def test_a_429_pauses_the_whole_budget(self):
        """After a refusal nobody goes for Retry-After seconds, whoever asked and whenever."""
        crowd = Crowd()
        await crowd.answered()
        await crowd.ask("a")
        await crowd.done("a", RateLimit(retry_after=7), refused=True)
        await crowd.ask("bulk")
        await crowd.ask("fetch", interactive=True)
        await asyncio.sleep(6.9)
        assert crowd.went == ["a"]
        assert crowd.state().reason == "paused"
        await asyncio.sleep(0.2)
        assert crowd.went == ["a", "fetch", "bulk"]
        await crowd.end()

    @virtual
    async def test_budgets_are_independent(self):
        """A paused budget does not hold another one up."""
        crowd = Crowd()
        await crowd.refuse(60)
        await crowd.ask("a")
        await crowd.ask("b", OTHER)
        assert crowd.went == ["b"]
        assert (crowd.state().refused, crowd.state(OTHER).refused) == (1, 0)
        await crowd.end()

    @virtual
    async def test_no_more_in_flight_than_remain(self):
        """With three left, three are on the wire at once, and each reply lets one more go."""
        crowd = Crowd(max_in_flight=50)
        await crowd.answered(limit=1000, remaining=3)
        await crowd.ask_all(*"abcde")
        await asyncio.sleep(1)
        assert crowd.went == list("abc")
        assert crowd.state().reason == "in_flight"
        await crowd.end()

    @virtual
    async def test_idle_budgets_are_forgotten(self):
        """Of many budgets, those long without traffic go, and one with a waiter stays."""
        crowd = Crowd(max_in_flight=1)
        for number in range(80):
            await crowd.answered(key=KEY._replace(workspace=f"idle {number}"))
        await crowd.ask("holder", OTHER)
        await crowd.ask("waiter")
        await asyncio.sleep(601)
        await crowd.ask("new", KEY._replace(workspace="new"))
        assert {b.workspace for b in crowd.pacer.snapshots()} == {"WS1", "WS2", "new"}
        await crowd.end()


class TestTimers:
    """Nobody polls."""

    @virtual
    async def test_one_timer_for_all_waiters(self):
        """A thousand waiters of a paused budget set at most a timer each, and keep one."""
        crowd = Crowd(max_in_flight=2000)
        await crowd.refuse(30)
        loop = asyncio.get_running_loop()
        for number in range(100):
            await crowd.ask(number)
        assert len(loop.pending_timers()) == 1
        before = loop.timers
        await asyncio.sleep(29)
        assert loop.timers - before == 1, "the test's own sleep, and nothing else"
        await crowd.end()

    @virtual
    async def test_waiting_for_a_slot_or_a_reply_takes_no_timer(self):
        """Who waits for a slot, or for the probe, waits for news and not for a clock."""
        crowd = Crowd(max_in_flight=1)
        loop = asyncio.get_running_loop()
        await crowd.ask_all("probe", "b")
        await crowd.ask("c", OTHER)
        assert loop.timers == 0
        await crowd.done("probe")
        assert loop.timers == 0
        await crowd.end()

    @virtual
    async def test_a_paced_run_takes_one_timer_per_wait(self):
        """Fifty paced requests take about fifty timers, however many wait."""
        crowd = Crowd(max_in_flight=100)
        await crowd.answered(limit=10, remaining=100)
        await crowd.ask_all(*range(50))
        loop = asyncio.get_running_loop()
        before = loop.timers
        await asyncio.sleep(10)
        assert len(crowd.went) == 50
        assert loop.timers - before <= 52
        await crowd.end()


class TestClose:
    """The end of a session."""

    @virtual
    async def test_who_waits_gets_session_closed(self):
        """Closing ends every wait, in every budget, and leaves no timer."""
        crowd = Crowd()
        await crowd.refuse(30)
        await crowd.ask("a", max_wait=60)
        await crowd.ask("b", interactive=True)
        crowd.pacer.close()
        assert asyncio.get_running_loop().pending_timers()[1:] == []
        for task in crowd.tasks.values():
            with pytest.raises(SessionClosed):
                await task
        assert now() == 0

    @virtual
    async def test_nobody_may_ask_any_more(self):
        """After closing, asking for leave raises."""
        crowd = Crowd()
        crowd.pacer.close()
        with pytest.raises(SessionClosed):
            await crowd.pacer.acquire(KEY, interactive=True)

    @virtual
    async def test_a_permit_settles_once(self):
        """What is on the wire may settle after closing, and a second time does nothing."""
        crowd = Crowd()
        await crowd.ask("a")
        crowd.pacer.close()
        permit = crowd.permits.pop("a")
        permit.abandon()
        permit.observe(RateLimit(limit=1), refused=True)
        permit.cancel()
        state = crowd.state()
        assert (state.in_flight, state.refused, state.limit, state.sent) == (0, 0, None, 1)
