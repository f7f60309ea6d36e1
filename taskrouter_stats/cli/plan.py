"""``taskrouter-stats plan``: estimate the requests and the time of a fetch."""

from collections.abc import Sequence
from typing import Final

import click
from rich.console import Console

from taskrouter_stats import SessionOptions, Window, queries
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import Estimate, WorkerPlan
from taskrouter_stats.models import Worker, check_sid
from taskrouter_stats.session.options import check_number

from .exit_codes import COMPLETE, EXIT_CODES_HELP
from .fetch.stop import run_until_sigterm
from .options.accounts import Account, read_accounts
from .options.session import session_options
from .options.windows import WindowSelection, window_options
from .options.workers import WorkerSelection, worker_options
from .table.render import window_text
from .terminal import duration_text, results_console

__all__ = ["plan"]

_PACES: Final = (5.0, 10.0, 50.0)
"""Requests per second of the estimate if no limit is known."""
_TEN: Final = 10
"""Seconds over which Twilio documents averages. Twilio does not document whether a header's number
is for one second or for ten."""

_HELP = f"""Estimate the cost of fetching the WORKSPACES (WS…) without fetching.

Lists the workers (1,000 per request) and requests the statistics of one worker. Then prints how
many requests `fetch` with the same options would send, and how long it would take at the limit in
the reply's headers. With --offline, sends nothing, requires no credentials, and estimates for 5, 10
and 50 requests per second.

Twilio documents 30 days of history: a warning says which windows would become older than that
before all their workers are requested.

\b
Examples:
  taskrouter-stats plan WS… --catch-up 30 --tz America/New_York
  taskrouter-stats plan WS… --last 1d --every 1h --headroom 0.5
  taskrouter-stats plan --offline --workers-count 15000 --catch-up 30 --tz UTC

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("workspaces", nargs=-1)
@window_options
@worker_options
@click.option("--offline", is_flag=True, help="Send nothing; requires --workers-count.")
@click.option(
    "--workers-count",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Workers per workspace, for --offline.",
)
@session_options(max_in_flight=20, headroom=0.2)
def plan(
    workspaces: Sequence[str],
    times: WindowSelection,
    selection: WorkerSelection,
    offline: bool,
    workers_count: int | None,
    options: SessionOptions,
) -> int:
    """Print the estimate and return the exit code."""
    if offline != (workers_count is not None):
        raise ConfigError("--offline and --workers-count N require each other: give both or none")
    _check_pace(options)
    if not workspaces and not offline:
        raise click.UsageError(
            "Missing argument 'WORKSPACES…': give it, or --offline --workers-count N."
        )
    for workspace in workspaces:
        check_sid("WORKSPACE", workspace, "WS")
    console = results_console()
    if not times.windows:
        console.out("Nothing to do: none of these days has settled.", highlight=False)
        return COMPLETE
    try:
        if workers_count is not None:
            count = workers_count * max(1, len(set(workspaces)))
            estimate = Estimate(count, times.windows)
            _print(console, "Offline", estimate, None, times, options)
        else:
            (account,) = read_accounts(None, workspaces, options)
            run_until_sigterm(_ask(account, selection, times, options, console))
    except OverflowError:
        raise ConfigError(
            "the fetch would take thousands of years at this pace: allow a faster pace"
        ) from None
    return COMPLETE


def _check_pace(options: SessionOptions) -> None:
    """Check the options that the estimate uses: an offline plan has no session to check them."""
    share = "expected a share from 0 to below 1, such as 0.2 for 20%"
    check_number("headroom", options.get("headroom", 0.0), share, below=1.0)
    rate = "expected requests per second, 0.001 or more"
    check_number("pace_limit", options.get("pace_limit", 1.0), rate, least=1e-3)


async def _ask(
    account: Account,
    selection: WorkerSelection,
    times: WindowSelection,
    options: SessionOptions,
    console: Console,
) -> None:
    async with account.session as session:
        for workspace in account.workspaces:
            sids = await _workers(account, selection.plan(workspace, times.windows))
            limit = None
            if sids:
                newest = queries.worker_statistics(
                    workspace, sids[0], times.windows[-1], task_channel=selection.task_channel
                )
                success = await session.fetch_with_meta(newest)
                limit = success.meta.rate_limit.limit or None
            estimate = Estimate(len(sids), times.windows)
            _print(console, f"Workspace {workspace}", estimate, limit, times, options)


async def _workers(account: Account, selected: WorkerPlan) -> list[str]:
    listing = selected.listing()
    if listing is None:
        return [sid for sid in selected.workers or () if isinstance(sid, str)]  # type: ignore[union-attr]
    workers: list[Worker] = await account.session.iterate(listing).collect()
    return [worker.sid for worker in workers]


def _print(
    console: Console,
    title: str,
    estimate: Estimate,
    limit: float | None,
    times: WindowSelection,
    options: SessionOptions,
) -> None:
    first, last = estimate.windows[0], estimate.windows[-1]
    total = Window(start=first.start, end=last.end)
    windows = _count(len(estimate.windows), "window")
    requests = _count(estimate.requests, "request")
    lines = [
        f"{title}: {_count(estimate.workers, 'worker')} x {windows}",
        f"  from {window_text(total)}",
        f"  {requests} for statistics, and {estimate.pages:,} to list the workers",
    ]
    share, pace_limit = 1 - options.get("headroom", 0.0), options.get("pace_limit")
    if limit is None:
        known = "" if title == "Offline" else "the server sent no limit; "
        lines.append(f"  {known}estimated time")
        paces = [(f"at {pace:g} requests per second", pace) for pace in _PACES]
    else:
        used = f", of which this run uses {share:.0%}" if share < 1 else ""
        lines.append(f"  the server sent a limit of {limit:g}{used}; estimated time")
        paces = [("if the limit is per second", limit * share)]
        paces += [("if the limit is per 10 seconds", limit * share / _TEN)]
    paces = [(case, min(pace, pace_limit or pace)) for case, pace in paces]
    lines += [
        f"    {case}: {duration_text(max(1, estimate.seconds(pace)))}" for case, pace in paces
    ]
    lines += [
        f"  Warning: {case}, {_oldest(len(late))} will be older than the documented 30 days of "
        "history before all workers are requested: start with a later window, or use fewer and "
        "longer windows."
        for case, pace in paces
        if (late := estimate.expiring(times.now, pace))
    ]
    console.out("\n".join(lines), highlight=False)


def _oldest(count: int) -> str:
    return "the oldest window" if count == 1 else f"the {count:,} oldest windows"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
