"""Whether the server is there at all: found out once, for everybody.

Ten sends in a row that brought no reply, whoever sent them, open the breaker, and so do three that
waited for one as long as they may, since a session's first requests go one by one; any whole reply
closes it, whatever its status, since a 404 or a 500 for one worker comes from a server that lives.
While it is open one request is let out every half second to see, whether or not the one before it
has ended: a probe that is stuck in a dead connection delays no other, and a server that came back
is found within that half second and its own latency, as long as there are slots and leave: by
default stuck probes hold 60 of 100 slots at most.
"""

import math
from typing import Final

from attrs import define

__all__ = ["CircuitBreaker"]

_ENOUGH: Final = 10
"""When a quarter of all sends fails by chance, ten in a row come once in a million."""
_ENOUGH_TIMEOUTS: Final = 3
"""Timeouts in a row: when a tenth of all sends hangs, three do once in a thousand, and the next
reply makes it good."""
_EVERY: Final = 0.5
"""Seconds between two probes."""


@define(eq=False, repr=False)
class CircuitBreaker:
    """The state of one session's way to its server."""

    open: bool = False
    """Whether the server is taken to be down."""
    cause: str | None = None
    """What the last failed send met."""
    _in_a_row: int = 0
    _timeouts: int = 0
    _probed_at: float = math.inf
    _next_at: float = 0.0
    _is_asking: bool = False

    def delay(self, now: float) -> float:
        """Seconds until a request may go out; 0 is now."""
        if not self.open:
            return 0.0
        return _EVERY if self._is_asking else max(0.0, self._next_at - now)

    def start_probe(self) -> None:
        """A request is the next probe, and asks for leave; no other does until it was sent."""
        self._is_asking = True

    def probe_sent(self, now: float) -> None:
        """The probe went out."""
        self._is_asking, self._next_at = False, now + _EVERY
        self._probed_at = min(self._probed_at, now)

    def probe_cancelled(self) -> None:
        """The probe got no leave: the next one may ask."""
        self._is_asking = False

    def down_for(self, now: float) -> float:
        """Seconds since the first probe went out that the server has not answered.

        While none could, since a 429 pauses everything, nobody knows that it is down.
        """
        return max(0.0, now - self._probed_at) if self.open else 0.0

    def record_reply(self) -> None:
        """A whole reply came."""
        self.open, self._in_a_row, self._timeouts = False, 0, 0

    def record_failure(
        self, now: float, *, timed_out: bool = False, cause: str | None = None
    ) -> None:
        """A send brought no reply, in all its time or since its connection failed.

        Call this only for a failure that says something about the server.
        """
        self.cause = cause
        self._in_a_row += 1
        self._timeouts = self._timeouts + 1 if timed_out else 0
        if self.open or (self._in_a_row < _ENOUGH and self._timeouts < _ENOUGH_TIMEOUTS):
            return
        self.open, self._probed_at, self._next_at = True, math.inf, now + _EVERY
