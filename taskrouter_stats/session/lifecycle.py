"""When and where a session is open: from its first use on, in one loop of one process."""

import asyncio
import os
import weakref
from collections.abc import Coroutine
from typing import Any

from attrs import define, field

from taskrouter_stats.core.paging import Page
from taskrouter_stats.errors import SessionClosed, SessionMisuse

from .executor import RequestExecutor
from .options import Settings
from .pacer import Pacer
from .stream import OutcomeStream
from .transport import Transport

__all__ = ["OpenSession", "SessionLifecycle"]


@define(eq=False, repr=False)
class OpenSession:
    """What exists only while a session is open."""

    courier: RequestExecutor
    loop: asyncio.AbstractEventLoop
    process: int
    pages: set["asyncio.Task[Page]"] = field(factory=set["asyncio.Task[Page]"])
    streams: "weakref.WeakSet[OutcomeStream[Any]]" = field(
        factory=weakref.WeakSet["OutcomeStream[Any]"]
    )


class SessionLifecycle:
    """Opens at the first use, refuses uses that can't be, closes once.

    A session that was never used may cross a fork or move to another loop; one that was used
    holds sockets and timers, and may not.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._closed = False
        self.live: OpenSession | None = None

    @property
    def state(self) -> str:
        """In a word."""
        return "closed" if self._closed else "unopened" if self.live is None else "open"

    def require_open(self) -> OpenSession:
        """The open state, opened if need be, when it may be used from here.

        Raises:
            SessionMisuse: from another loop, thread or process than the one that opened it.
            SessionClosed: after it was closed.
        """
        live = self.live
        if self._closed:
            raise SessionClosed("the session is closed: make a new one")
        if live is None:
            live = self.live = self._open()
        elif live.process != os.getpid():
            raise SessionMisuse("this session was opened before the fork: open one per process")
        elif live.loop is not asyncio.get_running_loop():
            raise SessionMisuse(
                "this session belongs to another event loop: open one per loop, "
                "and use one asyncio.run() for all its work"
            )
        return live

    def register_stream(self, stream: OutcomeStream[Any]) -> None:
        """A stream begins; closing the session will end it."""
        self.require_open().streams.add(stream)

    def start_page(self, page: Coroutine[Any, Any, Page]) -> "asyncio.Task[Page]":
        """A task for a page that may still be unread when its reader leaves."""
        try:
            pages = self.require_open().pages
        except SessionMisuse:
            page.close()
            raise
        task = asyncio.create_task(page)
        pages.add(task)
        task.add_done_callback(pages.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def aclose(self) -> None:
        """End streams, pages and waits with ``SessionClosed``, and close the transport."""
        if self._closed:
            return
        live = None if self.live is None else self.require_open()
        self._closed = True
        if live is None:
            return
        streams = list(live.streams)
        for stream in streams:
            stream.end(SessionClosed("the session was closed under the stream"))
        for page in live.pages:
            page.cancel()
        live.courier.pacer.close()
        try:
            for stream in streams:
                await stream.join()
            if live.pages:
                await asyncio.wait(live.pages)
        finally:
            await live.courier.transport.aclose()

    def _open(self) -> OpenSession:
        settings = self._settings
        transport = Transport(
            settings.base_url,
            settings.credentials,
            timeout=settings.timeout,
            proxy=settings.proxy,
            http=settings.http,
        )
        pacer = Pacer(
            max_in_flight=settings.max_in_flight,
            pace_limit=settings.pace_limit,
            headroom=settings.headroom,
        )
        courier = RequestExecutor(pacer, transport, settings.retry)
        return OpenSession(courier, asyncio.get_running_loop(), os.getpid())
