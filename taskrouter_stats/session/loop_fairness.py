"""Shares the event loop with whoever else lives in it.

When a server answers at once, fifty replies may be here in one turn of the loop, and reading,
converting and asking anew for all of them holds every other task up for that long. So only some go
on in each turn, whatever their number; the others stand in line, those that somebody waits for
first. Nobody waits while replies come one by one.
"""

import asyncio
from collections import deque
from typing import Final

__all__ = ["REPLIES_PER_ITERATION", "LoopFairness"]

REPLIES_PER_ITERATION: Final = 4
"""Replies that go on in one turn of the loop: about half a millisecond's work.

8: 3% less CPU for a stream; one time in a hundred others wait 3.3 ms instead of 2.2."""
_LONG: Final = 0.004
_A_SECOND: Final = 2_000
"""A turn of so many seconds is others' doing, and then so many replies a second go on, about a
quarter of the time: else a loop that is busy anyway would be slow at both."""


class LoopFairness:
    """The line of replies that are here and wait for the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = REPLIES_PER_ITERATION
        self._counting = False
        self._turned_at = 0.0
        self._first = deque[asyncio.Future[None]]()
        self._line = deque[asyncio.Future[None]]()

    def try_enter(self) -> bool:
        """Whether there is a place in this turn; if so, it is taken."""
        if not self._counting:
            self._counting, self._left, self._turned_at = (
                True,
                REPLIES_PER_ITERATION,
                self._loop.time(),
            )
            self._loop.call_soon(self._next)
        if not self._left:
            return False
        self._left -= 1
        return True

    async def enter(self, *, interactive: bool) -> None:
        """Stand in line for a place in one of the next turns."""
        place = self._loop.create_future()
        (self._first if interactive else self._line).append(place)
        await place

    def _next(self) -> None:
        """The loop has turned: as many may go on again, one of four from bulk if any waits."""
        now = self._loop.time()
        took, self._turned_at = now - self._turned_at, now
        places = REPLIES_PER_ITERATION if took < _LONG else int(took * _A_SECOND)
        left = places
        while left and (self._first or self._line):
            of_bulk = self._line and (left % REPLIES_PER_ITERATION == 1 or not self._first)
            place = (self._line if of_bulk else self._first).popleft()
            if not place.done():
                place.set_result(None)
                left -= 1
        self._left, self._counting = left, left < places
        if self._counting:
            self._loop.call_soon(self._next)
