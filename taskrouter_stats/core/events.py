"""What happens to a budget, as values that a log or a monitor can take in."""

from attrs import frozen

from .request import BudgetKey
from .throttle import Reason

__all__ = ["BudgetChanged"]


@frozen
class BudgetChanged:
    """A reply changed what is known of a budget: another limit, or a 429.

    Attributes:
        budget: the account, Workspace and method.
        refused: whether the reply was a 429.
        elsewhere: whether that 429 was not this budget's, which had some left.
        limit: ``X-Rate-Limit-Limit`` as it was told last, or None.
        remaining: ``X-Rate-Limit-Remaining`` as it was told last, or None.
        pace: requests per second that are let out now.
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
