"""The limit on the memory of answers that wait between the server and the output."""

import asyncio
from typing import Final

from attrs import define, field

__all__ = ["MAX_PENDING_BYTES", "MemoryLimit"]

MAX_PENDING_BYTES: Final = 32 * 2**20
"""Bytes, by estimate, of the answers that wait to be written; as many may be in flight."""

_INITIAL_IN_FLIGHT: Final = 4
"""Queries that may be in flight before the size of an answer is known."""

_DECAY: Final = 0.9
"""Factor, 0 to 1, by which each smaller answer lowers the expected size: one large answer counts
for about twenty later ones."""


@define(eq=False)
class MemoryLimit:
    """Limit on queries in flight, by the expected size of their answers.

    One query may always be in flight, however large its answer is.

    Attributes:
        max_bytes: bytes, by estimate, of the answers in flight.
        in_flight: queries that have started and not finished.
    """

    max_bytes: int = MAX_PENDING_BYTES
    in_flight: int = field(default=0, init=False)
    _expected: float | None = field(default=None, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def wait(self, *, exclusive: bool) -> None:
        """Wait until one more query may start.

        Args:
            exclusive: whether no other query may be in flight.
        """
        while self.in_flight and (exclusive or self._is_full):
            self._changed.clear()
            await self._changed.wait()

    def start(self) -> None:
        """Count a query as in flight."""
        self.in_flight += 1

    def finish(self, size: int) -> None:
        """Count a query as finished.

        Args:
            size: estimated bytes of its answer, >= 0; 0 for a failure.
        """
        self.in_flight -= 1
        self._expected = max(float(size), (self._expected or 0.0) * _DECAY)
        self._changed.set()

    @property
    def _is_full(self) -> bool:
        expected = self._expected
        if expected is None:
            expected = self.max_bytes / _INITIAL_IN_FLIGHT
        return (self.in_flight + 1) * expected > self.max_bytes
