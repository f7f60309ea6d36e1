"""Tries again. The only file that touches tenacity.

The first attempt runs without it, since a loop that never loops is worth no cost; only its failure
is handed to tenacity, as that loop's first attempt.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState

from taskrouter_stats.core.retry import GIVE_UP, GiveUp, RetryAfter
from taskrouter_stats.errors import TaskRouterStatsError

__all__ = ["call_with_retries"]

E = TypeVar("E")
T = TypeVar("T")


async def call_with_retries(
    errand: E,
    attempt: Callable[[E], Awaitable[T]],
    decide: Callable[[E, Exception], RetryAfter | GiveUp],
    rest: Callable[[float], Awaitable[None]],
) -> T:
    """Attempt an errand until it succeeds or ``decide`` gives up; then the last error is raised.

    Between attempts ``rest`` waits, and may raise in place of the next one.
    """
    try:
        return await attempt(errand)
    except TaskRouterStatsError as error:
        first = [error]
    verdict: RetryAfter | GiveUp = GIVE_UP

    async def once() -> T:
        if first:
            raise first.pop()
        return await attempt(errand)

    def should_retry(state: RetryCallState) -> bool:
        nonlocal verdict
        error = state.outcome.exception() if state.outcome is not None else None
        verdict = decide(errand, error) if isinstance(error, TaskRouterStatsError) else GIVE_UP
        return isinstance(verdict, RetryAfter)

    async def sleep(seconds: float) -> None:
        if seconds > 0:
            await rest(seconds)

    def seconds(_: RetryCallState) -> float:
        return verdict.seconds if isinstance(verdict, RetryAfter) else 0.0

    return await AsyncRetrying(retry=should_retry, wait=seconds, sleep=sleep, reraise=True)(once)
