"""Requests that stop waiting: max_wait, cancellation, cancellation just after the grant."""

import asyncio
import math
import random

import pytest

from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit
from taskrouter_stats.errors import PaceError, SessionClosed
from taskrouter_stats.session.pacer import Pacer
from tests.support.permit_queue import KEY, OTHER, PermitQueue
from tests.support.virtual import now, settle, virtual

pytestmark = pytest.mark.usefixtures("simple_throttle")


class TestMaxWait:
    """PaceError is raised as soon as it is certain."""

    @virtual
    async def test_at_once_when_paused_for_longer(self):
        """In a budget paused for 30 seconds, a request with max_wait=10 fails at once."""
        queue = PermitQueue()
        await queue.refuse(30)
        with pytest.raises(PaceError) as caught:
            await queue.pacer.acquire(KEY, interactive=True, max_wait=10)
        assert now() == 0
        assert (caught.value.max_wait, caught.value.retry_after) == (10, 30)

    @virtual
    async def test_a_hopeless_wait_leaves_no_timer(self):
        """If the only waiting request fails at once, the budget sets no timer."""
        queue = PermitQueue()
        await queue.refuse(30)
        with pytest.raises(PaceError):
            await queue.pacer.acquire(KEY, interactive=False, max_wait=0)
        assert asyncio.get_running_loop().pending_timers() == []

    @virtual
    async def test_at_once_behind_an_interactive_request(self):
        """A bulk request fails at once even behind an interactive request."""
        queue = PermitQueue()
        await queue.refuse(30)
        await queue.acquire("patient", interactive=True)
        with pytest.raises(PaceError):
            await queue.pacer.acquire(KEY, interactive=False, max_wait=5)
        assert now() == 0
        await queue.end()

    @virtual
    async def test_at_once_without_a_free_slot(self):
        """In a paused budget a request fails at once even if no slot is free."""
        queue = PermitQueue(max_in_flight=1)
        await queue.refuse(30)
        await queue.acquire("holder", OTHER)
        with pytest.raises(PaceError):
            await queue.pacer.acquire(KEY, interactive=True, max_wait=5)
        assert now() == 0
        await queue.end()

    @virtual
    async def test_a_429_makes_it_certain(self):
        """A 429 with a long Retry-After ends only the waits that it makes too long."""
        queue = PermitQueue()
        await queue.acquire("probe")
        impatient = await queue.acquire("impatient", max_wait=20)
        await queue.acquire("patient", max_wait=40)
        await asyncio.sleep(3)
        await queue.reply("probe", RateLimit(retry_after=30), refused=True)
        with pytest.raises(PaceError):
            await impatient
        assert now() == 3
        await asyncio.sleep(31)
        assert queue.granted == ["probe", "patient"]
        await queue.end()

    @virtual
    async def test_at_the_deadline_otherwise(self):
        """A request that waits for an unknown time fails after max_wait seconds."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe()
        await queue.acquire("holder")
        with pytest.raises(PaceError):
            await queue.pacer.acquire(KEY, interactive=True, max_wait=2.5)
        assert now() == pytest.approx(2.5)
        assert queue.state().waiting == 0
        await queue.end()

    @virtual
    async def test_zero_goes_when_it_may_go_at_once(self):
        """With max_wait=0 a request gets a permit if it need not wait."""
        queue = PermitQueue()
        await queue.probe()
        (await queue.pacer.acquire(KEY, interactive=False, max_wait=0)).abandon()

    @pytest.mark.parametrize("behind", ["probe", "slot", "pace"])
    @virtual
    async def test_zero_never_waits(self, behind):
        """With max_wait=0 a request that would have to wait fails without waiting."""
        queue = PermitQueue(max_in_flight=1 if behind == "slot" else 10)
        if behind != "probe":
            await queue.probe(*((1, 5) if behind == "pace" else ()))
        await queue.acquire("holder")
        with pytest.raises(PaceError) as caught:
            await queue.pacer.acquire(KEY, interactive=True, max_wait=0)
        assert now() == 0
        assert caught.value.max_wait == 0
        await queue.end()

    @virtual
    async def test_an_unknown_time(self):
        """The error of a request that waited for a reply names no number of seconds."""
        queue = PermitQueue()
        await queue.acquire("probe")
        with pytest.raises(PaceError, match="try again after replies to earlier ones") as caught:
            await queue.pacer.acquire(KEY, interactive=True, max_wait=1)
        assert caught.value.retry_after == math.inf
        await queue.end()

    @virtual
    async def test_a_failed_wait_blocks_no_other(self):
        """If the first waiting request fails, the next one does not lose its turn."""
        queue = PermitQueue()
        await queue.probe(limit=1, remaining=9)
        await queue.acquire("a")
        gone = await queue.acquire("gone", max_wait=0.1)
        await queue.acquire("b")
        await asyncio.gather(gone, return_exceptions=True)
        assert now() == pytest.approx(
            0.1
        )  # not earlier: a's reply could still have shortened the wait
        await asyncio.sleep(2.5)
        assert queue.granted == ["a", "b"]
        await queue.end()

    @virtual
    async def test_an_uncertain_wait_is_not_ended_early(self):
        """While a reply in flight may shorten the wait, no request fails early."""
        queue = PermitQueue()
        await queue.probe(limit=1, remaining=9)
        await queue.acquire("a")
        waiting = await queue.acquire("hopes", interactive=True, max_wait=0.5)
        await settle()
        assert not waiting.done()
        await asyncio.gather(waiting, return_exceptions=True)
        assert isinstance(waiting.exception(), PaceError)
        await queue.end()

    @virtual
    async def test_permit_and_deadline_at_the_same_time(self):
        """A permit due exactly at the deadline is granted or refused, never both."""
        queue = PermitQueue()
        await queue.refuse(3)
        tasks = [await queue.acquire(number, max_wait=3) for number in range(5)]
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert now() == pytest.approx(3)
        assert sum(error is None for error in ended) == queue.state().in_flight
        await queue.end()


class TestCancellation:
    """A cancelled request leaves nothing behind."""

    @virtual
    async def test_a_waiter_leaves_no_trace(self):
        """A request cancelled while it waits is not queued, not in flight and sets no timer."""
        queue = PermitQueue()
        await queue.refuse(30)
        task = await queue.acquire("a", max_wait=60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        state = queue.state()
        assert (state.waiting, state.in_flight, state.sent) == (0, 0, 1)
        assert asyncio.get_running_loop().pending_timers() == []

    @virtual
    async def test_cancelled_when_just_granted(self):
        """A request cancelled just after the grant returns slot, in-flight count and debt."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe(limit=2, remaining=5)
        await asyncio.sleep(10)
        await queue.acquire("holder")
        owed = queue.pacer._budgets[KEY].throttle._owed
        chosen, next_one = await queue.acquire("chosen"), await queue.acquire("next")
        await asyncio.sleep(10)
        queue.permits.pop("holder").abandon()  # the permit is granted here
        assert queue.state().in_flight == 1
        chosen.cancel()
        await settle()
        assert chosen.cancelled()
        assert queue.granted == ["holder", "next"]
        assert queue.state().sent == 3
        next_one.cancel()
        queue.permits.pop("next").cancel()
        assert queue.state().in_flight == queue.pacer._in_flight == 0
        assert queue.pacer._budgets[KEY].throttle._owed <= max(owed, 1020)

    @virtual
    async def test_cancelled_when_just_refused(self):
        """A request cancelled while max_wait ends it is cancelled, without a log record."""
        queue = PermitQueue()
        await queue.acquire("probe")
        task = await queue.acquire("a", max_wait=5)
        queue.permits.pop("probe").observe(RateLimit(retry_after=30), refused=True)
        task.cancel()
        await settle()
        assert task.cancelled()

    @virtual
    async def test_cancelled_when_just_closed(self):
        """A request cancelled while the session closes is cancelled, without a log record."""
        queue = PermitQueue()
        await queue.acquire("probe")
        task = await queue.acquire("a")
        queue.pacer.close()
        task.cancel()
        await settle()
        assert task.cancelled()
        await queue.end()

    @virtual
    async def test_cancelled_then_passed_over(self):
        """A request cancelled in the iteration in which a slot comes free does not take it."""
        queue = PermitQueue(max_in_flight=1)
        await queue.probe()
        await queue.acquire("holder")
        gone, _ = await queue.acquire("gone"), await queue.acquire("next")
        gone.cancel()
        queue.permits.pop("holder").abandon()
        await settle()
        assert queue.granted == ["holder", "next"]
        await queue.end()

    @pytest.mark.parametrize("seed", range(20))
    @virtual
    async def test_any_mixture_leaves_nothing(self, seed):
        """Any mixture of waits, cancellations, replies and 429s ends with everything released."""
        chance = random.Random(seed)
        pacer = Pacer(max_in_flight=chance.choice((1, 2, 5)), pace_limit=chance.choice((None, 40)))

        async def request():
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
                reported = RateLimit(limit=chance.choice((5, 50)), remaining=chance.randrange(9))
                permit.observe(chance.choice((reported, NO_HEADERS)), refused=refused)
            finally:
                permit.abandon()

        tasks = [asyncio.create_task(request()) for _ in range(150)]
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
