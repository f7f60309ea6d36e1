"""What the pacer asks of a budget's throttle: the session's own, or one that processes share."""

from collections.abc import Callable
from typing import Any, Protocol

from attrs import frozen

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.request import BudgetKey
from taskrouter_stats.core.throttle import ThrottleSnapshot, Wait

__all__ = ["BudgetThrottle", "Demand", "PacingOptions", "SharedBudgets", "SharedPacing"]


class BudgetThrottle(Protocol):
    """The calls of ``core.throttle.Throttle`` that the pacer uses; ``now`` is the loop's time."""

    @property
    def in_flight(self) -> int:
        """How many requests have a ticket that was not handed back."""
        ...

    @property
    def limit(self) -> float | None:
        """The limit that is believed, less the headroom."""
        ...

    def check(self, now: float, *, interactive: bool, waiting: int = 0) -> Wait:
        """Return whether a request may go now, else how long to wait and why."""
        ...

    def reserve(self, now: float, *, departs: bool = True, interactive: bool = False) -> Any:
        """Take a ticket for a request."""
        ...

    def mark_sent(self, sent: Any, now: float) -> None:
        """Record that the request was sent."""
        ...

    def cancel(self, sent: Any) -> None:
        """Take back a ticket of which nothing was sent."""
        ...

    def abandon(self, sent: Any) -> None:
        """Record that no reply will come."""
        ...

    def observe(
        self, sent: Any, now: float, rate_limit: RateLimit, *, refused: bool, jitter: float
    ) -> bool:
        """Learn from a reply; return whether another limit than this budget's refused it."""
        ...

    def snapshot(self, now: float) -> ThrottleSnapshot:
        """Return the budget in numbers."""
        ...


@frozen
class Demand:
    """The requests of one budget that wait in this session.

    Attributes:
        interactive: interactive requests that wait.
        bulk: bulk requests that wait.
        upcoming: bulk requests that will follow.
        room: requests that the session could send at once.
    """

    interactive: int
    bulk: int
    upcoming: int
    room: int


@frozen
class PacingOptions:
    """The options of a session that say how much of each budget it uses."""

    pace_limit: float | None
    headroom: float
    reserve: float


class SharedBudgets(Protocol):
    """The budgets that an open session shares with other processes."""

    def throttle(
        self, key: BudgetKey, demand: Callable[[], Demand], grant: Callable[[], None]
    ) -> BudgetThrottle:
        """Return the throttle of a budget.

        Args:
            key: the budget.
            demand: tells what waits for it.
            grant: grants permits to the requests that may be sent; called when that changed.
        """
        ...

    def forget(self, key: BudgetKey) -> None:
        """Drop a budget that had no request for long."""
        ...

    async def aclose(self) -> None:
        """Hand everything back and end; never raises because of the store."""
        ...


class SharedPacing(Protocol):
    """What ``TaskRouterSession(…, pacer=…)`` takes, such as ``fleet.SharedPacer``."""

    def open(self, options: PacingOptions) -> SharedBudgets:
        """Return the shared budgets of a session, which opens in the running loop."""
        ...
