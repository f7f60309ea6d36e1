"""The answer that row functions read, and whether its window had settled."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, Final

from attrs import frozen

from taskrouter_stats.core.outcome import Success
from taskrouter_stats.core.query import Query

from .values import Row, plain_time, zone_name

__all__ = ["SETTLE_DELAY", "Answer", "is_settled"]

SETTLE_DELAY: Final = timedelta(hours=1)
"""Time after a window's end after which its statistics are taken as final; a choice of this
package, since Twilio documents none."""

_SHORTFALL: Final = timedelta(minutes=1)
"""Time from the end that the server counted to, to the window's end, in an answer not final."""


@frozen(slots=False)
class Answer:
    """The answer to one statistics query.

    Attributes:
        success: the answer with its query.
        fetched_at: when the answer arrived, aware; None if unknown.
        settle: time after a window's end after which its statistics no longer change.
        snapshot_time: the time of the snapshot that the answer is part of; None for ``fetched_at``.
        tz: the zone of the snapshot's day.
    """

    success: Success[Any]
    fetched_at: datetime | None
    settle: timedelta
    snapshot_time: datetime | None = None
    tz: tzinfo = UTC

    @property
    def query(self) -> Query[Any]:
        """The query that was answered."""
        return self.success.query

    @property
    def value(self) -> Any:
        """The statistics."""
        return self.success.value

    @property
    def combined(self) -> bool:
        """Whether the answer has a part ``cumulative`` or ``realtime``, not only its fields."""
        return hasattr(self.value, "cumulative")

    @property
    def cumulative(self) -> Any:
        """The cumulative statistics of the answer to an operation that has some."""
        return self.value.cumulative if self.combined else self.value

    @property
    def realtime(self) -> Any:
        """The real-time statistics of the answer to an operation that has some."""
        return self.value.realtime if self.combined else self.value

    @property
    def name(self) -> str | None:
        """The name of the Worker, TaskQueue or Workflow, or None if the query does not know it."""
        return getattr(self.query.resource, "friendly_name", None)

    @property
    def filters(self) -> Row | None:
        """The filters of the query that change its counts, except the TaskChannel."""
        others = {"TaskChannel", "SplitByWaitTime"}
        return {name: text for name, text in self.query.filters if name not in others} or None

    @cached_property
    def known(self) -> Row:
        """The columns that all rows of the answer share: what was asked, and when."""
        query, window = self.query, self.query.window
        start = None if window is None else plain_time(window.start)
        day: date | None = None
        if window is not None and start is not None:
            day = start.astimezone(window.tz).date()
        return {
            "account_sid": self.value.account_sid or getattr(query.resource, "account_sid", None),
            "workspace_sid": query.workspace_sid,
            "task_channel": dict(query.filters).get("TaskChannel"),
            "day": day,
            "tz": None if day is None or window is None else zone_name(window.tz, start),
            "window_start": start,
            "window_end": window and plain_time(window.end),
            "fetched_at": plain_time(self.fetched_at),
            "complete": is_settled(self.success, self.fetched_at, self.settle),
            "url": self.value.url,
        }


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
