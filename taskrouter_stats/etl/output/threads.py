"""Blocking work in a thread, which even a cancelled caller waits for."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["in_thread", "wait_through_cancel"]

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread and return its result; a cancelled caller waits for its end.

    No task owns the thread, so the caller waits even in a program that cancels all its tasks.
    """
    future = asyncio.get_running_loop().run_in_executor(None, work)
    await wait_through_cancel(future)
    return future.result()


async def wait_through_cancel(future: "asyncio.Future[Any]") -> None:
    """Wait until ``future`` is done, and then raise a cancellation that arrived before."""
    interruption: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        if not future.cancelled():
            future.exception()
        raise interruption
