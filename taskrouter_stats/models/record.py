"""Base classes of all records, and the small records that many others contain.

Field names are the JSON's names, times are aware UTC datetimes, durations are seconds, counts are
whole numbers. Twilio's description calls SIDs, times, URLs and lists nullable, and its examples
lack keys that the description has. So a field may be ``None``, unless it is the SID that names the
record or the part that the record exists for. ``extra`` holds the keys that the class does not
know, at every level.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import astuple, field, fields, frozen

from .sids import ActivitySid

__all__ = [
    "NOT_JSON",
    "ActivityDuration",
    "ActivityStatistic",
    "NamedRecord",
    "Record",
    "SplitByWaitTime",
    "WaitDuration",
    "WaitTimeCounts",
]

NOT_JSON: Final = {"taskrouter_stats.not_json": True}
"""Metadata of a field that the JSON does not hold: the record has it from its query."""


def _no_keys() -> dict[str, Any]:
    return {}  # dict[str, Any]() costs ten times as much


@frozen(eq=False, repr=False)
class Record:
    """A JSON object.

    Two records are equal if they have the same class and equal fields. Comparison, hash and
    ``repr`` are defined here once: generated for each of forty classes, they would double the time
    that the import takes.

    Attributes:
        extra: keys of the JSON that the class does not know.
    """

    extra: Mapping[str, Any] = field(factory=_no_keys, hash=False, kw_only=True)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return astuple(self, recurse=False) == astuple(other, recurse=False)

    def __hash__(self) -> int:
        hashed = [getattr(self, part.name) for part in fields(type(self)) if part.hash is not False]
        return hash((type(self), *hashed))

    def __repr__(self) -> str:
        shown = (f"{part.name}={getattr(self, part.name)!r}" for part in fields(type(self)))
        return f"{type(self).__name__}({', '.join(shown)})"


@frozen(eq=False, repr=False, kw_only=True)
class NamedRecord(Record):
    """A record with its SID, such as an item of a list.

    Only the SID is required. A value that its field cannot hold never makes the record unreadable:
    a text field then holds the value's JSON text; any other field is ``None`` and ``extra`` holds
    the value under the field's name.

    Attributes:
        sid: the record's SID.
    """

    sid: str


@frozen(eq=False, repr=False)
class ActivityDuration(Record):
    """The time spent in one Activity within the window, in seconds.

    Twilio's examples have ``max`` below ``min``, so do not rely on their order.
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        sid: the Activity's SID (WA…).
        friendly_name: the Activity's name.
        avg: mean duration of a stay, seconds.
        min: shortest stay, seconds.
        max: longest stay, seconds.
        total: sum of all stays, seconds.
    """

    sid: ActivitySid | None = None
    friendly_name: str | None = None
    avg: float | None = None
    min: float | None = None
    max: float | None = None
    total: float | None = None


@frozen(eq=False, repr=False)
class ActivityStatistic(Record):
    """Number of Workers in one Activity now.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        sid: the Activity's SID (WA…).
        friendly_name: the Activity's name.
        workers: Workers in the Activity.
    """

    sid: ActivitySid | None = None
    friendly_name: str | None = None
    workers: int | None = None


@frozen(eq=False, repr=False)
class WaitDuration(Record):
    """Waiting times of Tasks, in seconds.

    Durations count from the Task's creation, transfers included, unless the field's name says
    ``in_queue``. Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Attributes:
        avg: mean waiting time.
        min: shortest waiting time.
        max: longest waiting time.
        total: sum of all waiting times.
    """

    avg: float | None = None
    min: float | None = None
    max: float | None = None
    total: float | None = None


@frozen(eq=False, repr=False)
class WaitTimeCounts(Record):
    """Counts of Tasks on one side of a threshold.

    Attributes:
        tasks_canceled: Tasks canceled.
        reservations_accepted: Reservations accepted.
    """

    tasks_canceled: int | None = None
    reservations_accepted: int | None = None


@frozen(eq=False, repr=False)
class SplitByWaitTime(Record):
    """Tasks that waited longer, and not longer, than one threshold of ``split_by_wait_time``.

    Up to 10,000 Tasks are counted for each threshold
    (https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics).

    Attributes:
        above: Tasks that waited longer.
        below: Tasks that did not wait longer.
    """

    above: WaitTimeCounts | None = None
    below: WaitTimeCounts | None = None
