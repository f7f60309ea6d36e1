"""The next slots of a throttle, and whose they are. Pure."""

import heapq
from collections.abc import Iterable

from taskrouter_stats.core.throttle import SendTicket, Throttle, Wait

from .report import Slot

__all__ = ["SlotWalk", "share_of"]

MAX_LOOKS = 100
"""Questions to the throttle for one slot at most: no endless loop over rounding errors."""


class SlotWalk:
    """The slots of a throttle, one after another.

    Args:
        throttle: the throttle; each slot is charged to it.
        now: the time.
        cursor: time of the slot that was granted last, or now.
        until: time of the last slot.
    """

    def __init__(self, throttle: Throttle, now: float, cursor: float, until: float) -> None:
        self._throttle, self._now, self._until = throttle, now, until
        self._cursor = cursor
        self.wait = Wait(0.0, "leave")

    def take(self, most: int, *, interactive: bool, waiting: int) -> list[Slot]:
        """Return up to so many slots; ``wait`` tells when the next one may come.

        An interactive request may use credit at once, while bulk requests wait for later slots.
        """
        slots: list[Slot] = []
        at = self._now if interactive else self._cursor
        for number in range(most):
            found = self._next(at, interactive=interactive, waiting=waiting - number)
            if found is None:
                break
            at, ticket = found
            self._cursor = max(self._cursor, at)
            slots.append(Slot(at, ticket))
        return slots

    def _next(
        self, at: float, *, interactive: bool, waiting: int
    ) -> tuple[float, SendTicket] | None:
        for _ in range(MAX_LOOKS):
            wait = self._throttle.check(at, interactive=interactive, waiting=waiting)
            if wait.seconds <= 0.0:
                return at, self._throttle.reserve(at, departs=False, interactive=interactive)
            at += wait.seconds
            self.wait = Wait(at - self._now, wait.reason)
            if at > self._until:
                break
        return None


def share_of(slots: int, wants: Iterable[int], served: Iterable[int]) -> int:
    """Return how many slots the first client gets, if each goes to the least served one."""
    heap = [
        (granted, order, want)
        for order, (granted, want) in enumerate(zip(served, wants, strict=True))
        if want
    ]
    heapq.heapify(heap)
    ours = 0
    for _ in range(slots):
        if not heap:
            break
        granted, order, want = heap[0]
        ours += order == 0
        if want > 1:
            heapq.heapreplace(heap, (granted + 1, order, want - 1))
        else:
            heapq.heappop(heap)
    return ours
