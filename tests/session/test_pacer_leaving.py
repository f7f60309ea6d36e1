"""Those who stop waiting: max_wait, cancellation, and the moment between grant and start."""

import asyncio
import math
import random

import pytest

from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit
from taskrouter_stats.errors import PaceError, SessionClosed
from taskrouter_stats.session.pacer import Pacer
from tests.support.virtual import now, settle, virtual
from tests.support.waiting import KEY, OTHER, Crowd

pytestmark = pytest.mark.usefixtures("simple_throttle")


class TestMaxWait:
    """PaceError comes as soon as it is certain."""

    @virtual
    async def test_at_once_when_paused_for_longer(self):
        """A budget that is paused for 30 seconds refuses a wait of 10 without waiting."""
        crowd = Crowd()
        await crowd.refuse(30)
        with pytest.raises(PaceError) as caught:
            await crowd.pacer.acquire(KEY, interactive=True, max_wait=10)
        assert now() == 0
        assert (caught.value.max_wait, caught.value.retry_after) == (10, 30)

    @virtual
    async def test_a_hopeless_wait_leaves_no_timer(self):
        """When the only waiter is refused at once, the budget's timer is not set."""
        crowd = Crowd()
        await crowd.refuse(30)
        with pytest.raises(PaceError):
            await crowd.pacer.acquire(KEY, interactive=False, max_wait=0)
        assert asyncio.get_running_loop().pending_timers() == []

    @virtual
    async def test_behind_an_interactive_one_it_is_as_certain(self):
        """A bulk request's wait is hopeless at once even when an interactive one stands first."""
        crowd = Crowd()
        await crowd.refuse(30)
        await crowd.ask("patient", interactive=True)
        with pytest.raises(PaceError):
            await crowd.pacer.acquire(KEY, interactive=False, max_wait=5)
        assert now() == 0
        await crowd.end()

    @virtual
    async def test_without_a_slot_it_is_as_certain(self):
        """A paused budget refuses at once even when no slot is free."""
        crowd = Crowd(max_in_flight=1)
        await crowd.refuse(30)
        await crowd.ask("holder", OTHER)
        with pytest.raises(PaceError):
            await crowd.pacer.acquire(KEY, interactive=True, max_wait=5)
        assert now() == 0
        await crowd.end()

    @virtual
    async def test_news_can_make_it_certain(self):
        """A 429 with a long Retry-After ends the waits that it makes hopeless, and no others."""
        crowd = Crowd()
        await crowd.ask("probe")
        impatient = await crowd.ask("impatient", max_wait=20)
        await crowd.ask("patient", max_wait=40)
        await asyncio.sleep(3)
        await crowd.done("probe", RateLimit(retry_after=30), refused=True)
        with pytest.raises(PaceError):
            await impatient
        assert now() == 3
        await asyncio.sleep(31)
        assert crowd.went == ["probe", "patient"]
        await crowd.end()

    @virtual
    async def test_at_the_deadline_otherwise(self):
        """Who waits for something without a date gets the error when max_wait has passed."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered()
        await crowd.ask("holder")
        with pytest.raises(PaceError):
            await crowd.pacer.acquire(KEY, interactive=True, max_wait=2.5)
        assert now() == pytest.approx(2.5)
        assert crowd.state().waiting == 0
        await crowd.end()

    @virtual
    async def test_zero_goes_when_it_may_go_at_once(self):
        """With max_wait=0 a request goes if it need not wait."""
        crowd = Crowd()
        await crowd.answered()
        (await crowd.pacer.acquire(KEY, interactive=False, max_wait=0)).abandon()

    @pytest.mark.parametrize("behind", ["probe", "slot", "pace"])
    @virtual
    async def test_zero_never_waits(self, behind):
        """With max_wait=0 whoever would have to wait gets the error, the clock standing still."""
        crowd = Crowd(max_in_flight=1 if behind == "slot" else 10)
        if behind != "probe":
            await crowd.answered(*((1, 5) if behind == "pace" else ()))
        await crowd.ask("holder")
        with pytest.raises(PaceError) as caught:
            await crowd.pacer.acquire(KEY, interactive=True, max_wait=0)
        assert now() == 0
        assert caught.value.max_wait == 0
        await crowd.end()

    @virtual
    async def test_without_a_date(self):
        """Who waited for a reply is told that, and no number of seconds."""
        crowd = Crowd()
        await crowd.ask("probe")
        with pytest.raises(PaceError, match="try again after replies to earlier ones") as caught:
            await crowd.pacer.acquire(KEY, interactive=True, max_wait=1)
        assert caught.value.retry_after == math.inf
        await crowd.end()

    @virtual
    async def test_who_gives_up_makes_room(self):
        """When the first in the line gives up, the next one's turn is not lost."""
        crowd = Crowd()
        await crowd.answered(limit=1, remaining=9)
        await crowd.ask("a")
        gone = await crowd.ask("gone", max_wait=0.1)
        await crowd.ask("b")
        await asyncio.gather(gone, return_exceptions=True)
        assert now() == pytest.approx(0.1)  # not before: a's reply might have let it go
        await asyncio.sleep(2.5)
        assert crowd.went == ["a", "b"]
        await crowd.end()

    @virtual
    async def test_a_wait_that_may_shorten_is_waited_for(self):
        """While a reply that may bring credit is on its way, nobody gives up before time."""
        crowd = Crowd()
        await crowd.answered(limit=1, remaining=9)
        await crowd.ask("a")
        asked = await crowd.ask("hopes", interactive=True, max_wait=0.5)
        await settle()
        assert not asked.done()
        await asyncio.gather(asked, return_exceptions=True)
        assert isinstance(asked.exception(), PaceError)
        await crowd.end()

    @virtual
    async def test_leave_and_deadline_together(self):
        """Leave that comes at the very moment of the deadline is given or refused, never both."""
        crowd = Crowd()
        await crowd.refuse(3)
        tasks = [await crowd.ask(number, max_wait=3) for number in range(5)]
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert now() == pytest.approx(3)
        assert sum(error is None for error in ended) == crowd.state().in_flight
        await crowd.end()


class TestCancellation:
    """A waiter that goes away leaves no trace."""

    @virtual
    async def test_a_waiter_leaves_no_trace(self):
        """Cancelled while waiting, it is neither queued nor on the wire, and sets no timer."""
        crowd = Crowd()
        await crowd.refuse(30)
        task = await crowd.ask("a", max_wait=60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        state = crowd.state()
        assert (state.waiting, state.in_flight, state.sent) == (0, 0, 1)
        assert asyncio.get_running_loop().pending_timers() == []

    @virtual
    async def test_cancelled_when_just_granted(self):
        """Cancelled between grant and start, it gives back slot, place in flight and debt."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered(limit=2, remaining=5)
        await asyncio.sleep(10)
        await crowd.ask("holder")
        owed = crowd.pacer._budgets[KEY].throttle._owed
        chosen, next_one = await crowd.ask("chosen"), await crowd.ask("next")
        await asyncio.sleep(10)
        crowd.permits.pop("holder").abandon()  # leave is given here
        assert crowd.state().in_flight == 1
        chosen.cancel()
        await settle()
        assert chosen.cancelled()
        assert crowd.went == ["holder", "next"]
        assert crowd.state().sent == 3
        next_one.cancel()
        crowd.permits.pop("next").cancel()
        assert crowd.state().in_flight == crowd.pacer._in_flight == 0
        assert crowd.pacer._budgets[KEY].throttle._owed <= max(owed, 1020)

    @virtual
    async def test_cancelled_when_just_refused(self):
        """Cancelled in the turn in which max_wait ended it, it is cancelled, and nothing nags."""
        crowd = Crowd()
        await crowd.ask("probe")
        task = await crowd.ask("a", max_wait=5)
        crowd.permits.pop("probe").observe(RateLimit(retry_after=30), refused=True)
        task.cancel()
        await settle()
        assert task.cancelled()

    @virtual
    async def test_cancelled_when_just_closed(self):
        """Cancelled in the turn in which the session closed, it is cancelled, and nothing nags."""
        crowd = Crowd()
        await crowd.ask("probe")
        task = await crowd.ask("a")
        crowd.pacer.close()
        task.cancel()
        await settle()
        assert task.cancelled()
        await crowd.end()

    @virtual
    async def test_cancelled_then_passed_over(self):
        """A waiter cancelled in the very turn in which a slot comes free does not eat the slot."""
        crowd = Crowd(max_in_flight=1)
        await crowd.answered()
        await crowd.ask("holder")
        gone, _ = await crowd.ask("gone"), await crowd.ask("next")
        gone.cancel()
        crowd.permits.pop("holder").abandon()
        await settle()
        assert crowd.went == ["holder", "next"]
        await crowd.end()

    @pytest.mark.parametrize("seed", range(20))
    @virtual
    async def test_any_mixture_leaves_nothing(self, seed):
        """Whatever mixture of waits, cancellations, replies and refusals ends with all free."""
        chance = random.Random(seed)
        pacer = Pacer(max_in_flight=chance.choice((1, 2, 5)), pace_limit=chance.choice((None, 40)))

        async def one():
            await asyncio.sleep(chance.random())
            try:
                permit = await pacer.acquire(
                    chance.choice((KEY, OTHER)),
                    interactive=chance.random() < 0.3,
                    max_wait=chance.choice((None, None, 0, 0.5, 3)),
                    front=chance.random() < 0.1,
                )
            except PaceError:
                return
            try:
                assert pacer._in_flight <= pacer._slots
                await asyncio.sleep(chance.random() / 10)
                refused = chance.random() < 0.05
                told = RateLimit(limit=chance.choice((5, 50)), remaining=chance.randrange(9))
                permit.observe(chance.choice((told, NO_HEADERS)), refused=refused)
            finally:
                permit.abandon()

        tasks = [asyncio.create_task(one()) for _ in range(150)]
        while not all(task.done() for task in tasks):
            chance.choice(tasks).cancel() if chance.random() < 0.2 else None
            await asyncio.sleep(0.05)
        assert pacer._in_flight == 0
        assert all((b.in_flight, b.waiting) == (0, 0) for b in pacer.snapshots())
        raised = [task.exception() for task in tasks if not task.cancelled()]
        assert raised == [None] * len(raised)
        pacer.close()
        with pytest.raises(SessionClosed):
            await pacer.acquire(KEY, interactive=True)
