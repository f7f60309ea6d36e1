"""The report of an export, and the failures in it."""

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
from .rows import plain_time, zone_name

__all__ = ["ExportReport", "FailedQuery", "Verification", "failure_kind", "json_ready", "reason_of"]

NOT_FOUND: Final = 20404
"""Twilio's code for a resource that does not exist; a gateway may send a 404 without it."""

_MAX_INTEGER: Final = 2**63 - 1
"""The largest integer that orjson writes."""

_MAX_REASON: Final = 300
"""Characters of a reason in logs and state files."""


@frozen
class FailedQuery:
    """A query that failed, is not done, and may succeed in a later run.

    Attributes:
        key: the query's key.
        error: the name of the error's class.
        message: the error's message, without secrets.
        hint: what to do, or None.
        status: HTTP status, or None without a reply.
        code: Twilio's error code, or None.
        request_id: ``Twilio-Request-Id``, which Twilio's support asks for, or None.
        workspace_sid: the Workspace (WS…).
        worker_sid: the Worker (WK…).
        worker_name: the Worker's name, or None.
        window_start: start of the window, UTC.
        window_end: end of the window, UTC.
        tz: the window's zone, by its IANA name or its offset at ``window_start``.
        task_channel: the TaskChannel of the query, or None for all.
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
        """Return the fields of a failure."""
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
            tz="UTC" if window is None else zone_name(window.tz, window.start),
            task_channel=dict(query.filters).get("TaskChannel"),
        )

    def to_line(self) -> bytes:
        """Return the failure as one line of JSON; any failure can be written."""
        option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(json_ready(attrs.asdict(self)), option=option)


@frozen
class Verification:
    """Sums of our rows and the server's counts of all Workers together.

    Attributes:
        window: the window of both.
        workers: number of rows in the sums.
        ours: the sums of our rows, by count.
        theirs: the counts of ``Workers/CumulativeStatistics``.
    """

    window: Window
    workers: int
    ours: Mapping[str, int]
    theirs: Mapping[str, int | None]

    @property
    def equal(self) -> bool:
        """Whether all sums equal the server's counts. Hourly counts need not sum to the day's."""
        return dict(self.ours) == dict(self.theirs)


@frozen(kw_only=True)
class ExportReport:
    """The result of an export.

    The report counts each query of the plan, a Worker and a window, once:
    ``planned == written + failed + gone + expired + already_done + not_asked``.

    Attributes:
        run: the run's name, part of the names of its files.
        place: the place of the output.
        workspace_sid: the Workspace (WS…).
        windows: number of windows of the plan.
        workers: number of Workers that were listed or given.
        planned: queries of the plan: ``workers`` times ``windows``.
        written: queries whose rows this export made durable.
        incomplete: part of ``written``: the window had not settled, so the query is not done.
        already_done: queries that an earlier run has done.
        failed: queries that failed and may succeed in a later run.
        gone: queries of Workers that no longer exist; see ``etl/state/unavailable.py``.
        expired: queries of windows whose statistics the server no longer has.
        retried: requests that followed a failed attempt.
        refused: replies with status 429.
        sent: requests of this export: all attempts for statistics, and pages of lists.
        elapsed: seconds from the export's start to its end.
        listed: whether the list of Workers was read to its end.
        finished: whether the export reached its end and its last commit is durable.
        stopped: whether ``stop`` was set before the end.
        failures: the first failures, at most 10,000; ``failed`` counts all.
        checks: the verifications of ``verify``.
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
        """Queries of the plan that have no result yet."""
        counted = self.written + self.failed + self.gone + self.expired + self.already_done
        return self.planned - counted

    @property
    def pace(self) -> float:
        """Mean of requests per second."""
        return self.sent / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def complete(self) -> bool:
        """Whether each query of the plan is durably written, gone or expired.

        Windows that had not settled count as written; a later run fetches them again.
        """
        ended = self.listed and self.finished and not self.stopped
        return ended and not self.failed and not self.not_asked

    def to_dict(self) -> dict[str, Any]:
        """Return the report in plain types, for JSON."""
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
    """Return the kind of a failure: ``gone``, ``expired`` or ``failed``.

    ``gone`` requires Twilio's own error body, and must be confirmed by a new list of Workers.
    ``expired`` requires a window that is old enough by this machine's clock, and by the server's
    clock if the reply has a date.

    Args:
        error: the error of the query.
        window: the query's window, absolute.
        now: the current time, aware; None means that no window counts as expired.
    """
    if isinstance(error, NotFound) and error.code == NOT_FOUND:
        return "gone"
    if isinstance(error, ApiError) and error.code == WINDOW_TOO_OLD and now is not None:
        clocks = (now, _date_of(error) or now)
        if all(may_be_expired(window, clock) for clock in clocks):
            return "expired"
    return "failed"


def reason_of(error: BaseException) -> str:
    """Return an error's message, shortened, as text that any file can hold."""
    return _clean(str(error)[:_MAX_REASON])


def json_ready(value: Any) -> Any:
    """Return the value in types that JSON can hold; a lone surrogate becomes its escape."""
    if isinstance(value, Mapping):
        named = cast("Mapping[object, object]", value)
        return {_clean(str(name)): json_ready(part) for name, part in named.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(part) for part in cast("list[Any]", value)]
    if isinstance(value, datetime):
        return plain_time(value)
    small = isinstance(value, int) and abs(value) <= _MAX_INTEGER
    if value is None or small or isinstance(value, (bool, float)) or type(value) is date:
        return value
    return _clean(str(value))


def _date_of(error: ApiError) -> datetime | None:
    """Return the reply's ``Date``, aware; None if it is missing or can't be read."""
    try:
        date_ = parsedate_to_datetime(error.headers["date"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return date_ if date_.utcoffset() is not None else None


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cleaned(text: str | None) -> str | None:
    return None if text is None else _clean(str(text))
