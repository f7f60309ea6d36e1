"""Checks of a workspace: a few requests, one at a time, and a finding for each."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from attrs import define, field

from taskrouter_stats import Listing, Query, TaskRouterSession, Window, queries
from taskrouter_stats.core.window import WINDOW_TOO_OLD
from taskrouter_stats.errors import (
    ApiError,
    BadRequest,
    InvalidSid,
    NotFound,
    TaskRouterStatsError,
    TransportError,
    Unauthorized,
)
from taskrouter_stats.models import (
    Worker,
    WorkersCumulativeStatistics,
    WorkerStatistics,
    Workspace,
)
from taskrouter_stats.models.cumulative import WorkerCumulative

from .findings import Finding, failed
from .recorder import ReplyRecorder, operation_of

__all__ = ["CLOSED_ABOVE", "Checks"]

T = TypeVar("T")

CLOSED_ABOVE: Final = 100
"""Workers above which Twilio disables worker statistics by default.

Source: https://www.twilio.com/docs/taskrouter/limits.
"""
_MAX_REQUESTS: Final = 8
_MAX_PAGES: Final = 3
_QUEUES: Final = 50
_RECENT: Final = Window.last(minutes=15)
_LONG_AGO: Final = timedelta(days=30, hours=12)
"""Longer than the documented 30 days, shorter than the 31 that one page documents for IE1."""


@define
class Checks:
    """The checks and their results.

    Attributes:
        session: the session that sends the requests.
        recorder: the recorder of the replies.
        workspace_sid: the workspace.
        findings: one finding per check.
        answered: whether any request succeeded.
        workers: number of workers, counted up to a bound; None if not known.
        statistics: the statistics of one worker, if the server returned them.
        refused: the server's error for these statistics, or None.
        retention: the result of a request for a time more than 30 days ago.
    """

    session: TaskRouterSession
    recorder: ReplyRecorder
    workspace_sid: str
    findings: list[Finding] = field(factory=list[Finding])
    answered: bool = False
    workers: int | None = None
    statistics: WorkerStatistics | None = None
    refused: ApiError | None = None
    retention: str | None = None
    _stopped: str | None = None
    _list_complete: bool = False

    async def run(self) -> None:
        """Run the checks; skip those that cannot succeed."""
        await self._check("workspace", queries.workspace(self.workspace_sid), _workspace)
        workers = await self._list(
            "workers",
            queries.workers(self.workspace_sid, page_size=CLOSED_ABOVE + 1),
            _workers,
        )
        if workers is not None and (self._list_complete or len(workers) > CLOSED_ABOVE):
            self.workers = len(workers)
        await self._statistics(workers)
        await self._aggregate()
        listing = queries.task_queues(self.workspace_sid, page_size=_QUEUES)
        await self._list("task queues", listing, _task_queues)

    async def _statistics(self, workers: list[Worker] | None) -> None:
        """Request one worker's statistics twice, to see the remaining budget after each."""
        subject = "worker statistics"
        if not workers:
            reason = "the workspace has no workers" if workers == [] else "no worker is known"
            self.findings.append(Finding(subject, "not known", self._stopped or reason))
            return
        try:
            query = queries.worker_statistics(self.workspace_sid, workers[0].sid or "", _RECENT)
        except InvalidSid as error:
            self.findings.append(Finding(subject, "not known", str(error)))
            return
        self.statistics = await self._check(subject, query, self._describe_statistics)
        if self.statistics is not None:
            with suppress(TaskRouterStatsError):  # the recorder needs its headers only
                await self._fetch(query)

    async def _aggregate(self) -> None:
        """Request all workers' sums: first for a time that is too old, then for now."""
        query = queries.workers_cumulative_statistics(self.workspace_sid, _RECENT)
        if not self._is_skipped("aggregate"):
            await self._retention(query)
            await self._check("aggregate", query, _describe_sums)

    async def _retention(self, query: Query[WorkersCumulativeStatistics]) -> None:
        """Check whether the server answers for a time before the documented 30 days."""
        start = datetime.now(UTC) - _LONG_AGO
        old = query.with_window(Window.between(start, start + timedelta(minutes=15)))
        requested = "a window 30.5 days ago"
        try:
            await self._fetch(old)
            self.retention = f"{requested} is answered, although Twilio documents 30 days"
        except BadRequest as error:
            documented = (
                "as documented" if error.code == WINDOW_TOO_OLD else f"documented: {WINDOW_TOO_OLD}"
            )
            reply = f"HTTP {error.status}, code {error.code}"
            self.retention = f"{requested} is refused with {reply}, {documented}"
        except ApiError as error:
            self.retention = f"not known: HTTP {error.status}, code {error.code}"
        except TaskRouterStatsError as error:
            self.retention = f"not known: {error}"

    async def _check(self, subject: str, query: Query[T], describe: Callable[[T], str]) -> T | None:
        """Return the value or None, and add a finding in both cases."""
        if self._is_skipped(subject):
            return None
        try:
            value = await self._fetch(query)
        except TaskRouterStatsError as error:
            self._fail(subject, error)
            return None
        self._succeed(subject, describe(value))
        return value

    async def _list(
        self, subject: str, listing: Listing[T], describe: Callable[[int, bool], str]
    ) -> list[T] | None:
        """Return the start of a list, one page at most, or None; add a finding in both cases."""
        if self._is_skipped(subject):
            return None
        self.recorder.operation = operation_of(listing)
        items_read: list[T] = []
        try:
            async with self.session.iterate(listing) as items:
                async for item in items:
                    items_read.append(item)
                    pages = len(self.recorder.at(self.recorder.operation))
                    if len(items_read) >= listing.page_size or pages > _MAX_PAGES:
                        break
                self._list_complete = items.total == len(items_read)
        except TaskRouterStatsError as error:
            self._fail(subject, error)
            return None
        self._succeed(subject, describe(len(items_read), self._list_complete))
        return items_read

    async def _fetch(self, query: Query[T]) -> T:
        self.recorder.operation = operation_of(query)
        return await self.session.fetch(query)

    def _succeed(self, subject: str, detail: str) -> None:
        self.answered = True
        self.findings.append(Finding(subject, "ok", detail))

    def _fail(self, subject: str, error: TaskRouterStatsError) -> None:
        """Add the finding, and skip the other checks if they cannot succeed."""
        first = subject == "workspace"
        self.findings.append(failed(subject, error, essential=first))
        if isinstance(error, Unauthorized):
            self._stopped = "skipped: the server refused the credentials"
        elif isinstance(error, TransportError):
            self._stopped = "skipped: the server is unreachable"
        elif first and isinstance(error, NotFound):
            self._stopped = "skipped: the workspace does not exist"
        elif subject == "worker statistics" and isinstance(error, ApiError):
            self.refused = error

    def _is_skipped(self, subject: str) -> bool:
        """Return whether the check is skipped; if so, add that as the finding."""
        if self._stopped is None and self.recorder.sent >= _MAX_REQUESTS:
            self._stopped = f"skipped: doctor ends after {self.recorder.sent} requests"
        if self._stopped is not None:
            self.findings.append(Finding(subject, "not known", self._stopped))
        return self._stopped is not None

    def _describe_statistics(self, statistics: WorkerStatistics) -> str:
        """Describe the statistics; in a large workspace they show that Twilio enabled them."""
        served = _served(statistics.cumulative)
        if self.workers is None:
            return f"enabled; {served}"
        if self.workers > CLOSED_ABOVE:
            return f"enabled, with more than {CLOSED_ABOVE} workers; {served}"
        return f"enabled, as documented for up to {CLOSED_ABOVE} workers; {served}"


def _workspace(workspace: Workspace) -> str:
    name = workspace.friendly_name
    return f"{workspace.sid or 'exists'}, " + (f"named {name!r}" if name else "without a name")


def _workers(count: int, complete: bool) -> str:
    return f"{count:,} workers" if complete else f"{count:,} workers or more"


def _task_queues(count: int, complete: bool) -> str:
    return f"{count:,} TaskQueues" if complete else f"{count:,} TaskQueues or more"


def _describe_sums(statistics: WorkersCumulativeStatistics) -> str:
    return f"sums of all workers; {_served(statistics)}"


def _served(cumulative: WorkerCumulative | WorkersCumulativeStatistics) -> str:
    """Return the window that the server answered for."""
    start, end = cumulative.start_time, cumulative.end_time
    if start is None or end is None:
        return "without the times of the window"
    return f"for {start:%H:%M:%S} to {end:%H:%M:%S} UTC"
