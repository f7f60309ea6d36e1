"""Opens and closes a session, which belongs to one event loop of one process."""

import asyncio
import os
import weakref
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field

from taskrouter_stats.errors import SessionClosed, SessionMisuse

from .budget_throttle import PacingOptions, SharedBudgets
from .executor import RequestExecutor
from .options import Settings
from .pacer import Pacer
from .stream import OutcomeStream
from .transport import Transport

if TYPE_CHECKING:
    from .hook_calls import Hooks

__all__ = ["OpenSession", "SessionLifecycle"]

T = TypeVar("T")


@define(eq=False, repr=False)
class OpenSession:
    """State that exists only while a session is open."""

    executor: RequestExecutor
    loop: asyncio.AbstractEventLoop
    process: int
    shared: SharedBudgets | None = None
    tasks: set["asyncio.Task[Any]"] = field(factory=set["asyncio.Task[Any]"])
    streams: "weakref.WeakSet[OutcomeStream[Any]]" = field(
        factory=weakref.WeakSet["OutcomeStream[Any]"]
    )


class SessionLifecycle:
    """Opens a session at its first use, checks each use, closes the session once.

    An unused session may cross a fork or move to another loop. A used session may not, since it
    holds sockets and timers.
    """

    def __init__(self, settings: Settings, hooks: "Hooks | None") -> None:
        self._settings = settings
        self._hooks = hooks
        self._closed = False
        self.opened: OpenSession | None = None

    @property
    def state(self) -> str:
        """``"unopened"``, ``"open"`` or ``"closed"``."""
        return "closed" if self._closed else "unopened" if self.opened is None else "open"

    def require_open(self) -> OpenSession:
        """Return the open state; open the session if this is its first use.

        Raises:
            SessionMisuse: another loop, thread or process opened the session.
            SessionClosed: the session is closed.
        """
        opened = self.opened
        if self._closed:
            raise SessionClosed("the session is closed: create a new one")
        if opened is None:
            opened = self.opened = self._open()
        elif opened.process != os.getpid():
            raise SessionMisuse("this session was opened before the fork: open one per process")
        elif opened.loop is not asyncio.get_running_loop():
            raise SessionMisuse(
                "this session belongs to another event loop: open one per loop, "
                "and use one asyncio.run() for all its work"
            )
        return opened

    def stream_workers(self) -> int:
        """Return how many bulk requests a stream runs at once.

        As many as there are slots for them: one more would always wait. While the circuit is open
        one more runs, since probes without an answer may occupy all slots (see ``executor``).
        """
        slots = self._settings.max_in_flight
        is_open = self.opened is not None and self.opened.executor.breaker.open
        return slots if is_open else max(1, slots - 1)

    def register_stream(self, stream: OutcomeStream[Any]) -> None:
        """Register a stream, so that closing the session ends it."""
        self.require_open().streams.add(stream)

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task, such as the request of a page; closing the session cancels it."""
        try:
            tasks = self.require_open().tasks
        except SessionMisuse:
            work.close()
            raise
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def aclose(self) -> None:
        """End streams, tasks and waits with ``SessionClosed``; close the transport."""
        if self._closed:
            return
        opened = None if self.opened is None else self.require_open()
        self._closed = True
        if opened is None:
            return
        streams = list(opened.streams)
        for stream in streams:
            stream.end(SessionClosed("the session was closed before the stream ended"))
        for task in opened.tasks:
            task.cancel()
        opened.executor.pacer.close()
        try:
            for stream in streams:
                await stream.join()
            if opened.tasks:
                await asyncio.wait(opened.tasks)
        finally:
            try:
                if opened.shared is not None:
                    await opened.shared.aclose()
            finally:
                await opened.executor.transport.aclose()

    def _open(self) -> OpenSession:
        settings = self._settings
        options = PacingOptions(settings.pace_limit, settings.headroom, settings.reserve)
        shared = None if settings.pacer is None else settings.pacer.open(options)
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
            reserve=settings.reserve,
            on_change=None if self._hooks is None else self._hooks.emit,
            shared=shared,
        )
        executor = RequestExecutor(pacer, transport, settings.retry, hooks=self._hooks)
        return OpenSession(executor, asyncio.get_running_loop(), os.getpid(), shared)
