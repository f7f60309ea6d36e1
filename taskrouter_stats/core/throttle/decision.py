"""What a throttle answers: send now, or how long to wait and why."""

import math
from typing import Literal, TypeAlias

import attrs

__all__ = [
    "SEND_NOW",
    "WAIT_FOR_PROBE",
    "WAIT_FOR_REPLY",
    "Reason",
    "ThrottleSnapshot",
    "Wait",
]

Reason: TypeAlias = Literal["leave", "probe", "paused", "pace", "shared", "in_flight"]
"""Why a request waits. ``leave``: it need not; ``probe``: the first reply is awaited; ``paused``:
after a 429; ``pace``: until the budget allows more; ``shared``: the same beside other clients;
``in_flight``: until a reply says more."""


@attrs.frozen
class Wait:
    """Seconds to wait before checking again; 0 means send now, infinity waits for a reply."""

    seconds: float
    reason: Reason


SEND_NOW = Wait(0.0, "leave")
WAIT_FOR_PROBE = Wait(math.inf, "probe")
WAIT_FOR_REPLY = Wait(math.inf, "in_flight")


@attrs.frozen
class ThrottleSnapshot:
    """One budget as `session.budgets()` shows it; `reason` is why a bulk request waits."""

    limit: float | None
    remaining: float | None
    pace: float
    in_flight: int
    sent: int
    refused: int
    reason: Reason
