"""``taskrouter-stats plan``: what a fetch would cost, before it is begun."""

from collections.abc import Sequence
from datetime import timedelta
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
from .options.workers import WorkerSelection, whom_options
from .table.render import window_text
from .terminal import results_console

__all__ = ["plan"]

_PACES: Final = (5.0, 10.0, 50.0)
"""Requests a second for which the cost is told where no server tells a limit."""
_TEN: Final = 10
"""The documents speak of averages over ten seconds; whether a header's number is for one second
or for ten, they don't say."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

_HELP = f"""Tell what fetching the WORKSPACES (WS…) would cost, and fetch nothing.

Lists the workers, a thousand a request, asks for the statistics of one, and tells how many
requests `fetch` with the same options would send and how long that takes at the limit which the
reply's headers tell. With --offline nothing is sent, no credentials are needed, and the answer
is given for 5, 10 and 50 requests a second.

The server keeps statistics for 30 days: a plan that takes so long that its oldest windows would be
forgotten before their turn comes is pointed out.

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
@whom_options
@click.option("--offline", is_flag=True, help="Ask nobody; needs --workers-count.")
@click.option(
    "--workers-count", type=click.IntRange(1, 1_000_000), metavar="N", help="For --offline."
)
@session_options(max_in_flight=20, headroom=0.2)
def plan(
    workspaces: Sequence[str],
    times: WindowSelection,
    whom: WorkerSelection,
    offline: bool,
    workers_count: int | None,
    options: SessionOptions,
) -> int:
    """Estimate; return the exit code."""
    if offline != (workers_count is not None):
        raise ConfigError("--offline and --workers-count N go together")
    check_number("headroom", options.get("headroom", 0.0), "0 to below 1", below=1.0)
    check_number(
        "pace_limit",
        options.get("pace_limit", 1.0),
        "requests per second, a number above 0",
        least=1e-3,
    )
    if not workspaces and not offline:
        raise click.UsageError("Missing argument 'WORKSPACES…', or --offline --workers-count N.")
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
            run_until_sigterm(_ask(account, whom, times, options, console))
    except OverflowError:
        raise ConfigError("at that pace it takes thousands of years") from None
    return COMPLETE


async def _ask(
    account: Account,
    whom: WorkerSelection,
    times: WindowSelection,
    options: SessionOptions,
    console: Console,
) -> None:
    async with account.session as session:
        for workspace in account.workspaces:
            wanted = whom.plan(workspace, times.windows)
            sids = await _workers(account, wanted)
            limit = None
            if sids:
                newest = queries.worker_statistics(
                    workspace, sids[0], times.windows[-1], task_channel=whom.task_channel
                )
                said = await session.fetch_with_meta(newest)
                limit = said.meta.rate_limit.limit or None
            estimate = Estimate(len(sids), times.windows)
            _print(console, f"Workspace {workspace}", estimate, limit, times, options)


async def _workers(account: Account, wanted: WorkerPlan) -> list[str]:
    listing = wanted.listing()
    if listing is None:
        return [one for one in wanted.workers or () if isinstance(one, str)]  # type: ignore[union-attr]
    found: list[Worker] = await account.session.iterate(listing).collect()
    return [worker.sid for worker in found]


def _print(
    console: Console,
    title: str,
    estimate: Estimate,
    limit: float | None,
    times: WindowSelection,
    options: SessionOptions,
) -> None:
    lines: list[str] = []
    say = lines.append
    first, last = estimate.windows[0], estimate.windows[-1]
    whole = Window(start=first.start, end=last.end)
    say(f"{title}: {_of(estimate.workers, 'worker')} x {_of(len(estimate.windows), 'window')}")
    say(f"  from {window_text(whole)}")
    say(
        f"  {_of(estimate.requests, 'request')} for statistics, "
        f"and {estimate.pages:,} to list the workers"
    )
    share, bound = 1 - options.get("headroom", 0.0), options.get("pace_limit")
    if limit is None:
        say("  no limit was told; it takes" if title != "Offline" else "  it takes")
        paces = [(f"at {pace:g} requests a second", pace) for pace in _PACES]
    else:
        kept = f", of which {share:.0%} are taken" if share < 1 else ""
        say(f"  the server tells a limit of {limit:g}{kept}; it takes")
        paces = [("if that is for a second", limit * share)]
        paces += [("if that is for ten seconds", limit * share / _TEN)]
    paces = [(what, pace if bound is None else min(pace, bound)) for what, pace in paces]
    for what, pace in paces:
        say(f"    {what}: {_length(estimate.seconds(pace))}")
    for what, pace in paces:
        if late := estimate.expiring(times.now, pace):
            which = "the oldest window" if len(late) == 1 else f"the {len(late):,} oldest windows"
            say(
                f"  Warning: {what}, {which} will be older than the 30 days that the server "
                "keeps before all workers are asked about: begin with a later window, or take "
                "fewer and longer ones."
            )
    console.out("\n".join(lines), highlight=False)


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _length(seconds: float) -> str:
    """A length of time in the two units that matter."""
    span = timedelta(seconds=max(1, round(seconds)))
    total = span.days * _DAY + span.seconds
    units = ((_DAY, "day"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    at = next(number for number, (unit, _) in enumerate(units) if total >= unit)
    (unit, name), *smaller = units[at : at + 2]
    count, rest = divmod(total, unit)
    days = "s" if name == "day" and count > 1 else ""
    text = f"{count} {name}{days}"
    if smaller and (small := rest // smaller[0][0]):
        text += f" {small} {smaller[0][1]}"
    return text
