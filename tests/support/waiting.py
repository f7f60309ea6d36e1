"""Requests for leave as tasks, and the order in which they got it."""

import asyncio

from taskrouter_stats.core.rate_limit import NO_HEADERS, RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.session.pacer import Pacer

from .virtual import settle

KEY = BudgetKey("AC1", "WS1", "Statistics")
OTHER = BudgetKey("AC1", "WS2", "Statistics")


class Crowd:
    """Asks a pacer for leave under names, and keeps who got it, in order."""

    def __init__(self, **options):
        self.pacer = Pacer(**{"max_in_flight": 10, **options})
        self.went = []
        self.permits = {}
        self.tasks = {}

    async def ask(self, name, key=KEY, *, interactive=False, max_wait=None, front=False):
        """Queue up as a task, and let it get as far as it can at once."""

        async def wait():
            permit = await self.pacer.acquire(
                key, interactive=interactive, max_wait=max_wait, front=front
            )
            self.went.append(name)
            self.permits[name] = permit

        self.tasks[name] = asyncio.create_task(wait())
        await settle()
        return self.tasks[name]

    async def ask_all(self, *names, key=KEY):
        """Queue up one after the other, in bulk."""
        for name in names:
            await self.ask(name, key)

    async def done(self, name, told=NO_HEADERS, *, refused=False):
        """The reply for that one came."""
        self.permits.pop(name).observe(told, refused=refused)
        await settle()

    async def answered(self, limit=None, remaining=None, key=KEY):
        """Put the probe of a budget behind: what follows is paced by what it told."""
        permit = await self.pacer.acquire(key, interactive=True)
        permit.observe(RateLimit(limit=limit, remaining=remaining), refused=False)

    async def refuse(self, seconds, key=KEY):
        """Have a request of that budget refused, with a Retry-After."""
        permit = await self.pacer.acquire(key, interactive=True)
        permit.observe(RateLimit(retry_after=seconds), refused=True)

    async def end(self):
        """Settle whatever is left: those who wait are cancelled."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        for permit in self.permits.values():
            permit.abandon()

    def state(self, key=KEY):
        """The snapshot of one budget."""
        return next(b for b in self.pacer.snapshots() if (b.account, b.workspace) == key[:2])
