"""One process, as the shared state knows it."""

import math

import attrs

__all__ = ["Client"]


@attrs.define
class Client:
    """What one process wants and holds.

    Attributes:
        interactive: interactive requests that it wanted slots for and got none.
        bulk: bulk requests likewise.
        room: slots that it could have used at once.
        granted: slots granted, less those of the process that got the fewest.
        held: tickets that it has.
        unsent: how many of them were not sent.
        seq: number of the newest report that was taken in.
        headroom: share of the budget that it leaves to other clients.
        reserve: share of the budget that its bulk requests leave to interactive ones.
        asks_until: when its wants lose their meaning.
        expires_at: when it is taken for dead.
        is_away: whether it goes on without the store, as far as known, and did not come back.
    """

    interactive: int = 0
    bulk: int = 0
    room: int = 0
    granted: int = 0
    held: int = 0
    unsent: int = 0
    seq: int = 0
    headroom: float = 0.0
    reserve: float = 0.0
    asks_until: float = -math.inf
    expires_at: float = -math.inf
    is_away: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether it has requests in flight, or wants to send some."""
        return self.held + self.interactive + self.bulk > 0

    @property
    def needs(self) -> int:
        """Requests that it has or wants in flight."""
        return self.held + min(self.room, self.interactive + self.bulk)

    def wanted(self, *, interactive: bool) -> int:
        """Return how many slots it would take."""
        return min(self.room, self.interactive if interactive else self.bulk)
