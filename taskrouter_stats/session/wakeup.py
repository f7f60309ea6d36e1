"""Wakes the task that waits for a future."""

import asyncio

__all__ = ["wake"]


def wake(future: "asyncio.Future[None] | None") -> None:
    """Set the future's result, unless it is done or None."""
    if future is not None and not future.done():
        future.set_result(None)
