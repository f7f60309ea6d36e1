"""A store in memory that fails as servers and networks do, on the clock of the running loop."""

import asyncio
import random

from taskrouter_stats.fleet.store import MemoryStore, Stored, StoreUnavailable


class FaultyStore(MemoryStore):
    """Answers late, not at all, or after it lost or went back to an older state.

    ``latency`` is in seconds, each way; ``error`` is raised by every call; ``loses_answers``: the
    next calls happen, and their answers do not come; ``skew`` is added to the clock.
    """

    def __init__(self, latency=0.0005, seed=0):
        loop = asyncio.get_running_loop()
        super().__init__(lambda: loop.time() + self.skew)
        self.latency, self.skew, self.error, self.loses_answers = latency, 5e8, None, 0
        self.calls = self.writes = 0
        self._random = random.Random(seed)

    async def read(self, key):
        """Return what a key holds, if the store answers."""
        return await self._served(super().read(key))

    async def compare_and_set(self, key, version, blob, *, ttl):
        """Write a blob, if the store answers."""
        return await self._served(super().compare_and_set(key, version, blob, ttl=ttl))

    async def _served(self, call) -> Stored:
        self.calls += 1
        try:
            await asyncio.sleep(self.latency * (0.5 + self._random.random()))
            if self.error is not None:
                raise self.error
        except BaseException:
            call.close()
            raise
        answer = await call
        self.writes += answer.committed
        if self.loses_answers:
            self.loses_answers -= 1
            await asyncio.Event().wait()
        await asyncio.sleep(self.latency * (0.5 + self._random.random()))
        return answer

    def go_down(self, reason="the server is gone", *, is_misconfigured=False):
        """Let every call fail."""
        self.error = StoreUnavailable(reason, is_misconfigured)

    def come_back(self, *, empty=False):
        """Answer again, perhaps without any state."""
        self.error = None
        if empty:
            self._held.clear()

    def remember(self):
        """Return what is stored now, as a replica that lags would have it."""
        return dict(self._held)

    def fail_over(self, replica):
        """Go on with what a replica had."""
        self._held = dict(replica)
