"""When the counter came back: what tells a window that turns from one that slides.

The phase of a window of ten seconds is unknown. It is read with *scouts* (`scouts`): the last
requests that still have credit, spread over the wait in proportion to the time already spent. Each
is admitted, and its reply shows whether the window turned. A turn lies between the last send that
did not show it and the first that did; the next one lies a memory later, and the next scouts are
spread evenly over those bounds alone, so that every window narrows them.
"""

import math

import attrs

__all__ = ["QUICK_SECONDS", "Refills"]

QUICK_SECONDS = 1.2
"""Seconds within which a limit per second comes back, and one per ten seconds does not; refusals
for longer than that are not a second's (1.1 to 3: no row of refills moves by 1%)."""

QUICK_REFILLS = 2
"""Quick refills that prove a limit per second: one alone may be a long window's turn (1: up to 1.8%
refused by limits per ten seconds)."""


@attrs.define(eq=False, repr=False)
class Refills:
    """The refills of one counter, by the send times of the requests that showed them.

    Attributes:
        peak: what remained when the counter last came back.
        peak_at: when that was, or None before the first reply.
        seen: whether it ever came back.
        quick: how many refills followed the one before within `QUICK_SECONDS`.
        turned_after: the last send before the last turn of a fixed window.
        turned_before: the first send after it.
    """

    peak: float = 0.0
    peak_at: float | None = None
    seen: bool = False
    quick: int = 0
    turned_after: float = -math.inf
    turned_before: float = -math.inf

    @property
    def are_quick(self) -> bool:
        """Tell whether the counter is proven to come back every second."""
        return self.quick >= QUICK_REFILLS

    def is_slow(self, at: float) -> bool:
        """Tell whether the counter did not come back for longer than a second."""
        return self.peak_at is not None and at - self.peak_at > QUICK_SECONDS

    def start(self, at: float, remaining: float) -> None:
        """Begin at the first reply, or after a change of the limit."""
        self.peak, self.peak_at = remaining, at

    def restart(self, at: float, remaining: float) -> None:
        """Go back to a peak: what looked like refills since were requests that cost less."""
        self.seen, self.quick = False, 0
        self.start(at, remaining)

    def saw(self, at: float, remaining: float) -> None:
        """Take in a request, sent at `at`, that showed a refill."""
        self.quick += not self.is_slow(at)
        self.seen = True
        self.start(at, remaining)

    def turned(self, after: float, before: float, memory: float) -> None:
        """Take in a turn of a fixed window between two sends."""
        low, high = max(after, self.turned_after + memory), min(before, self.turned_before + memory)
        self.turned_after, self.turned_before = (low, high) if low < high else (after, before)
