"""A run of exports: accounts side by side, one output, one word on how it ended."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from attrs import define, field

from taskrouter_stats import Progress, TaskRouterSession, Window
from taskrouter_stats.cli.exit_codes import (
    COMPLETE,
    TEMPFAIL,
    TOO_MANY_FAILURES,
    UNREACHABLE,
    code_of,
)
from taskrouter_stats.cli.options.accounts import Account
from taskrouter_stats.cli.options.workers import WorkerSelection
from taskrouter_stats.cli.progress import ProgressSnapshot, RateMeter, show_progress
from taskrouter_stats.cli.reporter import Reporter
from taskrouter_stats.cli.table.run import statistics_budget
from taskrouter_stats.errors import StorageError, TaskRouterStatsError
from taskrouter_stats.etl import Export, ExportReport, FailedQuery, WorkerPlan, Writer

from .retry_failed import load_failures, retry_plans
from .stop import stop_on_signal

__all__ = ["ExportJob", "ExportRun"]

_EVERY: Final = 30.0
"""Seconds between two lines of progress where there is no terminal."""

_REFUSALS: Final = {403, 429, *range(500, 600)}
_NO_REPLY: Final = {"ConnectionFailed", "PaceError", "ServerDown", "TimedOut", "TransportError"}


@define(eq=False)
class ExportJob:
    """One workspace's export.

    Attributes:
        account: whose it is, by the accounts file's name.
        export: what is done.
        error: what ended it early.
    """

    account: str | None
    export: Export
    error: TaskRouterStatsError | None = None

    @property
    def report(self) -> ExportReport:
        """What it has come to."""
        return self.export.report


@define(eq=False)
class ExportRun:
    """All exports of one command.

    Attributes:
        accounts: who asks, and for which workspaces.
        whom: which workers.
        windows: which times.
        store: where rows go, not open yet.
        teller: where progress is told.
        settle: how long after its end a window changes no more.
        stop_at: when to stop, aware; None for never.
        verify: whether to compare sums.
        retry_failed: whether to ask only for what failed before.
        jobs: the exports.
    """

    accounts: Sequence[Account]
    whom: WorkerSelection
    windows: Sequence[Window]
    store: Writer
    teller: Reporter
    settle: timedelta
    stop_at: datetime | None = None
    verify: bool = False
    retry_failed: bool = False
    jobs: list[ExportJob] = field(factory=list[ExportJob], init=False)
    _stop: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Do all of it; what ended one export is in its job.

        Raises:
            OutputLocked, StorageError: the output can't be opened.
            BrokenPipeError: the reader of the rows went away.
        """
        with self.teller.logging():
            say, leave = self.teller.write, self.teller.console.show_cursor
            async with stop_on_signal(self._stop, self.stop_at, say, leave), self.store:
                before = await load_failures(self.store) if self.retry_failed else []
                work = [(account, self._jobs(account, before)) for account in self.accounts]
                self.jobs = [job for _, jobs in work for job in jobs]
                meter = RateMeter()
                read = lambda: self._standing(meter)  # noqa: E731 (one line says it)
                async with show_progress(
                    self.teller.console, _EVERY, read, self.teller.progress_line
                ):
                    await self._all(work)
                self._keep(before)

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop before its end."""
        return any(job.report.stopped for job in self.jobs)

    @property
    def failed(self) -> int:
        """Queries that a later run may mend."""
        return sum(job.report.failed for job in self.jobs)

    def code(self, most_failures: int) -> int:
        """The exit code of a run that came to its end: the least that a user should know of.

        Args:
            most_failures: queries that may fail in a run that ends with code 0.
        """
        if errors := [job.error for job in self.jobs if job.error is not None]:
            return min(map(code_of, errors))
        if self.failed and all(_is_unreachable(job.report) for job in self.jobs):
            return UNREACHABLE
        if self.stopped:
            return TEMPFAIL
        if self.failed > most_failures:
            return TOO_MANY_FAILURES
        untold = any(job.report.not_asked or not job.report.finished for job in self.jobs)
        return TEMPFAIL if untold else COMPLETE

    def _jobs(self, account: Account, before: Sequence[FailedQuery]) -> list[ExportJob]:
        if self.retry_failed:
            plans = retry_plans(before, account.workspaces, self.whom)
        else:
            plans = [self.whom.plan(sid, self.windows) for sid in account.workspaces]
        return [ExportJob(account.name, self._export(account.session, plan)) for plan in plans]

    def _export(self, session: TaskRouterSession, plan: WorkerPlan) -> Export:
        return Export(session, plan, self.store, self._stop, self.settle, self.verify)

    async def _all(self, work: Sequence[tuple[Account, list[ExportJob]]]) -> None:
        """Every account by itself; the first thing that nobody expects ends all."""
        try:
            async with asyncio.TaskGroup() as group:
                for account, jobs in work:
                    group.create_task(self._account(account.session, jobs))
        except BaseExceptionGroup as several:
            raise _first(several) from None

    async def _account(self, session: TaskRouterSession, jobs: Sequence[ExportJob]) -> None:
        by_workspace: dict[str, list[ExportJob]] = {}
        for job in jobs:
            by_workspace.setdefault(job.report.workspace_sid, []).append(job)
        async with session, asyncio.TaskGroup() as group:
            for several in by_workspace.values():
                group.create_task(self._one_by_one(several))

    async def _one_by_one(self, jobs: Sequence[ExportJob]) -> None:
        for job in jobs:
            try:
                await job.export.run()
            except TaskRouterStatsError as error:
                job.error = error
                if isinstance(error, StorageError):  # nobody can store any more
                    self._stop.set()

    def _keep(self, before: Sequence[FailedQuery]) -> None:
        """What failed before and wasn't asked again, since this run was stopped, still did."""
        again = {one.key for one in self.store.failures}
        left = (one for one in before if one.key not in again)
        self.store.failures += [one for one in left if not self.store.is_resolved(one.key)]

    def _standing(self, meter: RateMeter) -> ProgressSnapshot:
        told = [job.export.progress for job in self.jobs]
        totals = [one.total for one in told]
        budgets = self.jobs[0].export.session.budgets() if len(self.jobs) == 1 else ()
        whole = Progress(
            done=sum(one.done for one in told),
            failed=sum(job.report.failed for job in self.jobs),
            total=None if None in totals else sum(total or 0 for total in totals),
            retried=sum(one.retried for one in told),
            refused=sum(one.refused for one in told),
            elapsed=max((one.elapsed for one in told), default=0.0),
            rate=sum(one.rate for one in told),
            eta=None,
        )
        return meter.read(whole, statistics_budget(tuple(budgets)))


def _is_unreachable(report: ExportReport) -> bool:
    """Whether all that came was the server's refusal, or nothing at all."""
    return bool(
        report.failed
        and not report.written
        and all(one.status in _REFUSALS or one.error in _NO_REPLY for one in report.failures)
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", first))
    return first
