"""The check that no sum over an output's rows counts a time twice.

Windows of one Workspace and TaskChannel may stand in one output if those that overlap have the
same length and zone: days of one zone, hours, or the last eight hours of every hour. A day beside
its hours, or beside a day of another zone, raises ``ConfigError``. Sliding windows of one length
overlap on purpose: the caller must not sum over them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.rows import Tables, zone_name
from taskrouter_stats.models.sids import sid_of

__all__ = ["StoredWindow", "planned_windows", "refuse_overlaps", "stored_windows"]

StoredWindow = tuple[str, str, str, str, str]
"""Workspace, TaskChannel or an empty text, start, end (UTC, ISO 8601), zone."""

_TABLE: Final = "worker_statistics"


def planned_windows(
    workspace_sid: str, task_channel: str | None, windows: Iterable[Window]
) -> set[StoredWindow]:
    """Return the absolute windows of a plan."""
    return {
        _stored(workspace_sid, task_channel, start, end, zone_name(window.tz, start))
        for window in windows
        if (start := window.start) is not None and (end := window.end) is not None
    }


def stored_windows(batch: Iterable[Tables]) -> set[StoredWindow]:
    """Return the windows of these rows."""
    return {
        _stored(
            row["workspace_sid"],
            row["task_channel"],
            row["window_start"],
            row["window_end"],
            row["tz"],
        )
        for tables in batch
        for row in tables.get(_TABLE, ())
        if row["window_start"] is not None and row["window_end"] is not None
    }


def refuse_overlaps(place: str, stored: set[StoredWindow], planned: set[StoredWindow]) -> None:
    """Compare the windows of a plan with each other and with those of an output.

    Args:
        place: the output's name in messages.
        stored: the windows whose rows the output holds.
        planned: the windows of the plan.

    Raises:
        ConfigError: two windows overlap and differ in length or zone.
    """
    scopes = {window[:2] for window in planned}
    known = {window[:4]: window for window in (*planned, *stored) if window[:2] in scopes}
    latest: dict[tuple[object, ...], tuple[datetime, StoredWindow]] = {}
    for window in sorted(known.values(), key=lambda window: window[:4]):
        start, end = (datetime.fromisoformat(text) for text in window[2:4])
        kind = (window[:2], end - start, window[4])
        for other, (other_end, other_window) in latest.items():
            if other[0] == kind[0] and other != kind and other_end > start:
                raise ConfigError(
                    f"{place}: {_words(other_window)} and {_words(window)} overlap, so sums over "
                    "its rows would count that time twice: take another output for one of them"
                )
        if kind not in latest or latest[kind][0] < end:
            latest[kind] = (end, window)


def _stored(
    workspace: str | None, channel: str | None, start: datetime, end: datetime, zone: str | None
) -> StoredWindow:
    scope = sid_of(workspace or ""), sid_of(channel or "")
    return (*scope, start.isoformat(), end.isoformat(), zone or "UTC")


def _words(window: StoredWindow) -> str:
    start, end = (text.replace("+00:00", "Z") for text in window[2:4])
    return f"the window {start}/{end} ({window[4]})"
