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

from .decision import SEND_NOW, Wait

DECREASE = 0.7
"""Share of the refused crowd to go on with (0.8: 15% faster, half more refusals)."""

INCREASE = 0.6
"""Growth per window of replies (0.3 or 1.0: within 6% either way)."""

NEAR = 0.7
"""Share of the ceiling at which growth stops: four processes are refused a quarter less often."""

CEILING_SECONDS = 60.0
"""How long a ceiling is remembered: support may have lifted it."""

FULL = Wait(math.inf, "in_flight")


@attrs.define(eq=False, repr=False)
class InFlight:
    """One request in flight: the size of the crowd it joined, and of which epoch."""

    in_flight: int
    epoch: int


@attrs.define(eq=False, repr=False)
class ConcurrencyLimit:
    """The account's window; one for all budgets of a session."""

    limit: float = math.inf
    in_flight: int = 0
    ceiling: float = math.inf
    _ceiling_until: float = -math.inf
    _epoch: int = 0

    def check(self, *, interactive: bool) -> Wait:
        """Is there room for one more? The last place is kept for interactive requests."""
        if self.limit == math.inf or not self.in_flight:
            return SEND_NOW
        kept = 0.0 if interactive else 1.0
        return SEND_NOW if self.in_flight + 1.0 + kept <= max(self.limit, 2.0) else FULL

    def start(self) -> InFlight:
        """One more is on its way."""
        self.in_flight += 1
        return InFlight(self.in_flight, self._epoch)

    def release(self) -> None:
        """A request came back, was lost, or was never sent."""
        self.in_flight -= 1

    def observe(
        self,
        flight: InFlight,
        now: float,
        concurrent: int | None,
        *,
        refused: bool,
        account_wide: bool,
    ) -> None:
        """A whole reply came; `account_wide`: it was refused although its budget had some left."""
        self.release()
        if refused and account_wide:
            self._close(flight, now, concurrent)
        elif not refused and self.limit < math.inf:
            near = now < self._ceiling_until and (concurrent or 0) >= NEAR * self.ceiling
            if not near:
                self.limit += INCREASE / self.limit

    def _close(self, flight: InFlight, now: float, concurrent: int | None) -> None:
        if concurrent is not None:
            if now >= self._ceiling_until:
                self.ceiling = math.inf
            self.ceiling = min(self.ceiling, concurrent)
            self._ceiling_until = now + CEILING_SECONDS
        if flight.epoch == self._epoch:
            self._epoch += 1
            self.limit = max(1.0, DECREASE * min(self.limit, flight.in_flight))
