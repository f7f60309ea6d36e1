"""The check that no sum over an output's rows counts a time twice.

Windows of one table, Workspace and TaskChannel may stand in one output if those that overlap have
the same length, zone and thresholds: days of one zone, hours, or the last eight hours of every
hour. A day beside its hours, beside a day of another zone, or beside the same day with other
thresholds of ``split_by_wait_time`` raises ``ConfigError``. Sliding windows of one length overlap
on purpose: the caller must not sum over them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import frozen

from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl.rows import main_table, zone_name
from taskrouter_stats.models.sids import sid_of

__all__ = ["StoredWindow", "planned_windows", "refuse_overlaps", "stored_window"]


@frozen(order=True)
class StoredWindow:
    """A window of a table of an output.

    Attributes:
        table: the statistics table.
        workspace: the Workspace's SID, in lower case.
        task_channel: the TaskChannel, or an empty text for all.
        start: the start, ISO 8601.
        end: the end, ISO 8601.
        zone: the zone's name.
        split: the thresholds, or an empty text for none.
    """

    table: str
    workspace: str
    task_channel: str
    start: str
    end: str
    zone: str
    split: str = ""

    @property
    def scope(self) -> tuple[str, ...]:
        """What the window's rows are compared within: sums over other rows are separate."""
        return self.table, self.workspace, self.task_channel

    @property
    def kind(self) -> tuple[object, ...]:
        """What windows that overlap must have in common."""
        length = datetime.fromisoformat(self.end) - datetime.fromisoformat(self.start)
        return length, self.zone, self.split

    def __str__(self) -> str:
        start, end = (text.replace("+00:00", "Z") for text in (self.start, self.end))
        split = f", thresholds {self.split}" if self.split else ""
        return f"the window {start}/{end} ({self.zone}{split})"


def stored_window(query: Query[Any]) -> StoredWindow | None:
    """Return the window of a query's rows; None for a query without an absolute window."""
    window = query.window
    if window is None or window.start is None or window.end is None:
        return None
    filters = dict(query.filters)
    return StoredWindow(
        main_table(query.endpoint.name),
        sid_of(query.workspace_sid),
        sid_of(filters.get("TaskChannel", "")),
        window.start.isoformat(),
        window.end.isoformat(),
        zone_name(window.tz, window.start),
        filters.get("SplitByWaitTime", ""),
    )


def planned_windows(template: Query[Any], windows: Iterable[Window]) -> set[StoredWindow]:
    """Return the windows of a table's plan; those that are not absolute are left out."""
    found = (stored_window(template.with_window(window)) for window in windows)
    return {window for window in found if window is not None}


def refuse_overlaps(place: str, stored: set[StoredWindow], planned: set[StoredWindow]) -> None:
    """Compare the windows of a plan with each other and with those of an output.

    Args:
        place: the output's name in messages.
        stored: the windows whose rows the output holds.
        planned: the windows of the plan.

    Raises:
        ConfigError: two windows overlap and differ in length, zone or thresholds.
    """
    scopes = {window.scope for window in planned}
    known = {
        (window.scope, window.start, window.end, window.split): window
        for window in (*planned, *stored)
        if window.scope in scopes
    }
    latest: dict[tuple[str, ...], dict[tuple[object, ...], StoredWindow]] = {}
    for window in sorted(known.values()):
        others = latest.setdefault(window.scope, {})
        start = datetime.fromisoformat(window.start)
        for kind, other in others.items():
            if kind != window.kind and datetime.fromisoformat(other.end) > start:
                raise ConfigError(
                    f"{place}: {other} and {window} of {window.table} overlap, so sums over "
                    "its rows would count that time twice: take another output for one of them"
                )
        last = others.get(window.kind)
        if last is None or datetime.fromisoformat(last.end) < datetime.fromisoformat(window.end):
            others[window.kind] = window
