"""``taskrouter-stats fetch``: every worker of a real workspace, as JSON Lines or as a table."""

import asyncio
from collections.abc import Awaitable, Callable

import click
from rich.console import Console

from taskrouter_stats import SessionOptions, Success, TaskRouterSession, Window
from taskrouter_stats.models import WorkerStatistics, check_sid

from .board import board
from .consoles import errors_console, results_console, table_size
from .exits import COMPLETE, TABLE, UNREACHABLE
from .output import Output, open_output
from .pulling import Pull, truth
from .row import worker_row
from .session_flags import session_options
from .standings import Standings
from .windows import window_options
from .worker_list import read_workers

__all__ = ["fetch"]

_EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""

_HELP = f"""Fetch the statistics of every worker of WORKSPACE (WS…).

Writes JSON Lines, one worker a line, to standard output, or with --output to a file; on a
terminal without --output it shows a table. Progress and failures go to stderr. All workers
answer for the same time, which is sent in UTC; without --last, --from or --day it is the last 15
minutes. How far back the server can look is its word; 30 days are documented.

\b
Credentials come from the environment:
  TWILIO_API_KEY and TWILIO_API_SECRET, or
  TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN
Also read: TWILIO_REGION, TWILIO_EDGE, TASKROUTER_STATS_BASE_URL and
TASKROUTER_STATS_ALLOW_HTTP.

\b
Examples:
  taskrouter-stats fetch WS… --last 8h
  taskrouter-stats fetch WS… --day yesterday --tz Asia/Manila --output d.jsonl
  taskrouter-stats fetch WS… --from 2026-11-01T08:00Z --to 2026-11-01T16:00Z
  taskrouter-stats fetch WS… --last 8h | jq .worker_name
  head -20 sids.txt | taskrouter-stats fetch WS… --workers - --headroom 0.3

Times: a day is a local one, midnight to midnight in --tz, so it has 23 or 25 hours when clocks
change there; times without an offset are in --tz too. A line's window_start and window_end are
what was asked for, its start_time and end_time what the server answered for, all in UTC.
Durations are seconds.

Files: FILE appears when the run is complete (exit code 0). Until then, and if it ends otherwise,
its rows are in FILE.<number>.partial, and an older FILE stays as it was.

With --workers no names are listed: worker_name is null.

{TABLE}
"""


@click.command(help=_HELP)
@click.argument("workspace")
@window_options
@click.option("--task-channel", metavar="NAME", help="Only this TaskChannel: voice, or its SID.")
@click.option("--workers", metavar="FILE", help="Only these: one SID (WK…) a line; - is stdin.")
@click.option("--output", metavar="FILE", help="Where rows go; - is standard output.")
@click.option(
    "--max-failures",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    show_default="0",
    help="Workers that may fail in a run that is complete.",
)
@session_options
def fetch(
    workspace: str,
    window: Window,
    task_channel: str | None,
    workers: str | None,
    output: str | None,
    max_failures: int,
    options: SessionOptions,
) -> int:
    """Check everything, then fetch; return the exit code."""
    check_sid("WORKSPACE", workspace, "WS")
    given = None if workers is None else read_workers(workers)
    session = TaskRouterSession.from_env(**options)
    stream = session.stream_worker_statistics(
        workspace, window, task_channel=task_channel, workers=given
    )
    results = results_console()
    errors = errors_console(plain=results.is_terminal and output == "-")
    as_table = output is None and results.is_terminal
    sink = None if as_table else open_output(output or "-")
    pull = Pull(Standings(table_size(results) if as_table else 0))
    try:
        asyncio.run(
            pull.run(session, stream, errors, _EVERY, None if sink is None else _keeper(sink))
        )
        code = pull.code(max_failures)
        if sink is not None and code == COMPLETE:
            sink.complete()
    except BaseException as error:
        error.add_note(f"Not complete: {_whereabouts(pull, sink)}.")
        raise
    if sink is None:
        results.print(board(results, pull.standings, window, f"Workers of {workspace}"))
        results.print(f" {truth(pull)}")
    _report(pull, sink, errors, code)
    return code


def _keeper(sink: Output) -> Callable[[Success[WorkerStatistics]], Awaitable[None]]:
    async def keep(success: Success[WorkerStatistics]) -> None:
        await sink.write(worker_row(success))

    return keep


def _whereabouts(pull: Pull, sink: Output | None) -> str:
    """What came of the run so far, and where it is."""
    rows = pull.progress.done - pull.failed if sink is None else sink.written
    total = pull.progress.total
    text = f"{rows:,} of {total:,} workers" if total else f"{rows:,} workers"
    return text if sink is None else f"{text}, in {sink.place}"


def _report(pull: Pull, sink: Output | None, errors: Console, code: int) -> None:
    """The end of a run that came to its end."""
    if sink is not None:
        errors.out(f"{_whereabouts(pull, sink)}; {truth(pull)}", highlight=False)
    if code != COMPLETE:
        count = f"{pull.failed:,} worker{'' if pull.failed == 1 else 's'} failed"
        why = ", none was answered" if code == UNREACHABLE else ", more than --max-failures allows"
        errors.out(f"Not complete: {count}{why}.", highlight=False)
