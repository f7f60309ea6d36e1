"""One run: outcomes come in, progress is shown, rows and numbers go out."""

from collections.abc import Awaitable, Callable, Sequence

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
    """What a run has come to.

    Attributes:
        standings: its workers, for the table.
        progress: how far it came.
        budgets: what it spent.
        failed: how many workers failed.
    """

    standings: TopWorkers
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
        keep: Callable[[Success[WorkerStatistics]], Awaitable[None]] | None = None,
    ) -> None:
        """Read the stream to its end.

        Args:
            session: the stream's.
            stream: one outcome for each worker.
            console: where progress and failures are shown.
            every: seconds between two plain lines of progress.
            keep: stores what succeeded.
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
                            self.standings.add(outcome)
                            if keep is not None:
                                await keep(outcome)
                        case Failure():
                            self._fail(outcome)
                            console.out(failure_line(outcome), highlight=False)
            finally:
                self.progress, self.budgets = stream.progress, session.budgets()

    def code(self, most_failures: int = 0) -> int:
        """The exit code of a run that came to its end.

        Args:
            most_failures: workers that may fail.
        """
        if self._unreachable and self.failed and not self._answered:
            return UNREACHABLE
        return TOO_MANY_FAILURES if self.failed > most_failures else COMPLETE

    def _fail(self, failure: Failure) -> None:
        self.failed += 1
        self._unreachable &= code_of(failure.error) == UNREACHABLE


def failure_line(failure: Failure) -> str:
    """The worker and the error."""
    worker = failure.query.context
    name = worker.friendly_name if isinstance(worker, Worker) else None
    known = f"{failure.query.sid} ({name})" if name else failure.query.sid
    return printable(f"failed: {known}: {failure.error}")


def cost_line(pull: TableRun, *, limit: float | None = None) -> str:
    """What the run cost, in one line.

    Args:
        pull: the run.
        limit: the server's limit, requests per second, where it is known; headers have no unit.
    """
    progress, budget = pull.progress, statistics_budget(pull.budgets)
    sent = sum(each.sent for each in pull.budgets)
    parts = (
        f"{sent:,} {'request' if sent == 1 else 'requests'}",
        f"{progress.retried:,} {'retry' if progress.retried == 1 else 'retries'}",
        f"{sum(each.refused for each in pull.budgets):,} refused",
        f"{progress.elapsed:.2f} s",
    )
    pace = budget.sent / progress.elapsed if budget and progress.elapsed > 0 else 0.0
    text = f"{', '.join(parts)}: {pace:.1f}/s"
    if limit is not None:
        return f"{text}, {pace / limit:.0%} of the limit of {limit:g}/s"
    told = budget.limit if budget else None
    return text if told is None else f"{text}; the server tells a limit of {told:g}"


def statistics_budget(budgets: tuple[BudgetSnapshot, ...]) -> BudgetSnapshot | None:
    """The budget of the run's main work, not that of listing workers."""
    return next(
        (each for each in budgets if each.resource_key.startswith("WorkerStatistics")), None
    )


_EVERY = 30.0


def show_table(
    accounts: Sequence[Account],
    whom: WorkerSelection,
    times: WindowSelection,
    max_failures: int,
    results: Console,
    errors: Console,
) -> int:
    """Fetch it and show the table; return the exit code.

    Raises:
        ConfigError: for more than one workspace or window.
    """
    asked = [(account, sid) for account in accounts for sid in account.workspaces]
    if len(asked) != 1 or len(times.windows) != 1:
        raise ConfigError("a table shows one workspace and window: --output says where rows go")
    ((account, workspace),), (window,) = asked, times.windows
    workers = whom.plan(workspace, [window])
    listing, session = workers.listing(), account.session
    stream = session.stream_worker_statistics(
        workspace,
        window,
        task_channel=whom.task_channel,
        workers=workers.workers if listing is None else session.iterate(listing),
    )
    pull = TableRun(TopWorkers(table_size(results)))
    try:
        run_until_sigterm(pull.run(session, stream, errors, _EVERY))
    except BaseException as error:
        if answered := pull.progress.done - pull.failed:
            error.add_note(f"Not complete: {answered:,} workers were answered.")
        raise
    results.print(render_table(results, pull.standings, window, f"Workers of {workspace}"))
    results.print(f" {cost_line(pull)}")
    code = pull.code(max_failures)
    if code != COMPLETE:
        count = f"{pull.failed:,} worker{'' if pull.failed == 1 else 's'} failed"
        why = ", none was answered" if code == UNREACHABLE else ", more than --max-failures allows"
        errors.out(f"Not complete: {count}{why}.", highlight=False)
    return code
