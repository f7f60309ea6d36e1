"""Asks a workspace a few questions, one at a time, and notes what came of each."""

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
from .recorder import ReplyRecorder, place_of

__all__ = ["CLOSED_ABOVE", "Checks"]

T = TypeVar("T")

CLOSED_ABOVE: Final = 100
"""Workers above which worker statistics are closed by default.

Source: https://www.twilio.com/docs/taskrouter/limits.
"""
_MOST: Final = 8
"""Requests after which nothing more is asked."""
_MOST_PAGES: Final = 3
_SOME_QUEUES: Final = 50
_RECENT: Final = Window.last(minutes=15)
_LONG_AGO: Final = timedelta(days=30, hours=12)
"""Beyond the documented 30 days, and within the 31 that one page gives for IE1."""


@define
class Checks:
    """The questions, and what came of them.

    Attributes:
        session: asks.
        listener: hears the replies.
        workspace_sid: the Workspace.
        findings: one for each check.
        answered: whether any question was answered.
        workers: how many Workers there are, as far as it was counted; None when it is not known.
        statistics: one Worker's, when they are open.
        refused: what the server answered instead.
        retention: what came of asking for what is older than 30 days, in words.
    """

    session: TaskRouterSession
    listener: ReplyRecorder
    workspace_sid: str
    findings: list[Finding] = field(factory=list[Finding])
    answered: bool = False
    workers: int | None = None
    statistics: WorkerStatistics | None = None
    refused: ApiError | None = None
    retention: str | None = None
    _stopped: str | None = None
    _whole: bool = False

    async def run(self) -> None:
        """Ask everything that is worth asking."""
        await self._ask("workspace", queries.workspace(self.workspace_sid), _workspace)
        workers = await self._list(
            "workers",
            queries.workers(self.workspace_sid, page_size=CLOSED_ABOVE + 1),
            _workers,
        )
        if workers is not None and (self._whole or len(workers) > CLOSED_ABOVE):
            self.workers = len(workers)
        await self._statistics(workers)
        await self._aggregate()
        listing = queries.task_queues(self.workspace_sid, page_size=_SOME_QUEUES)
        await self._list("task queues", listing, _task_queues)

    async def _statistics(self, workers: list[Worker] | None) -> None:
        """One Worker's, twice, so that it shows what remains of the budget after each."""
        subject = "worker statistics"
        if not workers:
            why = "no Worker to ask about" if workers == [] else "no Worker is known"
            self.findings.append(Finding(subject, "not known", self._stopped or why))
            return
        try:
            query = queries.worker_statistics(self.workspace_sid, workers[0].sid or "", _RECENT)
        except InvalidSid as error:
            self.findings.append(Finding(subject, "not known", str(error)))
            return
        self.statistics = await self._ask(subject, query, self._open)
        if self.statistics is not None:
            with suppress(TaskRouterStatsError):  # for the sake of its headers
                await self._fetch(query)

    async def _aggregate(self) -> None:
        """All Workers together: first for a time that should be refused, then for now."""
        query = queries.workers_cumulative_statistics(self.workspace_sid, _RECENT)
        if not self._is_over("aggregate"):
            await self._retention(query)
            await self._ask("aggregate", query, _together)

    async def _retention(self, query: Query[WorkersCumulativeStatistics]) -> None:
        """Whether the server still answers for what is older than the documented 30 days."""
        start = datetime.now(UTC) - _LONG_AGO
        old = query.with_window(Window.between(start, start + timedelta(minutes=15)))
        asked = "30.5 days back"
        try:
            await self._fetch(old)
            self.retention = f"{asked} is answered, though 30 days are documented"
        except BadRequest as error:
            documented = "as" if error.code == WINDOW_TOO_OLD else "where 14241 is"
            said = f"HTTP {error.status}, code {error.code}"
            self.retention = f"{asked} is refused with {said}, {documented} documented"
        except ApiError as error:
            self.retention = f"not known: HTTP {error.status}, code {error.code}"
        except TaskRouterStatsError as error:
            self.retention = f"not known: {error}"

    async def _ask(self, subject: str, query: Query[T], tell: Callable[[T], str]) -> T | None:
        """The answer, or None; either way there is a finding."""
        if self._is_over(subject):
            return None
        try:
            value = await self._fetch(query)
        except TaskRouterStatsError as error:
            self._fail(subject, error)
            return None
        self._succeed(subject, tell(value))
        return value

    async def _list(
        self, subject: str, listing: Listing[T], tell: Callable[[int, bool], str]
    ) -> list[T] | None:
        """The beginning of a list: no more than its page size, and none of the pages after."""
        if self._is_over(subject):
            return None
        self.listener.operation = place_of(listing)
        found: list[T] = []
        try:
            async with self.session.iterate(listing) as items:
                async for item in items:
                    found.append(item)
                    pages = len(self.listener.at(self.listener.operation))
                    if len(found) >= listing.page_size or pages > _MOST_PAGES:
                        break
                self._whole = items.total == len(found)
        except TaskRouterStatsError as error:
            self._fail(subject, error)
            return None
        self._succeed(subject, tell(len(found), self._whole))
        return found

    async def _fetch(self, query: Query[T]) -> T:
        self.listener.operation = place_of(query)
        return await self.session.fetch(query)

    def _succeed(self, subject: str, told: str) -> None:
        self.answered = True
        self.findings.append(Finding(subject, "ok", told))

    def _fail(self, subject: str, error: TaskRouterStatsError) -> None:
        """Note it, and stop when nothing else can go better."""
        first = subject == "workspace"
        self.findings.append(failed(subject, error, essential=first))
        if isinstance(error, Unauthorized):
            self._stopped = "not asked: these credentials are refused"
        elif isinstance(error, TransportError):
            self._stopped = "not asked: the server can't be reached"
        elif first and isinstance(error, NotFound):
            self._stopped = "not asked: the Workspace is not there"
        elif subject == "worker statistics" and isinstance(error, ApiError):
            self.refused = error

    def _is_over(self, subject: str) -> bool:
        """Whether nothing more is asked; then that is the finding."""
        if self._stopped is None and self.listener.sent >= _MOST:
            self._stopped = f"not asked: {self.listener.sent} requests are enough"
        if self._stopped is not None:
            self.findings.append(Finding(subject, "not known", self._stopped))
        return self._stopped is not None

    def _open(self, statistics: WorkerStatistics) -> str:
        """Statistics came, which means more in a large Workspace than in a small one."""
        served = _served(statistics.cumulative)
        if self.workers is None:
            return f"open; {served}"
        if self.workers > CLOSED_ABOVE:
            return f"open, with more than {CLOSED_ABOVE} Workers; {served}"
        return f"open, with no more than {CLOSED_ABOVE} Workers, as documented; {served}"


def _workspace(workspace: Workspace) -> str:
    name = workspace.friendly_name
    return f"{workspace.sid or 'there'}, " + (f"named {name!r}" if name else "without a name")


def _workers(count: int, whole: bool) -> str:
    return f"{count:,} Workers" if whole else f"{count:,} Workers or more"


def _task_queues(count: int, whole: bool) -> str:
    return f"{count:,} TaskQueues" if whole else f"{count:,} TaskQueues or more"


def _together(statistics: WorkersCumulativeStatistics) -> str:
    return f"all Workers together; {_served(statistics)}"


def _served(cumulative: WorkerCumulative | WorkersCumulativeStatistics) -> str:
    """The window that the server answered for."""
    start, end = cumulative.start_time, cumulative.end_time
    if start is None or end is None:
        return "for a time that it doesn't tell"
    return f"for {start:%H:%M:%S} to {end:%H:%M:%S} UTC"
