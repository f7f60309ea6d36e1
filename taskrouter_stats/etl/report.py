"""What an export came to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from attrs import field, frozen

from taskrouter_stats.core.outcome import Failure
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ApiError, NotFound
from taskrouter_stats.models import Worker

__all__ = ["Check", "ExportReport", "FailedQuery", "fate"]

EXPIRED: Final = 14241
"""``StartDate`` is older than the server's memory (https://www.twilio.com/docs/api/errors/14241)."""


@frozen
class FailedQuery:
    """A query that failed and that a later run may mend; it is not marked as done.

    Attributes:
        key: the query's own.
        error: the error's class.
        message: its words, which hold no secret.
        hint: what to do about it, or None.
        status: HTTP status, or None when no reply came.
        code: Twilio's error code, or None.
        request_id: ``Twilio-Request-Id``, to be quoted to Twilio's support, or None.
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        worker_name: its name, or None.
        window_start: where the window begins, UTC.
        window_end: where it ends, UTC.
        tz: the zone whose calendar the window was cut from.
        task_channel: the TaskChannel asked for, or None.
    """

    key: str
    error: str
    message: str
    hint: str | None
    status: int | None
    code: int | None
    request_id: str | None
    workspace_sid: str
    worker_sid: str
    worker_name: str | None
    window_start: datetime | None
    window_end: datetime | None
    tz: str
    task_channel: str | None

    @classmethod
    def of(cls, failure: Failure) -> "FailedQuery":
        """What is worth keeping of a failure."""
        query, error, worker = failure.query, failure.error, failure.query.context
        window = query.window
        return cls(
            key=query.key,
            error=type(error).__name__,
            message=str(error),
            hint=error.hint if isinstance(error, ApiError) else None,
            status=error.status if isinstance(error, ApiError) else None,
            code=error.code if isinstance(error, ApiError) else None,
            request_id=failure.meta.request_id,
            workspace_sid=query.workspace_sid,
            worker_sid=query.sid,
            worker_name=worker.friendly_name if isinstance(worker, Worker) else None,
            window_start=None if window is None else window.start,
            window_end=None if window is None else window.end,
            tz="UTC" if window is None else str(window.tz),
            task_channel=dict(query.filters).get("TaskChannel"),
        )


@frozen
class Check:
    """Sums of our rows beside what the server says of all Workers together.

    Attributes:
        window: the time.
        workers: rows that were added up.
        ours: our sums, by count.
        theirs: ``Workers/CumulativeStatistics``'s counts.
    """

    window: Window
    workers: int
    ours: Mapping[str, int]
    theirs: Mapping[str, int | None]

    @property
    def equal(self) -> bool:
        """Whether they agree. Hourly counts need not sum to the day's."""
        return dict(self.ours) == dict(self.theirs)


@frozen(kw_only=True)
class ExportReport:
    """What an export came to.

    Attributes:
        run: its name, part of the names of its files.
        place: where the rows are.
        workspace_sid: the Workspace (WS…).
        windows: how many windows it asked for.
        workers: how many workers it knew of when it ended.
        written: answers stored.
        incomplete: of these, with a window that had not settled; not marked as done.
        already_done: queries that an earlier run had answered.
        failed: queries that a later run may mend.
        gone: workers, each with a window, that are not there any more.
        expired: queries with a window older than the server's memory.
        retried: sends that followed a failed one.
        refused: 429s.
        sent: requests, all told.
        elapsed: seconds.
        stopped: whether it was told to stop before its end.
        failures: the first failures; ``failed`` counts all.
        checks: what ``verify`` found.
    """

    run: str
    place: str
    workspace_sid: str
    windows: int
    workers: int = 0
    written: int = 0
    incomplete: int = 0
    already_done: int = 0
    failed: int = 0
    gone: int = 0
    expired: int = 0
    retried: int = 0
    refused: int = 0
    sent: int = 0
    elapsed: float = 0.0
    stopped: bool = False
    failures: tuple[FailedQuery, ...] = field(default=(), repr=False)
    checks: tuple[Check, ...] = field(default=(), repr=False)

    @property
    def pace(self) -> float:
        """Requests per second."""
        return self.sent / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing is left for a later run, but for windows that have not settled."""
        return not self.stopped and not self.failed

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        plain = attrs.asdict(self, filter=lambda field, _: field.name != "checks")
        checks = [
            {
                "window_start": check.window.start,
                "window_end": check.window.end,
                "workers": check.workers,
                "ours": dict(check.ours),
                "theirs": dict(check.theirs),
                "equal": check.equal,
            }
            for check in self.checks
        ]
        return {**plain, "pace": self.pace, "complete": self.complete, "checks": checks}


def fate(error: Exception) -> str:
    """The counter of a failure: ``gone``, ``expired`` or ``failed``."""
    if isinstance(error, NotFound):
        return "gone"
    if isinstance(error, ApiError) and error.code == EXPIRED:
        return "expired"
    return "failed"
