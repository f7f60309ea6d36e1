"""Measures of rows: ratios and means over any number of windows, queues or workers.

The ratio of several windows is a quotient of sums, never a mean of the windows' own ratios, in
which a quiet hour weighs as much as a busy one; the same is true of mean waits. Each function
therefore takes all rows of a group, adds, and divides once::

    splits = [row for row in rows if row["task_queue_sid"] == queue and row["day"] == day]
    measures.service_level(splits, 20)

Rows are mappings with the columns of ``etl.SCHEMAS``, such as ``to_pylist()`` of an Arrow table or
lines of JSON. A row in which one of the counts that a measure needs is null adds to no sum. A
measure that has nothing to divide by is None. Each window counts as often as it is given: of rows
with the same key give the latest, which is all that Parquet and ``etl.compact`` keep. A row without
a column that a measure needs raises ``UsageError``.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any, Final, Literal

from taskrouter_stats.core.local_time import find_zone
from taskrouter_stats.errors import InvalidParameter, UsageError

__all__ = [
    "CanceledTasks",
    "Wait",
    "acceptance_rate",
    "local_hour",
    "mean_wait",
    "occupancy",
    "service_level",
    "zone_of",
]

_Row = Mapping[str, Any]

CanceledTasks = Literal["late", "missed", "met", "ignored"]
"""How canceled Tasks count in a service level; see :func:`service_level`."""

Wait = Literal["until_accepted", "until_canceled", "in_queue_until_accepted"]
"""The waits of the columns ``wait_duration_…``."""

_CANCELED: Final = ("late", "missed", "met", "ignored")
_COUNTED_BY: Final = {
    "until_accepted": "reservations_accepted",
    "until_canceled": "tasks_canceled",
    "in_queue_until_accepted": "reservations_accepted",
}
"""The count of the Tasks that each wait is about."""

_DECIDED: Final = ("reservations_accepted", "reservations_rejected", "reservations_timed_out")
_SIDES: Final = tuple(
    f"{side}_{count}"
    for side in ("below", "above")
    for count in ("reservations_accepted", "tasks_canceled")
)


def service_level(
    splits: Iterable[_Row], seconds: int, *, canceled: CanceledTasks = "late"
) -> float | None:
    """Return the share of Tasks that were accepted within so many seconds, 0 to 1.

    Contact centres define it in several ways, which differ in the Tasks that were canceled:

    - ``late``: accepted within / (all accepted + canceled after). Tasks that were canceled within
      the seconds are left out, since nobody could have accepted them in time.
    - ``missed``: accepted within / (all accepted + all canceled).
    - ``met``: (accepted within + canceled within) / (all accepted + all canceled).
    - ``ignored``: accepted within / all accepted.

    Tasks that ended in another way, such as by a timeout in the Workflow, are in none of these
    counts. Twilio counts up to 10,000 Tasks for each threshold and window, so use short windows. It
    does not document on which side a wait of exactly the threshold counts.

    Args:
        splits: rows of ``task_queue_wait_splits``, ``workflow_wait_splits`` or
            ``workspace_wait_splits``; those of other thresholds are left out.
        seconds: the threshold, one of those that were fetched.
        canceled: how canceled Tasks count.

    Returns:
        None if no Task counts.

    Raises:
        InvalidParameter: ``canceled`` is unknown, or there are rows and none of this threshold.
    """
    if canceled not in _CANCELED:
        raise InvalidParameter("canceled", canceled, f"one of {', '.join(_CANCELED)}")
    rows = list(splits)
    found = [row for row in rows if _value(row, "threshold") == seconds]
    if rows and not found:
        known = sorted({row["threshold"] for row in rows})
        raise InvalidParameter("seconds", seconds, f"one of {', '.join(map(str, known))}")
    accepted_within, canceled_within, accepted_after, canceled_after = _sums(found, _SIDES)
    met = accepted_within + (canceled_within if canceled == "met" else 0)
    all_counted = accepted_within + accepted_after
    if canceled != "ignored":
        all_counted += canceled_after
    if canceled in ("missed", "met"):
        all_counted += canceled_within
    return _share(met, all_counted)


def acceptance_rate(rows: Iterable[_Row]) -> float | None:
    """Return the share of the Reservations that Workers accepted among those they decided, 0 to 1.

    A Reservation is decided if it was accepted, rejected, or timed out. Those that were canceled
    with their Task, or rescinded because another Worker accepted, say nothing about the Worker,
    and those that were open at the window's end are not known: none of them counts.

    Args:
        rows: rows of any table with the columns ``reservations_…``.

    Returns:
        None if no Reservation was decided.
    """
    accepted, rejected, timed_out = _sums(rows, _DECIDED)
    return _share(accepted, accepted + rejected + timed_out)


def mean_wait(rows: Iterable[_Row], wait: Wait = "until_accepted") -> float | None:
    """Return the mean wait in seconds: the sum of the totals over the sum of the Tasks.

    The mean of ``…_avg`` over windows is another number, unless each window has as many Tasks.
    Twilio does not document which Tasks the totals contain; this takes the accepted Reservations,
    or the canceled Tasks, of the same row.

    Args:
        rows: rows of ``task_queue_statistics``, ``workflow_statistics`` or
            ``workspace_statistics``.
        wait: which wait; only TaskQueues have ``in_queue_until_accepted``.

    Returns:
        None if no Task waited.

    Raises:
        InvalidParameter: the wait is unknown.
    """
    if wait not in _COUNTED_BY:
        raise InvalidParameter("wait", wait, f"one of {', '.join(_COUNTED_BY)}")
    total, count = _sums(rows, (f"wait_duration_{wait}_total", _COUNTED_BY[wait]))
    return _share(total, count)


def occupancy(
    durations: Iterable[_Row], *, busy: Collection[str], idle: Collection[str]
) -> float | None:
    """Return the share of busy time in busy and idle time, 0 to 1; other Activities do not count.

    Which Activities mean busy is the account's choice, so both sets are named. TaskRouter moves a
    Worker to another Activity for a Task only if the account tells it to; where Workers stay
    ``Available`` while they handle Tasks, no Activity holds the busy time and this measure says
    nothing.

    Args:
        durations: rows of ``worker_activity_durations`` or ``workers_activity_durations``.
        busy: names or SIDs of the Activities in which Workers handle Tasks, in either case.
        idle: those in which Workers wait for Tasks.

    Returns:
        None if no time was busy or idle.

    Raises:
        InvalidParameter: an Activity is in both sets, or a set is text or empty.
    """
    sets = {"busy": busy, "idle": idle}
    for name, given in sets.items():
        if isinstance(given, str) or not given:
            raise InvalidParameter(name, given, 'names of Activities, such as {"Busy", "Wrap-up"}')
    chosen = {name: {text.casefold() for text in given} for name, given in sets.items()}
    if both := chosen["busy"] & chosen["idle"]:
        raise InvalidParameter("idle", sorted(both), "Activities that are not in busy=")
    seconds = {"busy": 0.0, "idle": 0.0}
    for row in durations:
        names = {str(_value(row, name)).casefold() for name in ("activity_name", "activity_sid")}
        for name, texts in chosen.items():
            if names & texts:
                seconds[name] += _sums([row], ("total",))[0]
    return _share(seconds["busy"], seconds["busy"] + seconds["idle"])


def local_hour(row: _Row) -> str:
    """Return the local time at which a row's window begins, such as ``2026-11-01T01:00-04:00``.

    Group the rows of a day's hours by this text: it holds the offset, so the hour that comes twice
    when clocks go back stays two hours. Local datetimes of Python are equal in these two hours, and
    wall times of SQL as well.

    Args:
        row: a row of any table of statistics; the time may be text, as in JSON Lines.
    """
    start: datetime | str = _value(row, "window_start")
    time = datetime.fromisoformat(start) if isinstance(start, str) else start
    return time.astimezone(zone_of(_value(row, "tz"))).isoformat(timespec="minutes")


def zone_of(name: str) -> tzinfo:
    """Return the zone of the column ``tz``: an IANA name, or an offset such as ``UTC-05:00``."""
    zone = find_zone(name)
    if zone is not None:
        return zone
    offset = datetime.strptime(name, "UTC%z").utcoffset()
    return timezone(offset) if offset is not None else UTC


def _sums(rows: Iterable[_Row], names: tuple[str, ...]) -> list[Any]:
    """Return the sum of each column over the rows in which none of them is null."""
    sums: list[Any] = [0] * len(names)
    for row in rows:
        values = [_value(row, name) for name in names]
        if not any(value is None or value != value for value in values):  # noqa: PLR0124 (NaN)
            sums = [total + value for total, value in zip(sums, values, strict=True)]
    return sums


def _value(row: _Row, name: str) -> Any:
    if name not in row:
        raise UsageError(f"a row has no column {name}: expected rows of a table that has it")
    return row[name]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
