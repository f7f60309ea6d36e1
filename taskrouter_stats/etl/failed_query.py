"""A query that failed, and the kind of its failure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, cast

import attrs
import orjson
from attrs import frozen

from taskrouter_stats.core.outcome import Failure
from taskrouter_stats.core.reply import date_of
from taskrouter_stats.core.window import WINDOW_TOO_OLD, Window
from taskrouter_stats.errors import ApiError, NotFound

from .planning.plan import key_of, may_be_expired
from .rows import main_table, plain_time, zone_name

__all__ = ["FailedQuery", "failure_kind", "json_ready", "reason_of"]

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
        table: the statistics table that lacks its rows.
        error: the name of the error's class.
        message: the error's message, without secrets.
        hint: what to do, or None.
        status: HTTP status, or None without a reply.
        code: Twilio's error code, or None.
        request_id: ``Twilio-Request-Id``, which Twilio's support asks for, or None.
        workspace_sid: the Workspace (WS…).
        sid: the Worker, TaskQueue or Workflow; the Workspace's for its own statistics.
        name: the name of the Worker, TaskQueue or Workflow, or None.
        window_start: start of the window, UTC.
        window_end: end of the window, UTC.
        tz: the window's zone, by its IANA name or its offset at ``window_start``.
        task_channel: the TaskChannel of the query, or None for all.
        split_by_wait_time: the thresholds of the query as its URL has them, or None.
    """

    key: str
    table: str
    error: str
    message: str
    hint: str | None
    status: int | None
    code: int | None
    request_id: str | None
    workspace_sid: str
    sid: str
    name: str | None
    window_start: datetime | None
    window_end: datetime | None
    tz: str
    task_channel: str | None
    split_by_wait_time: str | None = None

    @classmethod
    def of(cls, failure: Failure) -> "FailedQuery":
        """Return the fields of a failure."""
        query, error, window = failure.query, failure.error, failure.query.window
        filters = dict(query.filters)
        return cls(
            key=key_of(query),
            table=main_table(query.endpoint.name),
            error=type(error).__name__,
            message=_clean(str(error)),
            hint=error.hint if isinstance(error, ApiError) else None,
            status=error.status if isinstance(error, ApiError) else None,
            code=error.code if isinstance(error, ApiError) else None,
            request_id=_cleaned(failure.meta.request_id),
            workspace_sid=query.workspace_sid,
            sid=query.sid,
            name=_cleaned(getattr(query.resource, "friendly_name", None)),
            window_start=None if window is None else plain_time(window.start),
            window_end=None if window is None else plain_time(window.end),
            tz="UTC" if window is None else zone_name(window.tz, window.start),
            task_channel=filters.get("TaskChannel"),
            split_by_wait_time=filters.get("SplitByWaitTime"),
        )

    def to_line(self) -> bytes:
        """Return the failure as one line of JSON; any failure can be written."""
        option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(json_ready(attrs.asdict(self)), option=option)


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
        clocks = (now, date_of(error.headers) or now)
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


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cleaned(text: str | None) -> str | None:
    return None if text is None else _clean(str(text))
