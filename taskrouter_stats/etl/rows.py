"""Flat rows of an answer, one dict a row, in the columns of ``SCHEMAS``.

Rows hold Python values: aware datetimes, dates, floats, ints, and in ``json`` columns any value
that JSON can hold. Each sink encodes them in its own format.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, Final

from taskrouter_stats.core.local_time import find_zone
from taskrouter_stats.core.outcome import Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.errors import UsageError
from taskrouter_stats.models import (
    Activity,
    TaskQueuesBulkRealTimeStatistics,
    Worker,
    WorkerStatistics,
    to_dict,
)
from taskrouter_stats.models.record import Record
from taskrouter_stats.models.sids import sid_of

from .schemas import SCHEMAS

__all__ = [
    "ROW_BYTES",
    "SETTLE_DELAY",
    "Row",
    "Tables",
    "activity_rows",
    "estimated_bytes",
    "main_table",
    "plain_time",
    "rows",
    "worker_rows",
    "zone_name",
]

Row = dict[str, Any]
Tables = dict[str, list[Row]]
"""Rows by the name of their table."""

SETTLE_DELAY: Final = timedelta(hours=1)
"""Time after a window's end after which its statistics are taken as final; a choice of this
package, since Twilio documents none."""

ROW_BYTES: Final = 1000
"""Estimated bytes of a row in memory, without its longer texts."""

_PART_BYTES: Final = 50
"""Estimated bytes of a number, list or dict in memory, without its content."""

_WAITS: Final = ("_avg", "_min", "_max", "_total")
_TABLES: Final = {
    "worker_statistics": "worker_statistics",
    "workers": "workers_statistics",
    "workspace": "workspace_statistics",
    "workflow": "workflow_statistics",
    "task_queue": "task_queue_statistics",
}
"""Tables by the beginning of an operation's name; longer beginnings stand first."""

_SIDS: Final = {
    table: tuple(name for name in schema.names if "_sid" in name or name == "task_channel")
    for table, schema in SCHEMAS.items()
}
"""Columns of each table that may hold a SID."""

_SHORTFALL: Final = timedelta(minutes=1)
"""Time from the end that the server counted to, to the window's end, in an answer not final."""

_AROUND_NAME: Final = re.compile(r"^.*(zoneinfo/|\(')|'\)$")
"""What dateutil writes around a zone's name: ``tzfile('/usr/share/zoneinfo/Europe/Dublin')``."""


@cache
def main_table(operation: str) -> str:
    """Return the table of an operation's statistics.

    Raises:
        UsageError: the operation does not return statistics.
    """
    for beginning, table in _TABLES.items():
        if operation.startswith(beginning) and "statistics" in operation:
            return table
    raise UsageError(
        f"{operation} is not a statistics operation and has no table: expected an answer of a "
        "statistics query, such as queries.worker_statistics(…)"
    )


def rows(
    success: Success[Any], *, fetched_at: datetime | None = None, settle: timedelta = SETTLE_DELAY
) -> Tables:
    """Return the rows of one answer, by table.

    Args:
        success: the answer to any statistics query.
        fetched_at: when the answer arrived, aware; None if unknown.
        settle: time after a window's end after which its statistics no longer change.

    Raises:
        UsageError: the answer does not hold statistics.
    """
    query, value = success.query, success.value
    table = main_table(query.endpoint.name)
    requested = _requested(query)
    fetched = {
        "fetched_at": plain_time(fetched_at),
        "complete": is_settled(success, fetched_at, settle),
    }
    if isinstance(value, WorkerStatistics):
        return _plain_sids(_worker_tables(query, value, requested, fetched))
    if isinstance(value, TaskQueuesBulkRealTimeStatistics):
        known = {"account_sid": value.account_sid, "url": value.url, **requested, **fetched}
        queues = value.task_queue_data or ()
        return _plain_sids({table: [_row(table, [queue], query, known) for queue in queues]})
    parts = [value, getattr(value, "cumulative", None), getattr(value, "realtime", None)]
    return _plain_sids({table: [_row(table, parts, query, {**requested, **fetched})]})


def _plain_sids(tables: Tables) -> Tables:
    """Write the SIDs of these rows in lower case, so that two spellings of one SID are one key."""
    for table, found in tables.items():
        for row in found:
            for name in _SIDS[table]:
                if isinstance(row.get(name), str):
                    row[name] = sid_of(row[name])
    return tables


def is_settled(success: Success[Any], at: datetime | None, settle: timedelta) -> bool | None:
    """Return whether an answer is final: its window ended at least ``settle`` before ``at``.

    An answer is not final if the server counted only up to a minute or more before the window's
    end: this machine's clock may be ahead of the server's. None means that the query has no
    window, or that ``at`` is unknown.
    """
    window = success.query.window
    end = None if window is None else window.end
    if end is None or at is None:
        return None
    counted_to = getattr(getattr(success.value, "cumulative", success.value), "end_time", None)
    if isinstance(counted_to, datetime) and counted_to <= end - _SHORTFALL:
        return False
    return end <= at - settle


def plain_time(time: datetime | None) -> datetime | None:
    """Return the same time as a plain ``datetime``, since no format writes a subclass."""
    if time is None or type(time) is datetime:
        return time
    parts = time.year, time.month, time.day, time.hour, time.minute, time.second
    return datetime(*parts, time.microsecond, tzinfo=time.tzinfo, fold=time.fold)


def zone_name(tz: tzinfo, at: datetime | None) -> str:
    """Return a zone's IANA name, or else its offset at that time, such as ``UTC-05:00``.

    The text of a zone may hold a path of this machine, as dateutil's zones do.

    Args:
        tz: the zone.
        at: the time whose offset counts, aware; None for now.
    """
    name = _AROUND_NAME.sub("", str(tz))
    if find_zone(name) is not None:
        return name
    local = (at or datetime.now(UTC)).astimezone(tz)
    return str(timezone(local.utcoffset() or timedelta(0)))


def estimated_bytes(value: WorkerStatistics) -> int:
    """Return the estimated bytes of an answer and its rows in memory.

    The estimate counts rows, the text of names, and values that no model knows.
    """
    cumulative = value.cumulative
    durations = cumulative.activity_durations or ()
    records: list[Record] = [value, cumulative, *durations]
    names = sum(len(duration.friendly_name or "") for duration in durations)
    extra = sum(_size(record.extra) for record in records if record.extra)
    return ROW_BYTES * (1 + len(durations)) + names + extra


def _size(value: object) -> int:
    """Return the estimated bytes of a JSON value, nested to any depth."""
    total, remaining = 0, [value]
    while remaining:
        part: Any = remaining.pop()
        total += len(part) if isinstance(part, str) else _PART_BYTES
        if isinstance(part, Mapping):
            remaining += [*part, *part.values()]
        elif isinstance(part, (list, tuple)):
            remaining += part
    return total


def worker_rows(worker: Worker, at: datetime, tz: tzinfo = UTC) -> Tables:
    """Return a row of ``workers``: a Worker as the server listed it at that time."""
    named = {"worker_sid": worker.sid, "worker_name": worker.friendly_name}
    return _plain_sids({"workers": [_snapshot("workers", worker, named, at, tz)]})


def activity_rows(activity: Activity, at: datetime, tz: tzinfo = UTC) -> Tables:
    """Return a row of ``activities``: an Activity as the server listed it at that time."""
    named = {"activity_sid": activity.sid, "activity_name": activity.friendly_name}
    return _plain_sids({"activities": [_snapshot("activities", activity, named, at, tz)]})


def _snapshot(table: str, thing: Any, named: Row, at: datetime, tz: tzinfo) -> Row:
    at = plain_time(at) or at
    known = {
        **named,
        "snapshot_time": at,
        "day": at.astimezone(tz).date(),
        "tz": zone_name(tz, at),
        "extra": dict(thing.extra) or None,
    }
    return {
        name: known[name] if name in known else getattr(thing, name)
        for name in SCHEMAS[table].names
    }


def _requested(query: Query[Any]) -> Row:
    window = query.window
    start = None if window is None else plain_time(window.start)
    day: date | None = None
    if window is not None and start is not None:
        day = start.astimezone(window.tz).date()
    return {
        "workspace_sid": query.workspace_sid,
        "task_channel": dict(query.filters).get("TaskChannel"),
        "day": day,
        "tz": None if day is None or window is None else zone_name(window.tz, start),
        "window_start": start,
        "window_end": window and plain_time(window.end),
    }


def _worker_tables(
    query: Query[Any], value: WorkerStatistics, requested: Row, fetched: Row
) -> Tables:
    worker = query.context
    cumulative = value.cumulative
    whose = {
        "account_sid": value.account_sid or worker.account_sid,
        "worker_sid": query.sid,
        "worker_name": worker.friendly_name,
        **requested,
        **fetched,
    }
    known = {**whose, "url": value.url, "extra": _extra(value, cumulative)}
    durations = cumulative.activity_durations
    return {
        "worker_statistics": [
            {
                name: known[name] if name in known else getattr(cumulative, name, None)
                for name in SCHEMAS["worker_statistics"].names
            }
        ],
        "worker_activity_durations": [
            {
                **whose,
                "activity_sid": duration.sid,
                "activity_name": duration.friendly_name,
                "avg": duration.avg,
                "min": duration.min,
                "max": duration.max,
                "total": duration.total,
                "extra": dict(duration.extra) or None,
            }
            for duration in durations or ()
        ],
    }


def _row(table: str, parts: list[Any], query: Query[Any], known: Row) -> Row:
    """Return a row of measures; a column takes its value from the first part that has one."""
    present = [part for part in parts if part is not None]
    filters = {name: text for name, text in query.filters if name != "TaskChannel"}
    sids = {"workflow_sid": query.sid, "task_queue_sid": query.sid} if len(query.sids) > 1 else {}
    known = {"filters": filters or None, "extra": _extra(*present), **known}
    row: Row = {}
    for name in SCHEMAS[table].names:
        if name in known:
            row[name] = known[name]
        else:
            value = next(_values(present, name), None)
            row[name] = sids.get(name) if value is None else value
    return row


def _values(parts: list[Any], name: str) -> Iterator[Any]:
    """Yield the parts' values of a column, as plain values."""
    for ending in _WAITS:
        field = name.removesuffix(ending)
        if field != name and field.startswith("wait_duration"):
            waits = (getattr(part, field, None) for part in parts)
            yield from (getattr(wait, ending[1:]) for wait in waits if wait is not None)
            return
    for part in parts:
        value = getattr(part, name, None)
        if value is not None:
            yield _plain(value)


def _plain(value: object) -> Any:
    """Return a value of a ``json`` column in JSON's types."""
    if isinstance(value, Record):
        return to_dict(value)
    parts: Any = value
    if type(value) is tuple:
        return [_plain(part) for part in parts]
    if type(value) is dict:
        return {str(key): _plain(part) for key, part in parts.items()}
    return value


def _extra(value: Any, *parts: Any) -> Row | None:
    """Return the keys that no model knows, those of a part below its name; None without any."""
    extra = dict(value.extra)
    for part in parts:
        if part is not None and part.extra:
            name = next(n for n in ("cumulative", "realtime") if getattr(value, n, None) is part)
            extra[name] = dict(part.extra)
    return extra or None
