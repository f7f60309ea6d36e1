"""The grace period of requests after the stop signal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from taskrouter_stats.session import OutcomeStream

__all__ = ["cancel_after_grace", "end_after_grace"]

_GRACE: Final = 10.0
"""Seconds after the stop signal in which requests in flight may still end."""


class _StoppedError(Exception):
    """The grace period is over."""


@asynccontextmanager
async def end_after_grace(
    outcomes: OutcomeStream[Any], stop: asyncio.Event | None
) -> AsyncGenerator[None]:
    """End an entered stream, read in this block, ten seconds after ``stop`` is set.

    The stream's source must end when ``stop`` is set. Requests that are still in flight after ten
    seconds end without an outcome, and the block ends without an error.
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


@asynccontextmanager
async def cancel_after_grace(stop: asyncio.Event | None) -> AsyncGenerator[None]:
    """Cancel this block ten seconds after ``stop`` is set; it then ends without an error."""
    if stop is None:
        yield
        return
    deadline = asyncio.timeout(None)

    async def watch() -> None:
        await stop.wait()
        deadline.reschedule(asyncio.get_running_loop().time() + _GRACE)

    try:
        async with deadline:
            watching = asyncio.create_task(watch())
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.wait([watching])
    except TimeoutError:
        if not deadline.expired():
            raise
