"""``taskrouter-stats plan``: estimate the requests and the time of a fetch."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click
from rich.console import Console

from taskrouter_stats import SessionOptions, TaskRouterSession, Window
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import Estimate, Plan
from taskrouter_stats.etl.planning.tables import KINDS
from taskrouter_stats.models import check_sid
from taskrouter_stats.session.options import check_number

from .exit_codes import COMPLETE, EXIT_CODES_HELP
from .fetch.stop import run_until_sigterm
from .options.accounts import Account, read_accounts
from .options.selection import Selection, selection_options
from .options.session import session_options
from .options.windows import WindowSelection, window_options
from .plain_text import duration_text
from .table.render import window_text
from .terminal import results_console

__all__ = ["plan"]

_PACES: Final = (5.0, 10.0, 50.0)
"""Requests per second of the estimate if no limit is known."""
_TEN: Final = 10
"""Seconds over which Twilio documents averages. Twilio does not document whether a header's number
is for one second or for ten."""
_COUNTS: Final = {
    "workers": "--workers-count",
    "task_queues": "--task-queues-count",
    "workflows": "--workflows-count",
}
_Command = TypeVar("_Command", bound=Callable[..., Any])
_ANY_WORKSPACE: Final = "WS" + "0" * 32

_HELP = f"""Estimate the cost of fetching the WORKSPACES (WS…) without fetching.

Lists what the tables have statistics of (1,000 per request) and sends one request for each table.
Then prints how many requests `fetch` with the same options would send for each table, and how long
each would take at the limit in the reply's headers. The tables have separate limits, so they
are fetched at the same time. With --offline, sends nothing, requires no credentials, and estimates
for 5, 10 and 50 requests per second.

Twilio documents 30 days of history: a warning says which windows would become older than that
before all their requests are sent.

\b
Examples:
  taskrouter-stats plan WS… --catch-up 30 --tz America/New_York
  taskrouter-stats plan WS… --tables all --last 1d --every 1h --headroom 0.5
  taskrouter-stats plan --offline --workers-count 15000 --catch-up 30 --tz UTC

{EXIT_CODES_HELP}
"""


def _count_option(name: str, what: str) -> Callable[[_Command], _Command]:
    return click.option(
        name,
        type=click.IntRange(1, 1_000_000),
        metavar="N",
        help=f"{what} per workspace, for --offline.",
    )


@click.command(help=_HELP)
@click.argument("workspaces", nargs=-1)
@window_options
@selection_options
@click.option("--offline", is_flag=True, help="Send nothing; requires --workers-count.")
@_count_option("--workers-count", "Workers")
@_count_option("--task-queues-count", "TaskQueues")
@_count_option("--workflows-count", "Workflows")
@session_options(max_in_flight=20, headroom=0.2)
def plan(
    workspaces: Sequence[str],
    times: WindowSelection,
    selection: Selection,
    offline: bool,
    options: SessionOptions,
    **counts: int | None,
) -> int:
    """Print the estimate and return the exit code."""
    given = {name: n for name in _COUNTS if (n := counts[f"{name}_count"]) is not None}
    _check_offline(selection, offline, given, workspaces)
    _check_pace(options)
    console = results_console()
    if not times.windows:
        console.out("Nothing to do: none of these days has settled.", highlight=False)
        return COMPLETE
    try:
        if offline:
            for planned in _planned(workspaces or (_ANY_WORKSPACE,), selection, times):
                title = f"Workspace {planned.workspace_sid}" if workspaces else "Offline"
                _print(console, title, Estimate(planned, given), {}, times, options)
        else:
            (account,) = read_accounts(None, workspaces, options)
            run_until_sigterm(_ask(account, selection, times, options, console))
    except OverflowError:
        raise ConfigError(
            "the fetch would take thousands of years at this pace: allow a faster pace"
        ) from None
    return COMPLETE


def _check_offline(
    selection: Selection, offline: bool, given: Mapping[str, int], workspaces: Sequence[str]
) -> None:
    """Check that an offline plan has every count, and any other plan none."""
    if offline != bool(given):
        raise ConfigError("--offline and --workers-count N require each other: give both or none")
    if not workspaces and not offline:
        raise click.UsageError(
            "Missing argument 'WORKSPACES…': give it, or --offline --workers-count N."
        )
    for workspace in workspaces:
        check_sid("WORKSPACE", workspace, "WS")
    if offline:
        lists = selection.plan(_ANY_WORKSPACE, [Window.last(hours=1)]).lists
        if missing := [name for name in lists if name in _COUNTS and name not in given]:
            raise ConfigError(f"--offline requires {_COUNTS[missing[0]]} N for these tables")


def _check_pace(options: SessionOptions) -> None:
    """Check the options that the estimate uses: an offline plan has no session to check them."""
    share = "expected a share from 0 to below 1, such as 0.2 for 20%"
    check_number("headroom", options.get("headroom", 0.0), share, below=1.0)
    rate = "expected requests per second, 0.001 or more"
    check_number("pace_limit", options.get("pace_limit", 1.0), rate, least=1e-3)


def _planned(workspaces: Sequence[str], selection: Selection, times: WindowSelection) -> list[Plan]:
    now = datetime.now(UTC)
    return [planned.at(now) for planned in selection.plans(workspaces, times.windows)]


async def _ask(
    account: Account,
    selection: Selection,
    times: WindowSelection,
    options: SessionOptions,
    console: Console,
) -> None:
    async with account.session as session:
        for planned in _planned(account.workspaces, selection, times):
            estimate, limits = await _read(session, planned)
            title = f"Workspace {planned.workspace_sid}"
            _print(console, title, estimate, limits, times, options)


async def _read(
    session: TaskRouterSession, planned: Plan
) -> tuple[Estimate, dict[str, float | None]]:
    """Return the estimate of a plan, and the limit of each table in the server's headers."""
    found: dict[str, list[Any]] = {}
    for name in planned.lists:
        if name not in _COUNTS:  # such a list has one page: the estimate counts it
            continue
        listing = planned.listing(name)
        if listing is not None:
            found[name] = await session.iterate(listing).collect()
        else:
            workspace = planned.workspace_sid
            found[name] = [KINDS[name].named(one, workspace) for one in planned.given[name]]
    limits: dict[str, float | None] = {}
    for table in planned.tables:
        listed: list[Any] = [] if table.kind is None else found[table.kind.name]
        query = table.query_for(listed[0]) if listed else table.template
        if listed or table.kind is None:
            success = await session.fetch_with_meta(query.with_window(planned.windows[-1]))
            limits[table.name] = success.meta.rate_limit.limit or None
    sids = {name: [one.sid for one in listed] for name, listed in found.items()}
    return Estimate.of(planned, sids), limits


def _print(
    console: Console,
    title: str,
    estimate: Estimate,
    limits: Mapping[str, float | None],
    times: WindowSelection,
    options: SessionOptions,
) -> None:
    windows = estimate.plan.windows
    total = Window(start=windows[0].start, end=windows[-1].end)
    lines = [f"{title}: {_count(len(windows), 'window')} from {window_text(total)}"]
    for table in estimate.plan.tables:
        requests = estimate.tables[table.name]
        taken = "" if table.kind is None else f"{_things(table.kind.name, estimate, table.name)}, "
        lines.append(f"  {table.name}: {taken}{_count(requests, 'request')}")
        paces = _paces(lines, title, limits.get(table.name), options)
        lines += [
            f"      {case}: {duration_text(max(1, estimate.seconds(table.name, pace)))}"
            for case, pace in paces
        ]
        lines += [
            f"    Warning: {case}, {_oldest(len(late))} will be older than the documented 30 days "
            "of history before all requests of this table are sent: start with a later window, "
            "or use fewer and longer windows."
            for case, pace in paces
            if (late := estimate.expiring(table.name, times.now, pace))
        ]
    lists = ", ".join(f"{name} {pages:,}" for name, pages in estimate.lists.items())
    lines.append(f"  lists: {_count(estimate.pages, 'request')}{lists and f' ({lists})'}")
    whole = _count(estimate.requests + estimate.pages, "request")
    lines.append(f"  {whole} in all; tables are fetched at the same time")
    console.out("\n".join(lines), highlight=False)


def _paces(
    lines: list[str], title: str, limit: float | None, options: SessionOptions
) -> list[tuple[str, float]]:
    """Add a line about a table's limit, and return the cases and their paces."""
    share, pace_limit = 1 - options.get("headroom", 0.0), options.get("pace_limit")
    if limit is None:
        known = "" if title == "Offline" else "the server sent no limit; "
        lines.append(f"    {known}estimated time")
        paces = [(f"at {pace:g} requests per second", pace) for pace in _PACES]
    else:
        used = f", of which this run uses {share:.0%}" if share < 1 else ""
        lines.append(f"    the server sent a limit of {limit:g}{used}; estimated time")
        paces = [("if the limit is per second", limit * share)]
        paces += [("if the limit is per 10 seconds", limit * share / _TEN)]
    return [(case, min(pace, pace_limit or pace)) for case, pace in paces]


def _things(name: str, estimate: Estimate, table: str) -> str:
    return _count(estimate.resources(table), name.removesuffix("s").replace("_", " "))


def _oldest(count: int) -> str:
    return "the oldest window" if count == 1 else f"the {count:,} oldest windows"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
