"""What an export came to."""

from collections.abc import Mapping
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import attrs
import orjson
from attrs import field, frozen

from taskrouter_stats.core.outcome import Failure
from taskrouter_stats.core.window import WINDOW_TOO_OLD, Window
from taskrouter_stats.errors import ApiError, NotFound
from taskrouter_stats.models import Worker

from .plan import key_of, may_be_expired
from .rows import plain_time

__all__ = ["ExportReport", "FailedQuery", "Verification", "failure_kind", "json_ready", "reason_of"]

NOT_FOUND: Final = 20404
"""Twilio's code for what is not there; a 404 without it may come from a gateway."""

_LARGEST: Final = 2**63 - 1
_LONGEST_REASON: Final = 300


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
            key=key_of(query),
            error=type(error).__name__,
            message=_clean(str(error)),
            hint=error.hint if isinstance(error, ApiError) else None,
            status=error.status if isinstance(error, ApiError) else None,
            code=error.code if isinstance(error, ApiError) else None,
            request_id=_cleaned(failure.meta.request_id),
            workspace_sid=query.workspace_sid,
            worker_sid=query.sid,
            worker_name=_cleaned(worker.friendly_name) if isinstance(worker, Worker) else None,
            window_start=None if window is None else plain_time(window.start),
            window_end=None if window is None else plain_time(window.end),
            tz="UTC" if window is None else _clean(str(window.tz)),
            task_channel=dict(query.filters).get("TaskChannel"),
        )

    def to_line(self) -> bytes:
        """Return it as one line of JSON, which any failure can be."""
        option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(json_ready(attrs.asdict(self)), option=option)


@frozen
class Verification:
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

    Each query of the plan, a Worker and a window, is counted once:
    ``planned == written + failed + gone + expired + already_done + not_asked``.

    Attributes:
        run: its name, part of the names of its files.
        place: where the rows are.
        workspace_sid: the Workspace (WS…).
        windows: how many windows it asked for.
        workers: how many Workers it knew of when it ended.
        planned: queries of the plan: these Workers by these windows.
        written: answers whose rows are durable.
        incomplete: of these, with a window that had not settled; not marked as done.
        already_done: queries that an earlier run had answered.
        failed: queries that a later run may mend.
        gone: queries about Workers who are not there any more; see ``etl/unavailable.py``.
        expired: queries with a window older than the server's memory.
        retried: sends that followed a failed one.
        refused: 429s.
        sent: requests of this export: statistics with all their attempts, and pages of lists.
        elapsed: seconds.
        listed: whether the list of Workers was read to its end.
        finished: whether the export came to its end and its last commit is durable.
        stopped: whether it was told to stop before its end.
        failures: the first failures; ``failed`` counts all.
        checks: what ``verify`` found.
    """

    run: str
    place: str
    workspace_sid: str
    windows: int
    workers: int = 0
    planned: int = 0
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
    listed: bool = False
    finished: bool = False
    stopped: bool = False
    failures: tuple[FailedQuery, ...] = field(default=(), repr=False)
    checks: tuple[Verification, ...] = field(default=(), repr=False)

    @property
    def not_asked(self) -> int:
        """Queries of the plan of which nothing is known yet."""
        told = self.written + self.failed + self.gone + self.expired + self.already_done
        return self.planned - told

    @property
    def pace(self) -> float:
        """Requests per second."""
        return self.sent / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def complete(self) -> bool:
        """Whether each query of the plan is written, gone or expired, and durably so.

        Windows that have not settled are written, and asked for again by a later run.
        """
        whole = self.listed and self.finished and not self.stopped
        return whole and not self.failed and not self.not_asked

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
        counted = {"not_asked": self.not_asked, "pace": self.pace, "complete": self.complete}
        return {**plain, **counted, "checks": checks}


def failure_kind(
    error: Exception, window: Window | None = None, now: datetime | None = None
) -> str:
    """Return the counter of a failure: ``gone``, ``expired`` or ``failed``.

    ``gone`` takes Twilio's own error body, and is only a claim until the list of Workers was
    asked again. ``expired`` takes a window that is old enough by this machine's clock, and by
    the server's when the reply has one.

    Args:
        error: what came in place of an answer.
        window: the query's, absolute.
        now: aware; without it no window counts as expired.
    """
    if isinstance(error, NotFound) and error.code == NOT_FOUND:
        return "gone"
    if isinstance(error, ApiError) and error.code == WINDOW_TOO_OLD and now is not None:
        clocks = (now, _date_of(error) or now)
        if all(may_be_expired(window, clock) for clock in clocks):
            return "expired"
    return "failed"


def reason_of(error: BaseException) -> str:
    """Return an error's words, short, as text that any file can hold."""
    return _clean(str(error)[:_LONGEST_REASON])


def json_ready(value: Any) -> Any:
    """Return the value as what JSON in UTF-8 can hold; a lone surrogate becomes its escape."""
    if isinstance(value, Mapping):
        named = cast("Mapping[object, object]", value)
        return {_clean(str(name)): json_ready(part) for name, part in named.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(part) for part in cast("list[Any]", value)]
    if isinstance(value, datetime):
        return plain_time(value)
    small = isinstance(value, int) and abs(value) <= _LARGEST
    if value is None or small or isinstance(value, (bool, float)) or type(value) is date:
        return value
    return _clean(str(value))


def _date_of(error: ApiError) -> datetime | None:
    """Return the reply's ``Date``, aware; None when it has none that can be read."""
    try:
        date_ = parsedate_to_datetime(error.headers["date"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return date_ if date_.utcoffset() is not None else None


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cleaned(text: str | None) -> str | None:
    return None if text is None else _clean(str(text))
