"""Reads a stream until its end, a request to stop, or the time to write down what has come."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeVar

from taskrouter_stats.core.outcome import Outcome
from taskrouter_stats.session import OutcomeStream

__all__ = ["until"]

T = TypeVar("T")

_GRACE: Final = 10.0
"""Seconds that requests under way get when the run is told to stop."""

_TICK: Final = 3600.0


async def until(
    outcomes: OutcomeStream[T],
    stop: asyncio.Event | None,
    patience: Callable[[], float],
) -> AsyncGenerator[Outcome[T] | None]:
    """The outcomes, and None whenever nothing came for as long as ``patience`` says.

    Args:
        outcomes: an entered stream.
        stop: once set, the stream's source is expected to end; ten seconds later this does.
        patience: seconds to wait for the next outcome at the most.
    """
    stopping = None if stop is None else asyncio.ensure_future(stop.wait())
    coming: asyncio.Future[Outcome[T]] | None = None
    deadline = float("inf")
    clock = asyncio.get_running_loop().time
    try:
        while clock() < deadline:
            coming = coming or asyncio.ensure_future(anext(outcomes))
            waiting = {coming}
            if stopping is not None and deadline == float("inf"):
                waiting.add(stopping)  # type: ignore[arg-type]
            seconds = max(0.0, min(patience(), deadline - clock(), _TICK))
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if stopping is not None and stopping.done():
                deadline = min(deadline, clock() + _GRACE)
            if coming.done():
                done, coming = coming, None
                try:
                    outcome = done.result()
                except StopAsyncIteration:
                    return
                yield outcome
            elif patience() <= 0:
                yield None
    finally:
        for task in (stopping, coming):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
