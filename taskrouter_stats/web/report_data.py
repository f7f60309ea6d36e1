"""The sums of an output that a report shows, and which of its rows they contain.

Rows of windows that overlap would count the same time twice, and so would rows of several Task
channels. A report contains the rows of one channel, and of windows that overlap the shorter one.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from attrs import frozen

from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.reading import WindowKey

__all__ = [
    "OUTCOMES",
    "TABLES",
    "Coverage",
    "ReportData",
    "Row",
    "read_report",
    "windows_to_leave_out",
]

Row = Mapping[str, Any]

OUTCOMES: Final = ("accepted", "rejected", "timed_out", "canceled", "rescinded")
"""What may happen to a Reservation, as in the columns ``reservations_…``."""

TABLES: Final = (
    "worker_statistics",
    "worker_activity_durations",
    "task_queue_statistics",
    "task_queue_wait_splits",
)
"""The tables that a report shows."""

_SPAN: Final = ("window_start", "window_end", "tz")
_RESERVATIONS: Final = ("reservations_created", *(f"reservations_{name}" for name in OUTCOMES))
_WAIT: Final = "wait_duration_until_accepted"
_SIDES: Final = tuple(
    f"{side}_{count}"
    for side in ("below", "above")
    for count in ("reservations_accepted", "tasks_canceled")
)


class Reader(Protocol):
    """What a report needs of :class:`~taskrouter_stats.etl.reading.ParquetReader`."""

    def combine(
        self,
        table: str,
        by: Any,
        of: Mapping[str, Literal["sum", "max"]] | None = None,
        *,
        without: Any = (),
    ) -> list[dict[str, Any]]:
        """Return a row for each combination of values in ``by``."""
        ...


@frozen
class Coverage:
    """The rows of a table that a report contains.

    Attributes:
        table: the table.
        rows: how many rows the sums contain.
        incomplete: how many of them are of windows that had not settled.
        left_out: how many other rows there are, of other channels or overlapping windows.
        windows: how many windows.
        start: the start of the first window.
        end: the end of the last window.
        channel: the Task channel; None for all.
    """

    table: str
    rows: int
    incomplete: int
    left_out: int
    windows: int
    start: datetime
    end: datetime
    channel: str | None


@frozen
class ReportData:
    """The sums of an output, by table; a table without rows has none.

    Attributes:
        coverage: the rows that the sums contain, for each table that has some.
        workspaces: the SIDs of the Workspaces, sorted.
        zones: the zones of the rows, the most frequent one first.
        workers: Reservations of each Worker, by SID and name.
        activities: seconds by window and Activity.
        queues: Tasks and waits of each TaskQueue, by SID and name.
        splits: Tasks by TaskQueue and threshold.
    """

    coverage: tuple[Coverage, ...]
    workspaces: tuple[str, ...]
    zones: tuple[str, ...]
    workers: tuple[Row, ...]
    activities: tuple[Row, ...]
    queues: tuple[Row, ...]
    splits: tuple[Row, ...]


def read_report(reader: Reader, place: str) -> ReportData:
    """Return the sums of an output.

    Args:
        reader: the reader of the output.
        place: the output's name, for the error.

    Raises:
        ConfigError: the output has no row that a report shows.
        StorageError: a file can't be read.
    """
    by = [*WindowKey._fields, "tz", "complete"]
    windows = {table: reader.combine(table, by) for table in TABLES}
    covered = {
        table: cover
        for table, found in windows.items()
        if (cover := _cover(table, found)) is not None
    }
    if not covered:
        raise ConfigError(f"{place} has no rows of {', '.join(TABLES)}: fetch one of them first")

    def combine(table: str, by: Iterable[str], sums: Iterable[str], **most: str) -> tuple[Row, ...]:
        of: dict[str, Any] = {**dict.fromkeys(sums, "sum"), **most}
        if table not in covered:
            return ()
        left_out = covered[table][1]
        return tuple(reader.combine(table, list(by), of, without=left_out))

    rows = [row for found in windows.values() for row in found]
    queue = ("task_queue_sid", "task_queue_name")
    waits = ("tasks_entered", "reservations_accepted", "tasks_canceled", f"{_WAIT}_total")
    return ReportData(
        coverage=tuple(coverage for coverage, _ in covered.values()),
        workspaces=tuple(sorted({row["workspace_sid"] or "" for row in rows})),
        zones=_by_rows(rows, "tz"),
        workers=combine(
            TABLES[0], ("worker_sid", "worker_name"), _RESERVATIONS, window_start="max"
        ),
        activities=combine(TABLES[1], (*_SPAN, "activity_sid", "activity_name"), ("total",)),
        queues=combine(TABLES[2], queue, waits, **{f"{_WAIT}_max": "max", "window_start": "max"}),
        splits=combine(TABLES[3], (*queue, "threshold"), _SIDES, window_start="max"),
    )


def windows_to_leave_out(windows: Iterable[WindowKey]) -> set[WindowKey]:
    """Return the windows that overlap a shorter one of the same Workspace and channel."""
    left_out: set[WindowKey] = set()
    chosen: dict[object, list[tuple[datetime, datetime]]] = defaultdict(list)
    for window in sorted(windows, key=lambda each: (_length(each), each.window_start)):
        taken = chosen[window[:2]]
        span = (window.window_start, window.window_end)
        place = bisect_left(taken, span)
        before = place > 0 and taken[place - 1][1] > span[0]
        after = place < len(taken) and taken[place][0] < span[1]
        if before or after:
            left_out.add(window)
        else:
            insort(taken, span)
    return left_out


def _length(window: WindowKey) -> Any:
    return window.window_end - window.window_start


def _cover(table: str, found: list[dict[str, Any]]) -> tuple[Coverage, set[WindowKey]] | None:
    """Return a table's coverage, and the windows that are left out; None if it has no rows."""
    channel = _channel(found)
    keys = {WindowKey(*(row[name] for name in WindowKey._fields)) for row in found}
    chosen = {key for key in keys if key.task_channel == channel and None not in key[2:]}
    if not chosen:
        return None
    chosen -= windows_to_leave_out(chosen)
    kept = [row for row in found if WindowKey(*(row[name] for name in WindowKey._fields)) in chosen]
    rows = sum(row["rows"] for row in kept)
    coverage = Coverage(
        table=table,
        rows=rows,
        incomplete=sum(row["rows"] for row in kept if not row["complete"]),
        left_out=sum(row["rows"] for row in found) - rows,
        windows=len({key[2:] for key in chosen}),
        start=min(key.window_start for key in chosen),
        end=max(key.window_end for key in chosen),
        channel=channel,
    )
    return coverage, keys - chosen


def _channel(found: list[dict[str, Any]]) -> str | None:
    """Return None, which means all channels, if there is such a row; else the most frequent one."""
    channels = _by_rows(found, "task_channel")
    whole = any(row["task_channel"] is None for row in found)
    return None if whole or not channels else channels[0]


def _by_rows(found: list[dict[str, Any]], column: str) -> tuple[str, ...]:
    """Return the values of a column that are not null, the most frequent first."""
    count: Counter[str] = Counter()
    for row in found:
        if row[column] is not None:
            count[row[column]] += row["rows"]
    return tuple(sorted(count, key=lambda value: (-count[value], value)))
