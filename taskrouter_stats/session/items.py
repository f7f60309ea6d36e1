"""Reads a listing item by item, one page ahead of its reader."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from taskrouter_stats.core.paging import ListReader, Page
from taskrouter_stats.errors import SessionClosed, SessionMisuse

__all__ = ["Items"]

T = TypeVar("T")

_LOGGER = logging.getLogger("taskrouter_stats")


class Items(Generic[T]):
    """The items of a listing, each once, in the server's order.

    ``async for worker in session.iterate(…)`` reads them; ``async with`` around it also ends the
    request for the next page when the loop is left early; ``await ….collect()`` makes a list.
    While one page is read, the next is already on its way. A page that fails raises at its
    place, after all items before it. An item that has no valid SID, or that is not what the list
    is of, is left out, and the error that names it is raised after the last item; so is the error
    for a list that names further pages and brings nothing new. Other odd values of an item are
    kept, and the log tells their fields once.
    """

    def __init__(
        self,
        reader: ListReader[T],
        fetch_page: Callable[[str], Coroutine[Any, Any, Page]],
        start: Callable[[Coroutine[Any, Any, Page]], "asyncio.Task[Page]"],
    ) -> None:
        self._reader = reader
        self._ask_page = fetch_page
        self._start = start
        self._page: asyncio.Task[Page] | None = None
        self._items: deque[object] = deque()
        self._pages = 0
        self._error: BaseException | None = None
        self._left = False
        self._told = False
        self._turn = asyncio.Lock()
        self._used = False
        self._ended = False

    def __aiter__(self) -> Self:
        if self._used:
            raise SessionMisuse("this listing is being read already: call session.iterate() again")
        self._used = True
        return self

    async def __anext__(self) -> T:
        while True:
            while not self._items:
                async with self._turn:
                    if not self._items:
                        await self._next_page()
            value = self._reader.read(self._items.popleft())
            if value is not None:
                return value

    @property
    def total(self) -> int | None:
        """How many items there are in all; None until the last page is here."""
        known = self._ended and self._error is None and self._reader.endless is None
        return self._reader.total if known else None

    @property
    def pages(self) -> int:
        """How many pages were asked for so far, the one that is fetched ahead included."""
        return self._pages

    async def collect(self) -> list[T]:
        """All items as a list."""
        async with self:
            return [item async for item in self]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the request for the next page, if one is under way."""
        self._tell_odd_fields()
        self._left = True
        self._items.clear()
        if self._page is not None:
            self._page.cancel()
            await asyncio.wait([self._page])

    def _begin(self, target: str) -> "asyncio.Task[Page]":
        self._pages += 1
        return self._start(self._ask_page(target))

    async def _next_page(self) -> None:
        if self._left:
            raise StopAsyncIteration
        if self._ended:
            self._tell_odd_fields()
            error = self._error or self._reader.error()
            raise StopAsyncIteration if error is None else error
        if self._page is None:
            self._page = self._begin(self._reader.first_target)
        task = self._page
        await asyncio.wait([task])  # a reader that is cancelled here may come back for the page
        try:
            if task.cancelled():
                raise SessionClosed("the session was closed while a list was read")
            items, target = self._reader.take(task.result())
        except BaseException as error:
            self._ended, self._error = True, error
            raise
        self._items.extend(items)
        if target is None:
            self._ended = True
        else:
            self._page = self._begin(target)

    def _tell_odd_fields(self) -> None:
        reader = self._reader
        if self._told or not reader.odd_items:
            return
        self._told = True
        _LOGGER.warning(
            "%s of %s: %d of %d items have values that their fields cannot hold (%s); a text "
            "field keeps such a value as text, `extra` keeps any other",
            reader.listing.endpoint.name,
            reader.listing.workspace_sid or "the account",
            reader.odd_items,
            reader.total,
            ", ".join(f"{name}: {count}" for name, count in sorted(reader.odd_fields.items())),
        )
