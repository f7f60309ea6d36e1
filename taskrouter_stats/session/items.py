"""Reads a listing item by item and fetches one page ahead."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from taskrouter_stats.core.paging import ListReader, Page
from taskrouter_stats.errors import SessionClosed, SessionMisuse

__all__ = ["Items"]

T = TypeVar("T")

_LOGGER = logging.getLogger("taskrouter_stats")


class Items(Generic[T]):
    """The items of a listing, each once, in the server's order.

    ``async for worker in session.iterate(…)`` reads the items. ``async with`` around it also
    cancels the request for the next page when the loop ends early. ``await ….collect()`` returns
    a list. While the caller reads one page, the session fetches the next. The error of a failed
    page is raised after all items of the pages before it. Items without a valid SID or of another
    kind are left out, and an error that names them is raised after the last item. A list whose
    further pages bring nothing new also ends with an error. Unexpected values in other fields are
    kept, and one warning in the log names those fields.
    """

    def __init__(
        self,
        reader: ListReader[T],
        fetch_page: Callable[[str], Coroutine[Any, Any, Page]],
        start: Callable[[Coroutine[Any, Any, Page]], "asyncio.Task[Page]"],
    ) -> None:
        self._reader = reader
        self._fetch_page = fetch_page
        self._start = start
        self._page: asyncio.Task[Page] | None = None
        self._items: deque[object] = deque()
        self._pages = 0
        self._served_at: datetime | None = None
        self._error: BaseException | None = None
        self._closed = False
        self._logged = False
        self._page_lock = asyncio.Lock()
        self._used = False
        self._ended = False

    def __aiter__(self) -> Self:
        if self._used:
            raise SessionMisuse("this listing is already being read: call session.iterate() again")
        self._used = True
        return self

    async def __anext__(self) -> T:
        while True:
            while not self._items:
                async with self._page_lock:
                    if not self._items:
                        await self._next_page()
            value = self._reader.read(self._items.popleft())
            if value is not None:
                return value

    @property
    def total(self) -> int | None:
        """Number of items in the list; None until the last page was read."""
        known = self._ended and self._error is None and self._reader.endless is None
        return self._reader.total if known else None

    @property
    def pages(self) -> int:
        """Number of pages requested so far, including the one fetched ahead."""
        return self._pages

    @property
    def served_at(self) -> datetime | None:
        """The server's time of the page that the last item came from: UTC, in whole seconds.

        None before the first item, and if the reply had no readable ``Date`` header.
        """
        return self._served_at

    async def collect(self) -> list[T]:
        """Return all items as a list."""
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
        """Cancel the request for the next page, if there is one."""
        self._log_odd_fields()
        self._closed = True
        self._items.clear()
        if self._page is not None:
            self._page.cancel()
            await asyncio.wait([self._page])

    def _begin(self, target: str) -> "asyncio.Task[Page]":
        self._pages += 1
        return self._start(self._fetch_page(target))

    async def _next_page(self) -> None:
        if self._closed:
            raise StopAsyncIteration
        if self._ended:
            self._log_odd_fields()
            error = self._error or self._reader.error()
            raise StopAsyncIteration if error is None else error
        if self._page is None:
            self._page = self._begin(self._reader.first_target)
        task = self._page
        await asyncio.wait([task])  # a reader that is cancelled here can still read the page later
        try:
            if task.cancelled():
                raise SessionClosed("the session was closed while a list was read")
            page = task.result()
            items, target = self._reader.take(page)
        except BaseException as error:
            self._ended, self._error = True, error
            raise
        self._items.extend(items)
        self._served_at = page.served_at
        if target is None:
            self._ended = True
        else:
            self._page = self._begin(target)

    def _log_odd_fields(self) -> None:
        reader = self._reader
        if self._logged or not reader.odd_items:
            return
        self._logged = True
        _LOGGER.warning(
            "%s of %s: %d of %d items have values that their fields cannot hold (%s); a text "
            "field keeps such a value as text, `extra` keeps any other",
            reader.listing.endpoint.name,
            reader.listing.workspace_sid or "the account",
            reader.odd_items,
            reader.total,
            ", ".join(f"{name}: {count}" for name, count in sorted(reader.odd_fields.items())),
        )
