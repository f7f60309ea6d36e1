"""Ends a stream some time after it was told to stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from taskrouter_stats.session import OutcomeStream

__all__ = ["end_after_grace"]

_GRACE: Final = 10.0
"""Seconds that requests under way get when a run is told to stop."""


class _StoppedError(Exception):
    """The grace is over."""


@asynccontextmanager
async def end_after_grace(
    outcomes: OutcomeStream[Any], stop: asyncio.Event | None
) -> AsyncGenerator[None]:
    """Read an entered stream in this block: once ``stop`` is set, it ends within ten seconds.

    Its source is expected to end by itself when that happens; this is for requests that would
    wait longer. They end as if they had never been, and so does the block.
    """
    if stop is None:
        yield
        return

    async def watch() -> None:
        await stop.wait()
        await asyncio.sleep(_GRACE)
        outcomes.end(_StoppedError())

    watching = asyncio.create_task(watch())
    try:
        with suppress(_StoppedError):
            yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])
