"""What a throttle answers: leave, or how long to wait and why."""

import math
from typing import Literal, TypeAlias

import attrs

Reason: TypeAlias = Literal["leave", "probe", "paused", "pace", "shared", "in_flight"]
"""``probe``: the first reply is awaited; ``paused``: after a 429; ``pace``: until the debt is paid;
``shared``: others spend from the same budget; ``in_flight``: until a reply says more."""


@attrs.frozen
class Wait:
    """Seconds until asking again is worth it: 0 is leave, infinity waits for a reply."""

    seconds: float
    reason: Reason


SEND_NOW = Wait(0.0, "leave")
WAIT_FOR_PROBE = Wait(math.inf, "probe")
WAIT_FOR_REPLY = Wait(math.inf, "in_flight")


@attrs.frozen
class ThrottleSnapshot:
    """What `session.budgets()` tells of one budget; `reason` is why a bulk request waits."""

    limit: float | None
    remaining: float | None
    pace: float
    in_flight: int
    sent: int
    refused: int
    reason: Reason
