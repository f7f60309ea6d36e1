"""``taskrouter-stats demo``: fetch every worker of a simulated workspace."""

from datetime import UTC, datetime

import click
from attrs import frozen

from taskrouter_stats import TaskRouterSession, Window
from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.simulator import WINDOWS, Simulator

from .fetch.report import report_run
from .fetch.run import ExportRun
from .fetch.stop import run_until_sigterm
from .options.accounts import Account
from .options.selection import Selection
from .reporter import Reporter
from .table.writer import TableWriter
from .terminal import errors_console, results_console

__all__ = ["demo"]

_EVERY = 3.0
"""Seconds between two lines of progress if stderr is not a terminal."""

_HELP = """Fetch every worker of a simulated contact centre, over real HTTP.

Starts a simulator in this process, with invented workers, the rate limit that you choose, and
Twilio's headers and errors. Then fetches the statistics of each worker as fast as those headers
permit. Requires no account, and sends nothing to another machine.

\b
Examples:
  taskrouter-stats demo
  taskrouter-stats demo --workers 1000 --limit 100
  taskrouter-stats demo --limit 20 --window sliding10s --hours 24
"""


@frozen
class _DemoOptions:
    workers: int
    limit: int
    window: str
    latency: float
    seed: int
    hours: int


@click.command(help=_HELP)
@click.option("--workers", default=300, show_default=True, help="Number of workers.")
@click.option("--limit", default=50, show_default=True, help="Rate limit, requests/s.")
@click.option(
    "--window",
    type=click.Choice(list(WINDOWS)),
    metavar="MODEL",
    default="fixed1s",
    show_default=True,
    help="How the server counts; see `taskrouter-stats simulate --help`.",
)
@click.option("--latency", default=0.03, show_default=True, help="Seconds per answer.")
@click.option("--seed", default=0, show_default=True, help="Each seed gives another workspace.")
@click.option(
    "--hours",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Fetch the statistics of the last N hours.",
    metavar="N",
)
def demo(workers: int, limit: int, window: str, latency: float, seed: int, hours: int) -> int:
    """Run the demo and return the exit code."""
    if workers == 0:
        raise InvalidParameter("--workers", workers, "expected a whole number, >= 1")
    options = _DemoOptions(workers, limit, window, latency, seed, hours)
    return run_until_sigterm(_demo(options))


async def _demo(options: _DemoOptions) -> int:
    limit = None if options.window == "none" else float(options.limit)
    table = TableWriter(results_console(), "Busiest workers", limit)
    window = Window.last(hours=options.hours).at(datetime.now(UTC))
    async with Simulator(
        options.workers, options.limit, options.window, options.seed, options.latency
    ) as simulator:
        session = TaskRouterSession(simulator.credentials, base_url=simulator.base_url)
        account = Account(None, session, (simulator.workspace_sid,))
        reporter = Reporter(errors_console(), every=_EVERY)
        run = ExportRun([account], Selection(), [window], table, reporter)
        await run.run()
    code = run.code(max_failures=0)
    report_run(run, code)
    return code
