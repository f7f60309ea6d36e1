"""A run of exports: concurrent accounts, one output, one exit code."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from attrs import define, field

from taskrouter_stats import BudgetSnapshot, Progress, TaskRouterSession, Window
from taskrouter_stats.cli.exit_codes import (
    COMPLETE,
    TEMPFAIL,
    TOO_MANY_FAILURES,
    UNREACHABLE,
    code_of,
)
from taskrouter_stats.cli.options.accounts import Account
from taskrouter_stats.cli.options.selection import Selection
from taskrouter_stats.cli.progress import (
    ProgressSnapshot,
    RateMeter,
    show_progress,
    statistics_budget,
)
from taskrouter_stats.cli.reporter import Reporter
from taskrouter_stats.errors import StorageError, TaskRouterStatsError
from taskrouter_stats.etl import Export, ExportReport, FailedQuery, Plan, RowWriter
from taskrouter_stats.etl.export import check_output
from taskrouter_stats.etl.rows import SETTLE_DELAY
from taskrouter_stats.models.sids import sid_of

from .retry_failed import load_failures, retry_plans
from .stop import stop_on_signal

__all__ = ["ExportJob", "ExportRun"]

_REFUSALS: Final = {403, 429, *range(500, 600)}
_NO_REPLY: Final = {"ConnectionFailed", "PaceError", "ServerDown", "TimedOut", "TransportError"}


@define(eq=False)
class ExportJob:
    """Export of one workspace.

    Attributes:
        account: the name of its account in the accounts file, or None.
        export: the export.
        error: the error that ended it early, or None.
        limit: the limit in the server's last headers, once it ended; None if they had none.
    """

    account: str | None
    export: Export
    error: TaskRouterStatsError | None = None
    limit: float | None = None

    @property
    def report(self) -> ExportReport:
        """Report of the export so far."""
        return self.export.report

    @property
    def budget(self) -> BudgetSnapshot | None:
        """The budget of its first table while its session is open; None before the first."""
        keys = [table.table.endpoint.resource_key for table in self.export.plan.tables[:1]]
        return statistics_budget(self.export.session.budgets(), keys)


@define(eq=False)
class ExportRun:
    """All exports of one command.

    Attributes:
        accounts: the accounts and their workspaces.
        selection: what to fetch.
        windows: the windows.
        writer: the writer of rows, not open yet.
        reporter: the writer of progress and messages.
        settle: time after the end of a window until its statistics no longer change.
        stop_at: when to stop, aware; None for never.
        verify: whether to compare sums with the server's.
        retry_failed: whether to fetch only what failed before.
        jobs: the exports.
    """

    accounts: Sequence[Account]
    selection: Selection
    windows: Sequence[Window]
    writer: RowWriter
    reporter: Reporter
    settle: timedelta = SETTLE_DELAY
    stop_at: datetime | None = None
    verify: bool = False
    retry_failed: bool = False
    jobs: list[ExportJob] = field(factory=list[ExportJob], init=False)
    _stop: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Run all exports; ``ExportJob.error`` keeps the error of one export.

        Raises:
            ConfigError: the output cannot hold all tables.
            OutputLocked, StorageError: the output cannot be opened.
            BrokenPipeError: the reader of the rows closed the pipe.
        """
        if not self.retry_failed:
            for plan in self._plans():
                check_output(plan, self.writer)
        with self.reporter.logging():
            say, restore = self.reporter.write, self.reporter.console.show_cursor
            async with stop_on_signal(self._stop, self.stop_at, say, restore), self.writer:
                before = await load_failures(self.writer) if self.retry_failed else []
                work = [(account, self._jobs(account, before)) for account in self.accounts]
                self.jobs = [job for _, jobs in work for job in jobs]
                meter = RateMeter()
                read = partial(self._snapshot, meter)
                line = self.reporter.progress_line
                console, every = self.reporter.console, self.reporter.every
                async with show_progress(console, every, read, line):
                    await self._run_accounts(work)
                self._keep_failures(before)

    @property
    def stopped(self) -> bool:
        """Whether a signal or ``--stop-at`` stopped the run before its end."""
        return any(job.report.stopped for job in self.jobs)

    @property
    def failed(self) -> int:
        """Failed queries that a later run may answer."""
        return sum(job.report.failed for job in self.jobs)

    def code(self, max_failures: int) -> int:
        """Return the exit code of a run that no error ended.

        Args:
            max_failures: failed queries that exit code 0 allows.
        """
        if errors := [job.error for job in self.jobs if job.error is not None]:
            return min(map(code_of, errors))
        if self.failed and all(_is_unreachable(job.report) for job in self.jobs):
            return UNREACHABLE
        if self.stopped:
            return TEMPFAIL
        if self.failed > max_failures:
            return TOO_MANY_FAILURES
        finished = all(_is_finished(job.report) for job in self.jobs)
        return COMPLETE if finished else TEMPFAIL

    def _jobs(self, account: Account, before: Sequence[FailedQuery]) -> list[ExportJob]:
        if self.retry_failed:
            plans = retry_plans(before, account.workspaces, self.selection)
        else:
            own = set(map(sid_of, account.workspaces))
            plans = [plan for plan in self._plans() if sid_of(plan.workspace_sid) in own]
        return [ExportJob(account.name, self._export(account.session, plan)) for plan in plans]

    def _plans(self) -> list[Plan]:
        """Return the plans of all accounts, or this shard's part of them."""
        workspaces = [sid for account in self.accounts for sid in account.workspaces]
        return self.selection.plans(workspaces, self.windows)

    def _export(self, session: TaskRouterSession, plan: Plan) -> Export:
        return Export(session, plan, self.writer, self._stop, self.settle, self.verify)

    async def _run_accounts(self, work: Sequence[tuple[Account, list[ExportJob]]]) -> None:
        """Run the accounts concurrently; the first unexpected error ends all of them."""
        try:
            async with asyncio.TaskGroup() as group:
                for account, jobs in work:
                    group.create_task(self._run_account(account.session, jobs))
        except BaseExceptionGroup as several:
            raise _first(several) from None

    async def _run_account(self, session: TaskRouterSession, jobs: Sequence[ExportJob]) -> None:
        by_workspace: dict[str, list[ExportJob]] = {}
        for job in jobs:
            by_workspace.setdefault(job.report.workspace_sid, []).append(job)
        async with session, asyncio.TaskGroup() as group:
            for jobs_of_one in by_workspace.values():
                group.create_task(self._run_in_turn(jobs_of_one))

    async def _run_in_turn(self, jobs: Sequence[ExportJob]) -> None:
        for job in jobs:
            try:
                await job.export.run()
            except TaskRouterStatsError as error:
                job.error = error
                if isinstance(error, StorageError):  # no other export can store rows either
                    self._stop.set()
            finally:
                budget = job.budget
                job.limit = None if budget is None else budget.limit

    def _keep_failures(self, before: Sequence[FailedQuery]) -> None:
        """Keep earlier failures that this run did not request again, because it was stopped."""
        known = {failure.key for failure in self.writer.failures}
        for failure in before:
            if failure.key not in known and not self.writer.is_resolved(failure.key):
                self.writer.failures.append(failure)

    def _snapshot(self, meter: RateMeter) -> ProgressSnapshot:
        reported = [job.export.progress for job in self.jobs]
        totals = [progress.total for progress in reported]
        budget = self.jobs[0].budget if len(self.jobs) == 1 else None
        total = Progress(
            done=sum(progress.done for progress in reported),
            failed=sum(job.report.failed for job in self.jobs),
            total=None if None in totals else sum(number or 0 for number in totals),
            retried=sum(progress.retried for progress in reported),
            refused=sum(progress.refused for progress in reported),
            elapsed=max((progress.elapsed for progress in reported), default=0.0),
            rate=sum(progress.rate for progress in reported),
            eta=None,
        )
        return meter.read(total, budget)


def _is_finished(report: ExportReport) -> bool:
    """Return whether each query of the plan has a result; it may be a failure."""
    return report.listed and report.finished and not report.not_asked


def _is_unreachable(report: ExportReport) -> bool:
    """Return whether every request was refused or had no reply."""
    return bool(
        report.failed
        and not report.written
        and all(
            failure.status in _REFUSALS or failure.error in _NO_REPLY for failure in report.failures
        )
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", first))
    return first
