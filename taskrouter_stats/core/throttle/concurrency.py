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

    Times are seconds, or any numbers in the order of events.

    Attributes:
        limit: the number; infinite until a 429 shows it.
        at: when the first 429 of the last refused crowd came.
        fits: requests of that crowd that were not refused so far.
    """

    limit: float = math.inf
    at: float = -math.inf
    fits: int = 0

    def saw(self, sent_at: float, now: float, in_flight: int, *, refused: bool) -> None:
        """Take in a reply: a 429 to a request sent after the last crowd's begins another crowd."""
        if not refused:
            self.limit += INCREASE / self.limit
            return
        if sent_at > self.at:
            self.at, self.fits = now, in_flight
        self.fits -= 1

    def close(self) -> None:
        """Close the window to what was admitted of the last refused crowd."""
        self.limit = max(1.0, min(self.limit, float(self.fits)))


@attrs.define(eq=False, repr=False)
class ConcurrencyLimit(CrowdLimit):
    """The account's window; one for all budgets of a session.

    Attributes:
        at: number of the last refused crowd.
        in_flight: requests in flight.
    """

    at: float = 0.0
    in_flight: int = 0

    def check(self, *, interactive: bool) -> Wait:
        """Answer for one more request; the last place is kept for interactive ones."""
        if self.limit == math.inf or not self.in_flight:
            return SEND_NOW
        kept = 0.0 if interactive else 1.0
        return SEND_NOW if self.in_flight + 1.0 + kept <= max(self.limit, 2.0) else FULL

    def start(self) -> float:
        """Count one more request in flight; return the number of the crowd that it belongs to."""
        self.in_flight += 1
        return self.at + 1.0

    def release(self) -> None:
        """Count one request less: it came back, was lost, or was never sent."""
        self.in_flight -= 1

    def observe(self, crowd: float, *, refused: bool, account_wide: bool) -> None:
        """Learn from a whole reply; `account_wide`: it shows that a crowd was refused.

        `crowd`: what `start` returned for the request.
        Another budget's refusals count as well: they are few, or the account's own.
        """
        if refused or self.limit < math.inf:
            self.saw(crowd, crowd, self.in_flight, refused=refused)
        if account_wide:
            self.close()
        self.release()
