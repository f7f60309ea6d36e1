"""The account-wide window: how many requests may be in flight at once.

Twilio caps the requests that an account has open at one time and publishes no number. Going
over it answers 429 while the budget still has requests left: the throttle of that budget tells
such a refusal apart and reports it here. The window starts without a bound; a refusal closes it
to 70% of the crowd that the refused request was in, once per crowd, for a crowd that is already
on its way will be refused together. Each reply opens it again a little: by 0.6 in the time that
one window of replies takes.
"""

import math

import attrs

from .decision import SEND_NOW, Wait

DECREASE = 0.7
"""Share of the refused crowd to go on with (0.8: 15% faster, half more refusals)."""

INCREASE = 0.6
"""Growth per window of replies (0.3 or 1.0: within 6% either way)."""

FULL = Wait(math.inf, "in_flight")


@attrs.define(eq=False, repr=False)
class InFlight:
    """One request in flight: how many there were with it, and in which epoch."""

    in_flight: int
    epoch: int


@attrs.define(eq=False, repr=False)
class ConcurrencyLimit:
    """The account's window; one for all budgets of a session."""

    limit: float = math.inf
    in_flight: int = 0
    _epoch: int = 0

    def check(self, *, interactive: bool) -> Wait:
        """Answer for one more request; the last place is kept for interactive ones."""
        if self.limit == math.inf or not self.in_flight:
            return SEND_NOW
        kept = 0.0 if interactive else 1.0
        return SEND_NOW if self.in_flight + 1.0 + kept <= max(self.limit, 2.0) else FULL

    def start(self) -> InFlight:
        """Count one more request in flight."""
        self.in_flight += 1
        return InFlight(self.in_flight, self._epoch)

    def release(self) -> None:
        """Count one request less: it came back, was lost, or was never sent."""
        self.in_flight -= 1

    def observe(self, flight: InFlight, *, refused: bool, account_wide: bool) -> None:
        """Learn from a whole reply; `account_wide`: refused although its budget had some left."""
        self.release()
        if not refused:
            self.limit += INCREASE / self.limit
        elif account_wide and flight.epoch == self._epoch:
            self._epoch += 1
            self.limit = max(1.0, DECREASE * min(self.limit, flight.in_flight))
