"""Circuit breaker shared by all requests of a session.

Ten requests in a row without a reply open the circuit. So do three timeouts in a row, because the
first requests of a session go one at a time. Any complete reply closes the circuit, whatever its
status: a 404 or 500 for one Worker comes from a running server.

While the circuit is open, one request (a probe) is sent every half second, even if the previous
probe has not ended: a probe on a dead connection does not delay the next one. So a server that
is back is found within half a second and its latency, if a slot and a permit are free. By
default, stuck probes hold at most 60 of 100 slots.
"""

import math
from typing import Final

from attrs import define

__all__ = ["CircuitBreaker"]

_MAX_FAILURES: Final = 10
"""Failures in a row: if a quarter of all sends fails by chance, ten in a row come once in a
million."""
_MAX_TIMEOUTS: Final = 3
"""Timeouts in a row: if a tenth of all sends hangs, three in a row come once in a thousand; the
next reply closes the circuit again."""
_PROBE_SECONDS: Final = 0.5
"""Seconds between two probes."""


@define(eq=False, repr=False)
class CircuitBreaker:
    """The circuit between one session and its server."""

    open: bool = False
    """Whether the server is considered down."""
    cause: str | None = None
    """The failure of the last send without a reply, as text."""
    _failures: int = 0
    _timeouts: int = 0
    _probed_at: float = math.inf
    _next_at: float = 0.0
    _is_probing: bool = False

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent; 0 means now."""
        if not self.open:
            return 0.0
        return _PROBE_SECONDS if self._is_probing else max(0.0, self._next_at - now)

    def start_probe(self) -> None:
        """Reserve the next probe for a request that now waits for its permit."""
        self._is_probing = True

    def probe_sent(self, now: float) -> None:
        """Record that the probe was sent."""
        self._is_probing, self._next_at = False, now + _PROBE_SECONDS
        self._probed_at = min(self._probed_at, now)

    def probe_cancelled(self) -> None:
        """Release the reserved probe: it got no permit."""
        self._is_probing = False

    def down_for(self, now: float) -> float:
        """Return the seconds since the first probe that the server did not answer.

        It is 0 before the first probe: while a 429 pauses the budget, no probe can be sent.
        """
        return max(0.0, now - self._probed_at) if self.open else 0.0

    def record_reply(self) -> None:
        """Record a complete reply and close the circuit."""
        self.open, self._failures, self._timeouts = False, 0, 0

    def record_failure(
        self, now: float, *, timed_out: bool = False, cause: str | None = None
    ) -> None:
        """Record a send without a reply: its connection failed or its time was up.

        Call it only for a failure that says something about the server.
        """
        self.cause = cause
        self._failures += 1
        self._timeouts = self._timeouts + 1 if timed_out else 0
        if self.open or (self._failures < _MAX_FAILURES and self._timeouts < _MAX_TIMEOUTS):
            return
        self.open, self._probed_at, self._next_at = True, math.inf, now + _PROBE_SECONDS
