"""Refreshing the parts of a page while somebody looks at it: one fetch for all browsers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from attrs import define, field

from taskrouter_stats.errors import TaskRouterStatsError

__all__ = ["Part", "Refresher"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@define(eq=False)
class Part:
    """One part of the page, such as its TaskQueues, which is fetched alone and fails alone.

    Attributes:
        fetch: fetches the part and keeps it.
        read_at: when it was last fetched, on the event loop's clock; None before.
        error: why the last attempt failed, in words; None after a success.
    """

    fetch: Callable[[], Awaitable[None]]
    read_at: float | None = None
    error: str | None = None

    async def refresh(self) -> None:
        """Fetch the part; keep the old data and note the error if that fails."""
        try:
            await self.fetch()
        except TaskRouterStatsError as error:
            self.error = str(error)
        except Exception as error:
            _LOGGER.exception("the dashboard could not make a part of its page")
            kind = type(error).__name__
            self.error = f"a bug in taskrouter-stats ({kind}): the program's log has the details"
        else:
            self.error, self.read_at = None, asyncio.get_running_loop().time()


@define(eq=False)
class Refresher:
    """Refreshes parts, each by its own task, while at least one browser watches.

    A slow part does not delay the others. Without a browser nothing is fetched; the first one that
    comes back starts a refresh at once.

    Attributes:
        parts: the parts.
        seconds: from the start of one refresh to the start of the next, > 0.
        version: the number of refreshes so far; another number means other data.
        watchers: the browsers that watch.
        closed: whether watching has ended for all.
    """

    parts: Sequence[Part]
    seconds: float
    version: int = 0
    watchers: int = 0
    closed: bool = False
    _watched: asyncio.Event = field(factory=asyncio.Event)
    _changed: asyncio.Event = field(factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(factory=list["asyncio.Task[None]"])

    def start(self) -> None:
        """Start a task for each part, in the running event loop."""
        self._tasks = [asyncio.create_task(self._run(part)) for part in self.parts]

    def close(self) -> None:
        """End the watching: each browser's ``change`` returns at once."""
        self.closed = True
        self._publish()

    async def stop(self) -> None:
        """Cancel the tasks and wait for their end."""
        self.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def watch(self) -> Generator[None]:
        """Count a browser as watching until the block ends."""
        self.watchers += 1
        self._watched.set()
        try:
            yield
        finally:
            self.watchers -= 1
            if not self.watchers:
                self._watched.clear()

    async def change(self, seen: int, within: float) -> None:
        """Return when the version is another than ``seen``, after ``within`` seconds at most."""
        if self.version == seen and not self.closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), within)

    async def _run(self, part: Part) -> None:
        clock: Any = asyncio.get_running_loop().time
        while True:
            await self._watched.wait()
            began = clock()
            await part.refresh()
            self._publish()
            await asyncio.sleep(max(0.0, began + self.seconds - clock()))

    def _publish(self) -> None:
        self.version += 1
        event, self._changed = self._changed, asyncio.Event()
        event.set()
