"""What `Limit` and `Remaining` may mean: three readings of the same two numbers.

No document gives their unit, so the throttle holds one reading until its own sends refute it.
"""

import attrs

from .rate import MEMORY


@attrs.frozen(eq=False, repr=False)
class Reading:
    """`price`: header units per request; `span`: seconds that the limit covers."""

    name: str
    price: float
    span: float
    brief: bool


SECOND = Reading("second", 1.0, 1.0, brief=True)
"""So many per second, counted one by one, forgotten within the second (or a small bucket)."""

AVERAGE = Reading("average", 1.0 / MEMORY, 1.0, brief=False)
"""So many per second on the average of ten seconds: a request costs a tenth of a unit."""

TOTAL = Reading("total", 1.0, MEMORY, brief=False)
"""So many per ten seconds, counted one by one."""
