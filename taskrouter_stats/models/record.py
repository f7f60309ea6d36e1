"""What every record is, and the small shapes that many of them share.

Field names are the JSON's own, times are aware UTC datetimes, durations are seconds, counts are
whole numbers. Twilio's description calls SIDs, times, URLs and lists nullable, and its examples
leave keys out that the description has: so a field may be ``None``, unless it is a SID that names
the record or the part that the record exists for. A key that no field knows is kept in ``extra``,
at every level.
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
"""Metadata of a field that no JSON holds: what a record knows from its question."""


@frozen(eq=False, repr=False)
class Record:
    """A JSON object.

    Records are equal when they are of one class and all their fields are. What compares, hashes
    and shows them stands here once, since made for each of forty classes it is half of what
    importing them costs.

    Attributes:
        extra: keys of the JSON that the class does not know.
    """

    extra: Mapping[str, Any] = field(factory=dict[str, Any], hash=False, kw_only=True)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return astuple(self, recurse=False) == astuple(other, recurse=False)

    def __hash__(self) -> int:
        hashed = [getattr(self, one.name) for one in fields(type(self)) if one.hash is not False]
        return hash((type(self), *hashed))

    def __repr__(self) -> str:
        shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(type(self)))
        return f"{type(self).__name__}({', '.join(shown)})"


@frozen(eq=False, repr=False, kw_only=True)
class NamedRecord(Record):
    """A record with a SID of its own, such as an item of a list.

    Only the SID is required. A value that its field cannot hold never hides the record: a text
    field holds the JSON text of the value; any other field is ``None`` and ``extra`` holds the
    value under the field's name.

    Attributes:
        sid: the record's SID.
    """

    sid: str


@frozen(eq=False, repr=False)
class ActivityDuration(Record):
    """The time spent in one Activity within the window, in seconds.

    Twilio's own examples have ``max`` below ``min``; nothing is assumed about their order.
    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        sid: the Activity's SID (WA…).
        friendly_name: the Activity's name.
        avg: mean length of a stay, seconds.
        min: shortest stay, seconds.
        max: longest stay, seconds.
        total: all stays together, seconds.
    """

    sid: ActivitySid | None = None
    friendly_name: str | None = None
    avg: float | None = None
    min: float | None = None
    max: float | None = None
    total: float | None = None


@frozen(eq=False, repr=False)
class ActivityStatistic(Record):
    """How many Workers are in one Activity now.

    Source: https://www.twilio.com/docs/taskrouter/api/worker-statistics.

    Attributes:
        sid: the Activity's SID (WA…).
        friendly_name: the Activity's name.
        workers: Workers in it.
    """

    sid: ActivitySid | None = None
    friendly_name: str | None = None
    workers: int | None = None


@frozen(eq=False, repr=False)
class WaitDuration(Record):
    """How long Tasks waited, in seconds.

    Durations count from the Task's creation, transfers included, unless the field's name says
    ``in_queue``. Source: https://www.twilio.com/docs/taskrouter/api/taskqueue-statistics.

    Attributes:
        avg: mean wait.
        min: shortest wait.
        max: longest wait.
        total: all waits together.
    """

    avg: float | None = None
    min: float | None = None
    max: float | None = None
    total: float | None = None


@frozen(eq=False, repr=False)
class WaitTimeCounts(Record):
    """What happened to Tasks on one side of a threshold.

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
        above: those that waited longer.
        below: the others.
    """

    above: WaitTimeCounts | None = None
    below: WaitTimeCounts | None = None
