"""Requests that wait for permits in tasks, and the order in which they get them."""

import asyncio

from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.session.pacer import Pacer

from .virtual import settle

KEY = BudgetKey("AC1", "WS1", "Statistics")
OTHER = BudgetKey("AC1", "WS2", "Statistics")


class PermitQueue:
    """Acquires permits under names, and records the order of the grants."""

    def __init__(self, **options):
        self.pacer = Pacer(**{"max_in_flight": 10, **options})
        self.granted = []
        self.permits = {}
        self.tasks = {}

    async def acquire(self, name, key=KEY, *, interactive=False, max_wait=None, front=False):
        """Acquire a permit in a task, and let the task run as far as it can."""

        async def wait():
            permit = await self.pacer.acquire(
                key, interactive=interactive, max_wait=max_wait, front=front
            )
            self.granted.append(name)
            self.permits[name] = permit

        self.tasks[name] = asyncio.create_task(wait())
        await settle()
        return self.tasks[name]

    async def acquire_all(self, *names, key=KEY):
        """Acquire permits one after the other, in bulk."""
        for name in names:
            await self.acquire(name, key)

    async def reply(self, name, headers=NO_HEADERS, *, refused=False):
        """Settle a permit with a reply."""
        self.permits.pop(name).observe(headers, refused=refused)
        await settle()

    async def probe(self, limit=None, remaining=None, key=KEY):
        """Send a budget's probe: the next requests follow its limits."""
        permit = await self.pacer.acquire(key, interactive=True)
        permit.observe(RateLimit(limit=limit, remaining=remaining), refused=False)

    async def refuse(self, seconds, key=KEY):
        """Settle one request of a budget with a 429 and a Retry-After."""
        permit = await self.pacer.acquire(key, interactive=True)
        permit.observe(RateLimit(retry_after=seconds), refused=True)

    async def end(self):
        """Cancel the waiting requests and abandon the permits."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        for permit in self.permits.values():
            permit.abandon()

    def state(self, key=KEY):
        """Return the snapshot of one budget."""
        return next(b for b in self.pacer.snapshots() if (b.account, b.workspace) == key[:2])
