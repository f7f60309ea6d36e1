"""Bounds how much waits in memory between the server and the output."""

import asyncio
from typing import Final

from attrs import define, field

__all__ = ["LARGEST_WAIT", "Room"]

LARGEST_WAIT: Final = 32 * 2**20
"""Bytes, by estimate, of answers that wait to be written: once in the batch, once on the way."""

_AT_FIRST: Final = 4
"""Queries that may be under way before the size of an answer is known."""

_DECAY: Final = 0.9


@define(eq=False)
class Room:
    """Lets queries start as long as their answers, by what the last ones weighed, find room.

    One query may always be under way, however heavy answers are.

    Attributes:
        under_way: queries that were let in and have not come out.
    """

    under_way: int = field(default=0, init=False)
    _expected: float | None = field(default=None, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def wait(self, *, alone: bool) -> None:
        """Wait until one more query may start.

        Args:
            alone: whether it must be the only one under way.
        """
        while self.under_way and (alone or self._is_full):
            self._changed.clear()
            await self._changed.wait()

    def enter(self) -> None:
        """Count a query as under way."""
        self.under_way += 1

    def leave(self, weight: int) -> None:
        """Count a query as over.

        Args:
            weight: roughly the bytes of its answer; 0 for a failure.
        """
        self.under_way -= 1
        self._expected = max(float(weight), (self._expected or 0.0) * _DECAY)
        self._changed.set()

    @property
    def _is_full(self) -> bool:
        expected = LARGEST_WAIT / _AT_FIRST if self._expected is None else self._expected
        return (self.under_way + 1) * expected > LARGEST_WAIT
