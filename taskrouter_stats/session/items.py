"""Reads a listing item by item, one page ahead of its reader."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from taskrouter_stats.core.paging import Page
from taskrouter_stats.errors import PayloadError, SessionClosed, SessionMisuse
from taskrouter_stats.models import structure

__all__ = ["Items"]

T = TypeVar("T")

_LOGGER = logging.getLogger("taskrouter_stats")


class Items(Generic[T]):
    """The items of a listing, in the server's order.

    ``async for worker in session.iterate(…)`` reads them; ``async with`` around it also ends the
    request for the next page when the loop is left early; ``await ….collect()`` makes a list.
    While one page is read, the next is already on its way. A page that fails raises at its
    place, after all items before it.
    """

    def __init__(
        self,
        first_target: str,
        ask_page: Callable[[str], Coroutine[Any, Any, Page]],
        model: type[T],
        start: Callable[[Coroutine[Any, Any, Page]], "asyncio.Task[Page]"],
    ) -> None:
        self._ask_page = ask_page
        self._model = model
        self._start = start
        self._page: asyncio.Task[Page] | None = None
        self._items: deque[object] = deque()
        self._position = self._pages = 0
        self._total: int | None = None
        self._target = first_target
        self._seen = {first_target}
        self._turn = asyncio.Lock()
        self._used = False
        self._ended = False

    def __aiter__(self) -> Self:
        if self._used:
            raise SessionMisuse("this listing is being read already: call session.iterate() again")
        self._used = True
        return self

    async def __anext__(self) -> T:
        while not self._items:
            async with self._turn:
                if not self._items:
                    await self._turn_page()
        item, position = self._items.popleft(), self._position
        self._position += 1
        try:
            return structure(item, self._model)
        except PayloadError as error:
            place = f"item {position}: "
            raise PayloadError([place + problem for problem in error.problems]) from None

    @property
    def total(self) -> int | None:
        """How many items there are in all; None until the last page is here."""
        return self._total

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
        self._ended = True
        self._items.clear()
        if self._page is not None:
            self._page.cancel()
            await asyncio.wait([self._page])

    def _begin(self, target: str) -> "asyncio.Task[Page]":
        self._pages += 1
        return self._start(self._ask_page(target))

    async def _turn_page(self) -> None:
        if self._ended:
            raise StopAsyncIteration
        if self._page is None:
            self._page = self._begin(self._target)
        task = self._page
        await asyncio.wait([task])  # a reader that is cancelled here may come back for the page
        if task.cancelled():
            self._ended = True
            raise SessionClosed("the session was closed while a list was read")
        try:
            page = task.result()
        except BaseException:
            self._ended = True
            raise
        self._items.extend(page.items)
        target = page.next_target
        if target in self._seen:  # it would never end
            _LOGGER.warning("the server names a page that was read already; the list ends here")
        if target is None or target in self._seen:
            self._ended, self._total = True, self._position + len(self._items)
        else:
            self._seen.add(target)
            self._page = self._begin(target)
