"""A list of resources, read once a run by one task, and shared by all that need it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from attrs import define, field

from taskrouter_stats.models.record import NamedRecord
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession
from taskrouter_stats.session.items import Items
from taskrouter_stats.session.worker_queries import iterate_any

from .planning.plan import Plan
from .planning.tables import KINDS

__all__ = ["ResourceList"]


@define(eq=False)
class ResourceList:
    """The resources of one list of a plan: from the server, or what the caller gave.

    The server's list is read at once. What the caller gave is read as it is needed.

    Attributes:
        session: fetches the list.
        plan: the plan.
        name: the list's name, such as ``workers``.
        known: the resources read so far, each SID once.
        complete: whether the list was read to its end.
        error: the error that ended the list, or None.
        closed: whether nothing more is read; readers end with what is known.
    """

    session: TaskRouterSession
    plan: Plan
    name: str
    known: list[NamedRecord] = field(factory=list[NamedRecord], init=False)
    complete: bool = field(default=False, init=False)
    error: Exception | None = field(default=None, init=False)
    closed: bool = field(default=False, init=False)
    _sids: set[str] = field(factory=set[str], init=False)
    _items: Items[Any] | None = field(default=None, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _wanted: asyncio.Event = field(factory=asyncio.Event, init=False)

    @property
    def pages(self) -> int:
        """Pages of the list requested so far."""
        return 0 if self._items is None else self._items.pages

    @property
    def is_given(self) -> bool:
        """Whether the caller gave the resources, by SIDs or records."""
        return self.plan.listing(self.name) is None

    async def fill(self) -> None:
        """Read the list to its end; an error is kept for its readers."""
        try:
            async with aclosing(self._read()) as found:
                async for resource in found:
                    sid = sid_of(resource.sid)
                    if sid not in self._sids:
                        self._sids.add(sid)
                        self.known.append(resource)
                        self._wake()
                        if self.is_given:
                            self._wanted.clear()
                            await self._wanted.wait()
            self.complete = True
        except Exception as error:  # noqa: BLE001 (its readers raise it)
            self.error = error
        finally:
            self._wake()

    async def read(self) -> AsyncGenerator[NamedRecord]:
        """Yield each resource as soon as it is known.

        Raises:
            Exception: the error that ended the list, after all resources before it.
        """
        number = 0
        while True:
            while number < len(self.known):
                yield self.known[number]
                number += 1
            if self.complete or self.closed:
                return
            if self.error is not None:
                raise self.error
            self._wanted.set()
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _read(self) -> AsyncGenerator[NamedRecord]:
        listing = self.plan.listing(self.name)
        if listing is not None:
            self._items = self.session.iterate(listing)
            async with self._items as items:
                async for resource in items:
                    yield resource
            return
        kind = KINDS[self.name]
        await self._wanted.wait()
        async with aclosing(iterate_any(self.plan.given[self.name])) as given:
            async for resource in given:
                yield kind.named(resource, self.plan.workspace_sid)
