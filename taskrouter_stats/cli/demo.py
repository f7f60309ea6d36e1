"""``taskrouter-stats demo``: the whole job against a simulator, nothing else needed."""

from datetime import UTC, datetime

import click
from attrs import frozen
from rich.console import Console

from taskrouter_stats import TaskRouterSession, Window
from taskrouter_stats.errors import InvalidParameter
from taskrouter_stats.simulator import WINDOWS, Simulator

from .fetch.stop import run_until_sigterm
from .table.render import render_table
from .table.run import TableRun, cost_line
from .table.totals import TopWorkers
from .terminal import errors_console, results_console, table_size

__all__ = ["demo"]

_EVERY = 3.0
"""Seconds between two lines of progress where there is no terminal."""

_HELP = """Fetch every worker of a simulated contact centre, over real HTTP.

Starts a simulator in this process, with made-up workers, the rate limit of your choice and
Twilio's headers and errors; then fetches each worker's statistics at the pace that those headers
permit. Needs no account and sends nothing beyond this machine.

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
@click.option("--workers", default=300, show_default=True, help="How many workers there are.")
@click.option("--limit", default=50, show_default=True, help="The server's limit, requests/s.")
@click.option(
    "--window",
    type=click.Choice(list(WINDOWS)),
    metavar="MODEL",
    default="fixed1s",
    show_default=True,
    help="How the server counts; `taskrouter-stats simulate --help` lists the models.",
)
@click.option("--latency", default=0.03, show_default=True, help="Seconds for each answer.")
@click.option("--seed", default=0, show_default=True, help="Another seed is another workspace.")
@click.option(
    "--hours",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Statistics of the last so many hours.",
)
def demo(workers: int, limit: int, window: str, latency: float, seed: int, hours: int) -> int:
    """Run the demo; return the exit code."""
    if workers == 0:
        raise InvalidParameter("--workers", workers, "at least one, or there is nothing to show")
    wish = _DemoOptions(workers, limit, window, latency, seed, hours)
    return run_until_sigterm(_demo(wish, results_console(), errors_console()))


async def _demo(wish: _DemoOptions, results: Console, errors: Console) -> int:
    window = Window.last(hours=wish.hours).at(datetime.now(UTC))
    pull = TableRun(TopWorkers(table_size(results)))
    async with Simulator(
        wish.workers, wish.limit, wish.window, wish.seed, wish.latency
    ) as simulator:
        session = TaskRouterSession(simulator.credentials, base_url=simulator.base_url)
        stream = session.stream_worker_statistics(simulator.workspace_sid, window)
        await pull.run(session, stream, errors, _EVERY)
    results.print(render_table(results, pull.standings, window, "Busiest workers"))
    told = None if wish.window == "none" else float(wish.limit)
    results.print(f" {cost_line(pull, limit=told)}")
    return pull.code()
