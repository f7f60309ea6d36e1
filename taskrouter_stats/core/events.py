"""Changes of a budget, as values for logs and monitors."""

from attrs import frozen

from .request import BudgetKey
from .throttle import Reason

__all__ = ["BudgetChanged"]


@frozen
class BudgetChanged:
    """A reply that changed what is known about a budget: a new limit, or a 429.

    Attributes:
        budget: the account, the Workspace and the resource key.
        refused: whether the reply was a 429.
        elsewhere: whether another limit caused that 429, since this budget had requests left.
        limit: the last ``X-Rate-Limit-Limit``, or None.
        remaining: the last ``X-Rate-Limit-Remaining``, or None.
        pace: requests per second at present.
        in_flight: requests on the wire.
        reason: why the next bulk request would wait, or ``"leave"``.
    """

    budget: BudgetKey
    refused: bool
    elsewhere: bool
    limit: float | None
    remaining: float | None
    pace: float
    in_flight: int
    reason: Reason
