"""A run that shows one workspace and one window as a table on a terminal."""

from collections.abc import Sequence
from typing import Final

from attrs import define
from rich.console import Console

from taskrouter_stats import (
    BudgetSnapshot,
    Failure,
    OutcomeStream,
    Progress,
    Success,
    TaskRouterSession,
)
from taskrouter_stats.cli.exit_codes import COMPLETE, TOO_MANY_FAILURES, UNREACHABLE, code_of
from taskrouter_stats.cli.fetch.stop import run_until_sigterm
from taskrouter_stats.cli.options.accounts import Account
from taskrouter_stats.cli.options.windows import WindowSelection
from taskrouter_stats.cli.options.workers import WorkerSelection
from taskrouter_stats.cli.progress import ProgressSnapshot, RateMeter, show_progress
from taskrouter_stats.cli.terminal import printable, table_size
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.models import Worker, WorkerStatistics

from .render import render_table
from .totals import TopWorkers

__all__ = ["TableRun", "cost_line", "failure_line", "show_table", "statistics_budget"]

_NOTHING = Progress(0, 0, None, 0, 0, 0.0, 0.0, None)


@define
class TableRun:
    """State of a run.

    Attributes:
        workers: the rows and the total of the table.
        progress: the progress of the stream.
        budgets: the budgets of the session.
        failed: number of workers that failed.
    """

    workers: TopWorkers
    progress: Progress = _NOTHING
    budgets: tuple[BudgetSnapshot, ...] = ()
    failed: int = 0
    _answered: bool = False
    _unreachable: bool = True

    async def run(
        self,
        session: TaskRouterSession,
        stream: OutcomeStream[WorkerStatistics],
        console: Console,
        every: float,
    ) -> None:
        """Read the stream to its end.

        Args:
            session: the session of the stream.
            stream: one outcome per worker.
            console: the console for progress and failures.
            every: seconds between two plain lines of progress.
        """
        meter = RateMeter()

        def read() -> ProgressSnapshot:
            return meter.read(stream.progress, statistics_budget(session.budgets()))

        async with session, stream as outcomes, show_progress(console, every, read):
            try:
                async for outcome in outcomes:
                    match outcome:
                        case Success():
                            self._answered = True
                            self.workers.add(outcome)
                        case Failure():
                            self._fail(outcome)
                            console.out(failure_line(outcome), highlight=False)
            finally:
                self.progress, self.budgets = stream.progress, session.budgets()

    def code(self, max_failures: int = 0) -> int:
        """Return the exit code of a run that no error ended.

        Args:
            max_failures: failed workers that exit code 0 allows.
        """
        if self._unreachable and self.failed and not self._answered:
            return UNREACHABLE
        return TOO_MANY_FAILURES if self.failed > max_failures else COMPLETE

    def _fail(self, failure: Failure) -> None:
        self.failed += 1
        self._unreachable &= code_of(failure.error) == UNREACHABLE


def failure_line(failure: Failure) -> str:
    """Return a line with the failed worker and its error."""
    worker = failure.query.context
    name = worker.friendly_name if isinstance(worker, Worker) else None
    label = f"{failure.query.sid} ({name})" if name else failure.query.sid
    return printable(f"failed: {label}: {failure.error}")


def cost_line(run: TableRun, *, limit: float | None = None) -> str:
    """Return the requests and the time of the run in one line.

    Args:
        run: the run.
        limit: the server's limit, requests per second, if known; headers do not name a unit.
    """
    progress, budget = run.progress, statistics_budget(run.budgets)
    sent = sum(budget.sent for budget in run.budgets)
    parts = (
        f"{sent:,} {'request' if sent == 1 else 'requests'}",
        f"{progress.retried:,} {'retry' if progress.retried == 1 else 'retries'}",
        f"{sum(budget.refused for budget in run.budgets):,} refused",
        f"{progress.elapsed:.2f} s",
    )
    pace = budget.sent / progress.elapsed if budget and progress.elapsed > 0 else 0.0
    text = f"{', '.join(parts)}: {pace:.1f}/s"
    if limit is not None:
        return f"{text}, {pace / limit:.0%} of the limit of {limit:g}/s"
    sent_limit = budget.limit if budget else None
    return text if sent_limit is None else f"{text}; the server sent a limit of {sent_limit:g}"


def statistics_budget(budgets: tuple[BudgetSnapshot, ...]) -> BudgetSnapshot | None:
    """Return the budget of the statistics requests, not that of listing workers."""
    return next(
        (budget for budget in budgets if budget.resource_key.startswith("WorkerStatistics")), None
    )


_EVERY: Final = 30.0
"""Seconds between two lines of progress if stderr is not a terminal."""


def show_table(
    accounts: Sequence[Account],
    selection: WorkerSelection,
    times: WindowSelection,
    max_failures: int,
    results: Console,
    errors: Console,
) -> int:
    """Fetch one workspace and window, show the table, and return the exit code.

    Raises:
        ConfigError: more than one workspace or window is selected.
    """
    pairs = [(account, sid) for account in accounts for sid in account.workspaces]
    if len(pairs) != 1 or len(times.windows) != 1:
        raise ConfigError(
            "a table shows one workspace and one window: name a file or folder with --output"
        )
    ((account, workspace),), (window,) = pairs, times.windows
    workers = selection.plan(workspace, [window])
    listing, session = workers.listing(), account.session
    stream = session.stream_worker_statistics(
        workspace,
        window,
        task_channel=selection.task_channel,
        workers=workers.workers if listing is None else session.iterate(listing),
    )
    run = TableRun(TopWorkers(table_size(results)))
    try:
        run_until_sigterm(run.run(session, stream, errors, _EVERY))
    except BaseException as error:
        if answered := run.progress.done - run.failed:
            error.add_note(f"Not complete: {answered:,} workers were answered.")
        raise
    results.print(render_table(results, run.workers, window, f"Workers of {workspace}"))
    results.print(f" {cost_line(run)}")
    code = run.code(max_failures)
    if code != COMPLETE:
        count = f"{run.failed:,} worker{'' if run.failed == 1 else 's'} failed"
        none = code == UNREACHABLE
        reason = "none was answered" if none else "more than --max-failures allows"
        errors.out(f"Not complete: {count}, {reason}.", highlight=False)
    return code
