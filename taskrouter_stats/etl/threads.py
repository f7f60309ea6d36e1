"""Runs what blocks in a thread, and waits for its end even while its caller is cancelled."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["in_thread", "wait_through_cancel"]

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread and return its result; a cancellation waits until it has ended.

    The thread belongs to no task, so a program that cancels all its tasks doesn't separate the
    caller from work that still goes on.
    """
    future = asyncio.get_running_loop().run_in_executor(None, work)
    await wait_through_cancel(future)
    return future.result()


async def wait_through_cancel(future: "asyncio.Future[Any]") -> None:
    """Wait until ``future`` is done; only then raise a cancellation that came meanwhile."""
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
