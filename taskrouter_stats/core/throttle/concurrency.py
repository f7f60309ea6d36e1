"""The account-wide window: how many requests may be in flight at once.

Twilio caps the requests that an account has open at one time and publishes no number. Going
over it answers 429 while the budget still has requests left: the throttle of that budget tells
such a refusal apart and reports it here. The window starts without a bound. The first refusal of a
crowd closes it to the number in flight; every refusal of that crowd takes one place more, so what
remains is the number that the server admitted. Each reply opens the window again a little: by half
a place in the time that one window of replies takes. Of several clients, the one with more in
flight is refused more often, so their windows become equal.
"""

import math

import attrs

from .decision import SEND_NOW, Wait

INCREASE = 0.5
"""Growth per window of replies. Into a cap of 20: 0.4: 1.49 / 1.1%; 0.5: 1.48 / 1.2%; 0.8: 1.43 /
1.4%, but of 400 requests 3.5% are refused instead of 3.0%."""

FULL = Wait(math.inf, "in_flight")


@attrs.define
class CrowdLimit:
    """How many requests may be in flight, as 429s show it.

    Times are any numbers in the order of events.

    Attributes:
        limit: the number; infinite until a 429 shows it.
        at: when the first 429 of the last refused crowd came.
        fits: requests of that crowd that were not refused so far.
    """

    limit: float = math.inf
    at: float = -math.inf
    fits: int = 0

    def saw_refusal(self, sent_at: float, now: float, in_flight: int) -> None:
        """Take in a 429: one sent after the last crowd's first 429 begins another crowd."""
        if sent_at > self.at:
            self.at, self.fits = now, in_flight
        self.fits -= 1

    def saw_admission(self) -> None:
        """Open the window a little."""
        self.limit += INCREASE / self.limit

    def close(self) -> None:
        """Close the window to what was admitted of the last refused crowd."""
        self.limit = max(1.0, min(self.limit, float(self.fits)))


@attrs.define(eq=False, repr=False)
class InFlight:
    """One request in flight: its number."""

    number: int


@attrs.define(eq=False, repr=False)
class ConcurrencyLimit:
    """The account's window; one for all budgets of a session."""

    crowd: CrowdLimit = attrs.Factory(CrowdLimit)
    in_flight: int = 0
    _started: int = 0

    @property
    def limit(self) -> float:
        """How many requests may be in flight."""
        return self.crowd.limit

    def check(self, *, interactive: bool) -> Wait:
        """Answer for one more request; the last place is kept for interactive ones."""
        limit = self.crowd.limit
        if limit == math.inf or not self.in_flight:
            return SEND_NOW
        kept = 0.0 if interactive else 1.0
        return SEND_NOW if self.in_flight + 1.0 + kept <= max(limit, 2.0) else FULL

    def start(self) -> InFlight:
        """Count one more request in flight."""
        self.in_flight += 1
        self._started += 1
        return InFlight(self._started)

    def release(self) -> None:
        """Count one request less: it came back, was lost, or was never sent."""
        self.in_flight -= 1

    def observe(self, flight: InFlight, *, refused: bool, account_wide: bool) -> None:
        """Learn from a whole reply; `account_wide`: it shows that a crowd was refused.

        Another budget's refusals count as well: they are few, or the account's own.
        """
        if refused:
            self.crowd.saw_refusal(flight.number, self._started, self.in_flight)
        else:
            self.crowd.saw_admission()
        if account_wide:
            self.crowd.close()
        self.release()
