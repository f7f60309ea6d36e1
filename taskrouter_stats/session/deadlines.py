"""Deadlines of all attempts, with one timer of the event loop for all of them.

Every attempt may take equally long, so the attempts reach their deadlines in the order of their
starts, and a timer for the oldest is enough. A timer for each attempt would enter and leave the
loop's heap of timers with each request. Sessions with the same timeout share one timer as well.
"""

import asyncio
from types import TracebackType

from attrs import define

from .shared_in_loop import shared_in_loop

__all__ = ["Deadline", "Deadlines", "deadlines_of_loop"]


class Deadlines:
    """The deadlines of the attempts under way.

    Args:
        seconds: duration of an attempt, at most.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._running: dict[Deadline, None] = {}
        """The deadlines that lie ahead, in the order of their starts."""
        self._alarm: asyncio.TimerHandle | None = None

    def start(self, task: "asyncio.Task[object]") -> "Deadline":
        """Start the deadline of the task's attempt, to be used in a ``with`` statement."""
        time = self._loop.time() + self._seconds
        deadline = Deadline(self._running, task, time, task.cancelling())
        self._running[deadline] = None
        if self._alarm is None:
            self._alarm = self._loop.call_at(time, self._expire)
        return deadline

    def close(self) -> None:
        """Drop the timer, if no attempt is under way."""
        if self._alarm is not None and not self._running:
            self._alarm.cancel()
            self._alarm = None

    def _expire(self) -> None:
        """End the attempts whose deadline has come; set the timer for the next deadline."""
        self._alarm, now = None, self._loop.time()
        while self._running:
            oldest = next(iter(self._running))
            if oldest.time > now:
                self._alarm = self._loop.call_at(oldest.time, self._expire)
                return
            del self._running[oldest]
            oldest.expire()


@define(eq=False, repr=False)
class Deadline:
    """The deadline of one attempt.

    As ``asyncio.timeout`` does, it cancels the task when the time has come, and leaves the block
    with ``TimeoutError`` in place of that cancellation. A cancellation by somebody else passes.
    """

    running: "dict[Deadline, None]"
    task: "asyncio.Task[object]"
    time: float
    cancelling: int
    expired: bool = False

    def expire(self) -> None:
        """Cancel the task."""
        self.expired = True
        self.task.cancel()

    def __enter__(self) -> None:
        """Do nothing: the time already runs."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget the deadline.

        Raises:
            TimeoutError: the deadline ended the block.
        """
        self.running.pop(self, None)
        if (
            self.expired
            and self.task.uncancel() <= self.cancelling
            and isinstance(error, asyncio.CancelledError)
        ):
            raise TimeoutError from error


deadlines_of_loop = shared_in_loop(Deadlines)
"""Returns the deadlines of all attempts in the running loop that may take so many seconds."""
