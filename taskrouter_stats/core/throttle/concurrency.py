"""The account-wide window: how many requests may be in flight at once.

Twilio caps the requests that an account has open at one time and publishes no number. Going
over it answers 429 while the budget still has requests left: the throttle of that budget tells
such a refusal apart and reports it here. The window starts without a bound; a refusal closes it
to 70% of the crowd that the refused request was in, once per crowd, for a crowd that is already
on its way will be refused together. Each reply opens it again a little: by 0.6 in the time that
one window of replies takes.

Where replies carry `Twilio-Concurrent-Requests`, the account's own count, the least count that
was refused is remembered as the ceiling, and the window does not grow while a reply shows the
account near it. The count includes other processes, which the own crowd cannot.
"""

import math

import attrs

from .decision import LEAVE, Wait

CLOSE = 0.7
"""Share of the refused crowd to go on with (0.8: 15% faster, half more refusals)."""

OPEN = 0.6
"""Growth per window of replies (0.3 or 1.0: within 6% either way)."""

NEAR = 0.7
"""Share of the ceiling at which growth stops: four processes are refused a quarter less often."""

CEILING_SECONDS = 60.0
"""How long a ceiling is remembered: support may have lifted it."""

FULL = Wait(math.inf, "in_flight")


@attrs.define(eq=False, repr=False)
class Flight:
    """One request in flight: the size of the crowd it joined, and of which epoch."""

    crowd: int
    epoch: int
    open: bool = True


@attrs.define(eq=False, repr=False)
class Concurrency:
    """The account's window; one for all budgets of a session."""

    width: float = math.inf
    in_flight: int = 0
    ceiling: float = math.inf
    _ceiling_until: float = -math.inf
    _epoch: int = 0

    def ask(self, *, interactive: bool) -> Wait:
        """Is there room for one more? The last place is kept for interactive requests."""
        if self.width == math.inf or not self.in_flight:
            return LEAVE
        kept = 0.0 if interactive else 1.0
        return LEAVE if self.in_flight + 1.0 + kept <= max(self.width, 2.0) else FULL

    def send(self) -> Flight:
        """One more is on its way."""
        self.in_flight += 1
        return Flight(self.in_flight, self._epoch)

    def release(self, flight: Flight) -> None:
        """It is back, or lost, or was never sent; twice is once."""
        if flight.open:
            flight.open = False
            self.in_flight -= 1

    def observe(
        self, flight: Flight, now: float, concurrent: int | None, *, refused: bool, elsewhere: bool
    ) -> None:
        """A whole reply came; `elsewhere`: it was refused although its budget had some left."""
        if not flight.open:
            return
        self.release(flight)
        if refused and elsewhere:
            self._close(flight, now, concurrent)
        elif not refused and self.width < math.inf:
            near = now < self._ceiling_until and (concurrent or 0) >= NEAR * self.ceiling
            if not near:
                self.width += OPEN / self.width

    def _close(self, flight: Flight, now: float, concurrent: int | None) -> None:
        if concurrent is not None:
            if now >= self._ceiling_until:
                self.ceiling = math.inf
            self.ceiling = min(self.ceiling, concurrent)
            self._ceiling_until = now + CEILING_SECONDS
        if flight.epoch == self._epoch:
            self._epoch += 1
            self.width = max(1.0, CLOSE * min(self.width, flight.crowd))
