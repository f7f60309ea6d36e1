"""Deadlines of all attempts, with one timer of the event loop for all of them.

Every attempt may take equally long, so the attempts reach their deadlines in the order of their
starts, and a timer for the oldest is enough. A timer for each attempt would enter and leave the
loop's heap of timers with each request.
"""

import asyncio
from typing import Any

__all__ = ["Deadlines"]


class Deadlines:
    """The deadlines of the attempts under way, one attempt of a task at a time.

    Args:
        seconds: duration of an attempt, at most.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._running: dict[asyncio.Task[Any], tuple[float, int]] = {}
        """The tasks with an attempt, in the order of their starts. For each, the deadline on the
        loop's clock (seconds), and how many cancellations were requested before the attempt."""
        self._expired: dict[asyncio.Task[Any], int] = {}
        """The tasks whose deadline has come, and the same number."""
        self._alarm: asyncio.TimerHandle | None = None

    def start(self, task: "asyncio.Task[Any]") -> None:
        """Start the deadline of the task's attempt.

        As ``asyncio.timeout`` does, it cancels the task when the time has come. Call ``stop`` when
        the attempt ends, in any way.
        """
        time = self._loop.time() + self._seconds
        self._running[task] = time, task.cancelling()
        if self._alarm is None:
            self._alarm = self._loop.call_at(time, self._expire)

    def stop(self, task: "asyncio.Task[Any]", error: BaseException | None = None) -> None:
        """Forget the deadline of the task's attempt, which ended with the error, if any.

        A cancellation by somebody else passes.

        Raises:
            TimeoutError: the deadline ended the attempt.
        """
        if self._running.pop(task, None) is not None:
            return
        cancelling = self._expired.pop(task)
        if task.uncancel() <= cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def close(self) -> None:
        """Drop the timer, if no attempt is under way."""
        if self._alarm is not None and not self._running:
            self._alarm.cancel()
            self._alarm = None

    def _expire(self) -> None:
        """End the attempts whose deadline has come; set the timer for the next deadline."""
        self._alarm, now = None, self._loop.time()
        while self._running:
            task, (time, cancelling) = next(iter(self._running.items()))
            if time > now:
                self._alarm = self._loop.call_at(time, self._expire)
                return
            del self._running[task]
            self._expired[task] = cancelling
            task.cancel()
