"""What a caller is promised, by a session that paces alone and by sessions that share a store."""

import asyncio

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.errors import PaceError, SessionClosed
from taskrouter_stats.fleet import SharedPacer
from taskrouter_stats.session.budget_throttle import PacingOptions
from tests.support.faulty_store import FaultyStore
from tests.support.permit_queue import KEY, OTHER, PermitQueue
from tests.support.virtual import now, settle, virtual

ALONE = PacingOptions(None, 0.0, 0.0)
ANSWER = 0.05
"""Seconds after which a store has answered, with much to spare."""


class PacerContract:
    """Permits of the real throttle; the pauses are those of the server."""

    def queue(self, **options):
        """Return a queue of requests at the pacer under test."""
        raise NotImplementedError

    async def end(self, queue):
        """End a queue and its pacer."""
        await queue.end()
        queue.pacer.close()
        if self.fleet is not None:
            await self.fleet.aclose()

    fleet = None

    @virtual
    async def test_interactive_goes_before_bulk(self):
        """Of the requests that a pause holds back, interactive ones go first, in their order."""
        queue = self.queue()
        await queue.refuse(2.0)
        await queue.acquire_all("a", "b")
        await queue.acquire("fetch", interactive=True)
        await asyncio.sleep(1.5)
        assert queue.granted == []
        for _ in range(8):
            await asyncio.sleep(1.0)
            for name in list(queue.permits):
                await queue.reply(name)
        assert queue.granted == ["fetch", "a", "b"]
        await self.end(queue)

    @virtual
    async def test_a_pause_fails_what_cannot_wait(self):
        """A request that may wait less than the pause fails at once and says until when."""
        queue = self.queue()
        await queue.refuse(30.0)
        await asyncio.sleep(ANSWER)
        began = now()
        task = await queue.acquire("late", max_wait=5.0)
        await asyncio.sleep(ANSWER)
        assert task.done()
        error = task.exception()
        assert isinstance(error, PaceError)
        assert error.max_wait == 5.0
        assert 29.0 <= error.retry_after <= 30.0
        assert now() - began < 2 * ANSWER
        await self.end(queue)

    @virtual
    async def test_max_wait_ends_a_wait(self):
        """A wait whose end is not known fails when ``max_wait`` is over."""
        queue = self.queue()
        await queue.acquire("probe")
        await asyncio.sleep(ANSWER)
        task = await queue.acquire("second", max_wait=0.5)
        await asyncio.sleep(1.0)
        assert isinstance(task.exception(), PaceError)
        await self.end(queue)

    @virtual
    async def test_cancelled_requests_hold_nobody_up(self):
        """Cancelled waits and unsent permits leave the rest in order, and no slot behind."""
        queue = self.queue()
        await queue.probe(limit=50, remaining=49)
        await queue.acquire_all(*"abcd")
        queue.tasks["b"].cancel()
        await asyncio.sleep(2.0)
        assert [name for name in queue.granted if name != "b"] == ["a", "c", "d"]
        queue.permits.pop("a").cancel()
        await asyncio.sleep(2.0)
        assert queue.state().in_flight == len(queue.permits)
        await self.end(queue)

    @virtual
    async def test_budgets_are_independent(self):
        """A pause of one budget leaves another one free."""
        queue = self.queue()
        await queue.refuse(30.0)
        task = await queue.acquire("other", OTHER)
        await asyncio.sleep(ANSWER)
        assert task.done()
        await self.end(queue)

    @virtual
    async def test_snapshots_show_the_budget(self):
        """A snapshot tells the server's limit, what waits, and why."""
        queue = self.queue()
        await queue.probe(limit=50, remaining=17)
        await queue.refuse(9.0)
        await queue.acquire("waits")
        await asyncio.sleep(ANSWER)
        state = queue.state()
        assert (state.waiting, state.refused, state.sent, state.reason) == (1, 1, 2, "paused")
        await self.end(queue)

    @virtual
    async def test_closing_ends_every_wait(self):
        """Waiting requests end with ``SessionClosed``, and later ones too."""
        queue = self.queue()
        await queue.acquire("probe")
        await asyncio.sleep(ANSWER)
        task = await queue.acquire("waits")
        queue.pacer.close()
        await settle()
        assert isinstance(task.exception(), SessionClosed)
        with pytest.raises(SessionClosed):
            await queue.pacer.acquire(KEY, interactive=True)
        await self.end(queue)

    @virtual
    async def test_a_pace_limit_holds_for_each_session(self):
        """No second holds more requests of a session than its ``pace_limit``, and one more."""
        queue = self.queue(pace_limit=5.0)
        times = []

        async def send():
            permit = await queue.pacer.acquire(KEY, interactive=False)
            times.append(now())
            permit.mark_sent()
            await asyncio.sleep(0.02)
            permit.observe(RateLimit(limit=100.0, remaining=99.0), refused=False)

        for _ in range(2):
            await asyncio.gather(*(send() for _ in range(9)))
        assert max(sum(at <= each < at + 1.0 for each in times) for at in times) <= 6
        assert times[-1] - times[0] <= 4.5
        await self.end(queue)


class TestAlone(PacerContract):
    """A session's own throttle."""

    def queue(self, **options):
        """Return a queue at a pacer of its own."""
        return PermitQueue(**options)


class TestShared(PacerContract):
    """A throttle over a store that answers."""

    def store(self):
        """Return the store."""
        return FaultyStore()

    def queue(self, **options):
        """Return a queue at a pacer that shares."""
        shares = PacingOptions(options.get("pace_limit"), 0.0, 0.0)
        self.fleet = SharedPacer(self.store()).open(shares)
        return PermitQueue(shared=self.fleet, **options)


class TestSharedWithoutStore(TestShared):
    """A throttle whose store never answered."""

    def store(self):
        """Return a store that is gone."""
        store = FaultyStore()
        store.go_down()
        return store
