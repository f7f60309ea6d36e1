"""What `Limit` and `Remaining` may mean: three readings of the same two numbers.

No document gives their unit, so the throttle holds one reading until its own sends refute it.
"""

import attrs

from .rate import MEMORY


@attrs.frozen(eq=False, repr=False)
class LimitModel:
    """`cost`: header units per request; `window_seconds`: seconds that the limit covers."""

    cost: float
    window_seconds: float
    is_short: bool


PER_SECOND = LimitModel(1.0, 1.0, is_short=True)
"""So many per second, counted one by one, forgotten within the second (or a small bucket)."""

TEN_SECOND_AVERAGE = LimitModel(1.0 / MEMORY, 1.0, is_short=False)
"""So many per second on the average of ten seconds: a request costs a tenth of a unit."""

TEN_SECOND_TOTAL = LimitModel(1.0, MEMORY, is_short=False)
"""So many per ten seconds, counted one by one."""
