"""Retries failed calls: the only file that uses tenacity.

The executor runs the first attempt without tenacity, which would only add cost. If it fails,
tenacity gets its error as the first attempt's.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState

from taskrouter_stats.core.retry import GIVE_UP, GiveUp, RetryAfter
from taskrouter_stats.errors import TaskRouterStatsError

__all__ = ["call_again"]

C = TypeVar("C")
T = TypeVar("T")


async def call_again(
    call: C,
    first: list[TaskRouterStatsError],
    attempt: Callable[[C], Awaitable[T]],
    decide: Callable[[C, Exception], RetryAfter | GiveUp],
    pause: Callable[[float], Awaitable[None]],
) -> T:
    """Repeat ``attempt(call)``, which failed with the ``first`` error, until ``decide`` gives up.

    ``first`` is emptied. ``pause`` waits between attempts; an error that it raises ends the call.

    Raises:
        TaskRouterStatsError: the last attempt's error, once ``decide`` gives up.
    """
    verdict: RetryAfter | GiveUp = GIVE_UP

    async def once() -> T:
        if first:
            raise first.pop()
        return await attempt(call)

    def should_retry(state: RetryCallState) -> bool:
        nonlocal verdict
        error = state.outcome.exception() if state.outcome is not None else None
        verdict = decide(call, error) if isinstance(error, TaskRouterStatsError) else GIVE_UP
        return isinstance(verdict, RetryAfter)

    async def sleep(seconds: float) -> None:
        if seconds > 0:
            await pause(seconds)

    def seconds(_: RetryCallState) -> float:
        return verdict.seconds if isinstance(verdict, RetryAfter) else 0.0

    return await AsyncRetrying(retry=should_retry, wait=seconds, sleep=sleep, reraise=True)(once)
