"""When this process sent what: the only way to tell its own requests from another client's.

The log keeps the send times of the server's memory in order; counting since an instant is one
bisection.
"""

from bisect import bisect_left, insort

import attrs

from .latency import MAX_REORDER
from .rate import MEMORY

__all__ = ["SendLog", "SendTicket"]

KEEP_SECONDS = MEMORY + MAX_REORDER
"""Seconds of sends kept at least: the documented ten seconds of averaging, and latency."""


@attrs.define(eq=False, repr=False)
class SendTicket:
    """One request that may be sent; its reply, or its loss, hands the ticket back.

    Attributes:
        at: when it was sent; until then, when it was allowed.
        epoch: how many 429s had slowed the budget down before.
        is_bulk: whether it was charged to the bulk requests' part.
        number: its number among the budget's requests, from 1; 0 until it is sent.
        surplus: requests by which the sends up to it outran the refill that the limit promises.
    """

    at: float
    epoch: int = 0
    is_bulk: bool = True
    number: int = 0
    surplus: float = 0.0


@attrs.define(eq=False, repr=False)
class SendLog:
    """Send times in order.

    Attributes:
        total: number of the newest request.
        times: when the newest requests were sent.
        keep: seconds of sends to keep.
    """

    total: int = 0
    times: list[float] = attrs.Factory(list[float])
    keep: float = KEEP_SECONDS

    def record(self, at: float) -> float:
        """Record a send and return its time; a clock that runs back counts as standing."""
        times = self.times
        if times and times[0] < at - 2.0 * self.keep:  # seldom, and then at least half of the time
            del times[: bisect_left(times, at - self.keep)]
        if times and at < times[-1]:
            at = times[-1]
        times.append(at)
        self.total += 1
        return at

    def remove(self, sent: SendTicket) -> None:
        """Remove a send that did not happen."""
        index = bisect_left(self.times, sent.at)
        if index < len(self.times):
            del self.times[index]
        if sent.number == self.total:
            self.total -= 1

    def move(self, sent: SendTicket, at: float) -> None:
        """Move a recorded send to the time at which it really happened."""
        index = bisect_left(self.times, sent.at)
        if index < len(self.times):
            del self.times[index]
            insort(self.times, at)

    def merge(self, times: list[float], newest_at: float) -> None:
        """Add sends that were recorded elsewhere.

        Those after `newest_at`, when the newest request with a reply was sent, get numbers.
        """
        self.times = sorted([*self.times, *times])
        self.total += sum(at > newest_at for at in times)

    def split(self, parts: int) -> list[float]:
        """Keep one of `parts` equal parts of the sends, and return the others."""
        kept = self.times[::parts]
        del self.times[::parts]
        self.times, others = kept, self.times
        return others

    def forget(self, before: float) -> None:
        """Drop the sends before a time."""
        del self.times[: bisect_left(self.times, before)]

    def count_since(self, at: float) -> int:
        """Return how many requests were sent at or after `at`."""
        return len(self.times) - bisect_left(self.times, at)

    def count_between(self, start: float, end: float) -> int:
        """Return how many requests were sent at or after `start` and before `end`, if it is later.

        If it is earlier, return how many were sent meanwhile, negative.
        """
        return bisect_left(self.times, end) - bisect_left(self.times, start)

    def time_of(self, newest: int) -> float:
        """Return when the request was sent that `newest` others followed."""
        is_kept = -1 < newest < len(self.times)
        return self.times[-newest - 1] if is_kept else -float("inf")
