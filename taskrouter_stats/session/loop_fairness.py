"""Limits the replies processed in one iteration of the event loop, so that other tasks can run.

A fast server may deliver fifty replies in one iteration. Reading and converting them all and
sending the next requests would delay every other task. So at most ``REPLIES_PER_ITERATION`` replies
continue in one iteration; the others wait in a queue, interactive ones first. Replies that arrive
one by one do not wait. The limit is that of all sessions of a loop: a thousand accounts may get a
thousand replies at once. If other tasks make the iterations long, more replies continue: as many as
take a quarter of the time, by what the last ones took on this machine.
"""

import asyncio
import math
from collections import deque
from typing import Final
from weakref import WeakValueDictionary

__all__ = ["REPLIES_PER_ITERATION", "LoopFairness", "fairness_of_loop"]

REPLIES_PER_ITERATION: Final = 3
"""Replies processed in one iteration of the loop: about 0.4 ms of work. Another task waits for two
iterations at most; with 4, a stream uses 0.2% fewer instructions."""
_BULK_SHARE: Final = 4
"""One place of so many is for bulk replies, if any waits."""
_SHARE: Final = 0.25
"""Share of a long iteration that replies may take. A fixed number of replies would make a loop
that other tasks keep busy slow at everything."""
_MIN_SECONDS: Final = 0.000125
"""Seconds that a reply takes at least, so that an estimate of nearly 0 does not permit them all."""


class LoopFairness:
    """Queue of the replies that wait for an iteration of the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._remaining = REPLIES_PER_ITERATION
        self._counting = False
        self._iteration_at = 0.0
        self._released = 0
        self._places = 1
        self._released_at = 0.0
        self._reply_seconds = math.inf
        self._interactive = deque[asyncio.Future[bool]]()
        self._bulk = deque[asyncio.Future[bool]]()

    def try_enter(self) -> bool:
        """Take a place in this iteration; return False if none is free."""
        if not self._counting:
            self._counting, self._remaining = True, REPLIES_PER_ITERATION
            self._iteration_at = self._loop.time()
            self._loop.call_soon(self._next)
        if not self._remaining:
            return False
        self._remaining -= 1
        return True

    def enter(self, *, interactive: bool) -> "asyncio.Future[bool]":
        """Return a future that is done when a place is free, in one of the next iterations.

        Its result is True for the first of those that continue together: call ``begin``.
        """
        place = self._loop.create_future()
        (self._interactive if interactive else self._bulk).append(place)
        return place

    def _next(self) -> None:
        """Let the next replies continue, one of four from bulk if any waits."""
        now = self._loop.time()
        elapsed, self._iteration_at = now - self._iteration_at, now
        if self._released:
            own = (now - self._released_at) / self._released
            self._reply_seconds = max(_MIN_SECONDS, own)
        self._released_at = now  # in case that the first of them is cancelled
        allowed = max(REPLIES_PER_ITERATION, int(_SHARE * elapsed / self._reply_seconds))
        remaining = self._release(allowed)
        self._released = allowed - remaining
        self._remaining, self._counting = remaining, remaining < allowed
        if self._counting:
            self._loop.call_soon(self._next)

    def _release(self, allowed: int) -> int:
        """Wake waiting replies; return how many more may continue in the next iteration."""
        interactive, bulk, remaining = self._interactive, self._bulk, allowed
        while remaining and (interactive or bulk):
            for_bulk = not interactive or (bulk and self._places % _BULK_SHARE == 0)
            place = (bulk if for_bulk else interactive).popleft()
            if not place.done():
                place.set_result(remaining == allowed)
                remaining -= 1
                self._places += 1
        return remaining

    def begin(self) -> None:
        """Record when the replies continue; ``_next`` runs directly after them."""
        self._released_at = self._loop.time()


_QUEUES: Final[WeakValueDictionary[asyncio.AbstractEventLoop, LoopFairness]] = WeakValueDictionary()
"""The queue of each loop, while a session keeps it; it is the queue that keeps the loop."""


def fairness_of_loop() -> LoopFairness:
    """Return the queue that all sessions of the running loop share."""
    loop = asyncio.get_running_loop()
    found = _QUEUES.get(loop)
    if found is None:
        found = _QUEUES[loop] = LoopFairness()
    return found
