"""The slots that a process has and did not use: at their times, and after replies. Pure."""

from collections import deque
from collections.abc import Iterable

from attrs import Factory, define

from taskrouter_stats.core.throttle import SendTicket

from .report import Slot

__all__ = ["VALID", "LeasedSlots"]

VALID = 0.25
"""Seconds after its time for which a slot may be used."""


@define(eq=False)
class LeasedSlots:
    """Slots in the order of their times.

    Attributes:
        ready: slots with a time.
        spare: for each admitted reply to come, the slot that it frees, if any.
    """

    ready: deque[Slot] = Factory(deque[Slot])
    spare: list[Slot | None] = Factory(list["Slot | None"])

    def __len__(self) -> int:
        return len(self.ready)

    def add(self, slots: Iterable[Slot], spare: Iterable[Slot | None] = ()) -> None:
        """Take in the slots of a lease."""
        self.ready = deque(sorted([*self.ready, *slots], key=lambda slot: slot.at))
        self.spare += spare

    def replied(self, now: float) -> None:
        """Let one more request go, since another came back."""
        slot = self.spare.pop(0) if self.spare else None
        if slot is not None:
            self.add([Slot(now, slot.ticket)])

    def take_stale(self, now: float) -> list[SendTicket]:
        """Remove the slots that are too old, and return their tickets."""
        stale: list[SendTicket] = []
        while self.ready and self.ready[0].at + VALID < now:
            stale.append(self.ready.popleft().ticket)
        return stale

    def take_beyond(self, count: int) -> list[SendTicket]:
        """Remove spare slots, and the latest others but so many; return their tickets."""
        tickets = [slot.ticket for slot in reversed(self.spare) if slot is not None]
        self.spare = []
        while len(self.ready) > count:
            tickets.append(self.ready.pop().ticket)
        return tickets
