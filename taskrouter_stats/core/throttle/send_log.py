"""The ledger: when this process sent what, so that its own spending is never a riddle.

Whoever would tell a rival's requests from its own must know its own exactly. The ledger keeps
the send times of the last twelve seconds in order; counting since an instant is one bisection.
"""

from bisect import bisect_left

import attrs

KEEP_SECONDS = 12.0
"""Seconds of sends kept: the documented 10 s of averaging, and room for latency."""

_TRIM = 256
"""The log is cut when it is this long and half of it is too old: one cut per many sends."""


@attrs.define(eq=False, repr=False)
class SendTicket:
    """One request with leave: the ticket that its reply, or its loss, hands back.

    `epoch` counts the refusals before it that slowed the budget down. `number` counts the budget's
    requests from 1, as they depart; 0 is one that has not, its connection being made first.
    `surplus` is by how many requests the sends up to this one outran the refill that the limit
    promises.
    """

    at: float
    epoch: int = 0
    number: int = 0
    surplus: float = 0.0


@attrs.define(eq=False, repr=False)
class SendLog:
    """Send times in order; `total` is the number of the newest request."""

    total: int = 0
    times: list[float] = attrs.Factory(list[float])

    def record(self, at: float) -> float:
        """Write down a send; its time. A clock that ran backwards counts as one that stood."""
        times = self.times
        if len(times) >= _TRIM and times[_TRIM // 2] < at - KEEP_SECONDS:
            del times[: bisect_left(times, at - KEEP_SECONDS)]
        if times and at < times[-1]:
            at = times[-1]
        times.append(at)
        self.total += 1
        return at

    def remove(self, sent: SendTicket) -> None:
        """Take back a send that never was."""
        index = bisect_left(self.times, sent.at)
        if index < len(self.times):
            del self.times[index]
        if sent.number == self.total:
            self.total -= 1

    def count_since(self, at: float) -> int:
        """How many were sent at or after `at`."""
        return len(self.times) - bisect_left(self.times, at)
