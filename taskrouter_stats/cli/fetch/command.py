"""``taskrouter-stats fetch``: every worker of real workspaces, into files, a pipe or a table."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import click

from taskrouter_stats import SessionOptions
from taskrouter_stats.cli.exit_codes import (
    BUG,
    COMPLETE,
    EXIT_CODES_HELP,
    INTERRUPTED,
    PIPE,
    TEMPFAIL,
    code_of,
)
from taskrouter_stats.cli.options.accounts import read_accounts
from taskrouter_stats.cli.options.output import OutputTarget, target_options
from taskrouter_stats.cli.options.session import session_options
from taskrouter_stats.cli.options.windows import WindowSelection, window_options
from taskrouter_stats.cli.options.workers import WorkerSelection, whom_options
from taskrouter_stats.cli.reporter import Reporter
from taskrouter_stats.cli.table.run import show_table
from taskrouter_stats.cli.terminal import errors_console, results_console
from taskrouter_stats.errors import ConfigError, TaskRouterStatsError
from taskrouter_stats.etl import Writer

from .run import ExportRun
from .stdout import open_output, printed
from .stop import read_stop_at
from .summary import summary_line, write_summary
from .summary_file import check_summary

__all__ = ["fetch"]

_SHOWN = 20
"""Failures that are told one by one; all are in the file of failures and in the summary."""

_HELP = f"""Fetch the statistics of every worker of the WORKSPACES (WS…).

With --output, rows go to files, and the same command run again continues where it ended: after a
signal, a crash, a full disk, or the next day. Without it they go to standard output as JSON
Lines, which can't be continued, or on a terminal into a table. Progress and failures go to
stderr. All workers answer for the same times; without an option they are the last 15 minutes.
How far back the server can look is its word; 30 days are documented.

\b
Credentials come from the environment:
  TWILIO_API_KEY and TWILIO_API_SECRET, or
  TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN
Also read: TWILIO_REGION, TWILIO_EDGE, TASKROUTER_STATS_BASE_URL and
TASKROUTER_STATS_ALLOW_HTTP.

\b
Examples:
  taskrouter-stats fetch WS… --last 8h
  taskrouter-stats fetch WS… --last 8h | jq .worker_name
  taskrouter-stats fetch WS… --day yesterday --tz Asia/Manila --output d.jsonl
  taskrouter-stats fetch WS… --catch-up 7 --tz Europe/Dublin --output lake/
  taskrouter-stats fetch WS… --last 1d --every 1h --output hours/ --format csv
  taskrouter-stats fetch --accounts accounts.toml --catch-up 7 --tz UTC \\
    --output lake/ --stop-at 07:00 --summary run.json --log-format json
  taskrouter-stats fetch --retry-failed --output lake/

Times: a day is a local one, midnight to midnight in --tz, so it has 23 or 25 hours when clocks
change there; times without an offset are in --tz too. With --every, --last ends at the last
whole piece. A row's window_start and window_end are what was asked for, its start_time and
end_time what the server answered for, all in UTC. Durations are seconds. A window that ended less
than --settle ago is stored with complete=false and asked for again by the next run: in Parquet the
later answer replaces the earlier one, in files the row with the latest fetched_at is right, and
taskrouter-stats compact removes the others. Days beside hours, or days of another zone, are refused
in one output.

Files: a name that ends in .jsonl, .ndjson, .json or .csv is one file (.gz compresses it), any
other a folder of Parquet; a URI such as s3://bucket/lake is one too. What is done is remembered
in PLACE/_state, for a single file in FILE._state; what failed stands in its failures.jsonl until it
is answered. --summary replaces a file, or the file that a link leads to, and writes through a named
pipe or a device.

\b
Accounts: a file of tables such as this one; it names environment variables
and never holds a secret. api_key_env and api_secret_env are taken as well.
  [[account]]
  name = "emea"
  workspaces = ["WS…"]
  account_sid_env = "EMEA_ACCOUNT_SID"
  auth_token_env = "EMEA_AUTH_TOKEN"
  region = "ie1"
edge and base_url are taken as well. A Workspace belongs to one account.

With --workers no names are listed: worker_name is null. Workers that are gone and windows that
the server has forgotten are counted, not failures.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("workspaces", nargs=-1)
@window_options
@whom_options
@target_options
@click.option("--accounts", metavar="FILE", help="Several accounts, side by side: a TOML file.")
@click.option("--stop-at", metavar="HH:MM", help="Stop then, in --tz; exit code 75.")
@click.option("--summary", metavar="FILE", help="Write what came of it there, as JSON.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Of stderr."
)
@click.option(
    "--max-failures",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    show_default="0",
    help="Failures that still end with exit code 0.",
)
@session_options(max_in_flight=20, headroom=0.2)
def fetch(
    workspaces: Sequence[str],
    times: WindowSelection,
    whom: WorkerSelection,
    target: OutputTarget,
    accounts: str | None,
    stop_at: str | None,
    summary: str | None,
    log_format: str,
    max_failures: int,
    options: SessionOptions,
) -> int:
    """Check everything, then fetch; return the exit code."""
    if not workspaces and accounts is None and not target.retry_failed:
        raise click.UsageError("Missing argument 'WORKSPACES…', or --accounts FILE.")
    if summary is not None:
        check_summary(summary, target.output, accounts)
    results = results_console()
    as_json = log_format == "json"
    drawn = results.is_terminal and target.output in (None, "-")
    teller = Reporter(errors_console(plain=as_json or (drawn and target.output == "-")), as_json)
    known = read_accounts(accounts, workspaces, options)
    if whom.workers is not None and sum(len(account.workspaces) for account in known) > 1:
        raise ConfigError("--workers names one workspace's workers: give one WORKSPACE")
    if drawn and target.output is None:
        return show_table(known, whom, times, max_failures, results, teller.console)
    stop = None if stop_at is None else read_stop_at(stop_at, times.zone, times.now)
    if target.is_stored:
        store = Writer(target.sink(), target.fresh)
    else:
        store = printed(open_output(target.output or "-"))
    run = ExportRun(known, whom, times.windows, store, teller, times.settle, stop)
    run.verify, run.retry_failed = target.verify, target.retry_failed
    return _run_and_report(run, summary, max_failures, times.now)


def _run_and_report(run: ExportRun, summary: str | None, max_failures: int, began: datetime) -> int:
    """Run it, tell how it ended, and write the summary however that was."""
    code, ended_by = BUG, None
    try:
        if run.windows or run.retry_failed:
            asyncio.run(run.run())
        else:
            run.teller.write("Nothing to do: none of these days has settled.")
        code = run.code(max_failures)
        _tell(run, code)
    except BaseException as error:
        ended_by = error
        code = _code_of(error)
        if isinstance(error, TaskRouterStatsError) and run.teller.as_json:
            run.teller.write(f"Error: {error}", level="error", event="error")
        else:
            raise
    finally:
        if summary is not None:
            write_summary(summary, run.jobs, code, began, ended_by)
    return code


def _tell(run: ExportRun, code: int) -> None:
    """The end of a run that came to its end."""
    say = run.teller.write
    if run.retry_failed and not run.jobs:
        say("Nothing to do: no failed query is left here.")
    for job in run.jobs:
        for one in job.report.failures[:_SHOWN]:
            name = f" ({one.worker_name})" if one.worker_name else ""
            say(f"failed: {one.worker_sid}{name}: {one.message}", level="warning", event="failed")
        if (rest := job.report.failed - _SHOWN) > 0:
            say(f"failed: {rest:,} more", level="warning", event="failed")
        for check in job.report.checks:
            if not check.equal:
                sums = f"ours {dict(check.ours)}, the server's {dict(check.theirs)}"
                say(f"verify: {check.window}: {sums}", level="warning", event="verify")
        say(summary_line(job), event="report", report=job.report.to_dict())
        if job.error is not None:
            whose = f"{job.account or job.report.workspace_sid}: " if len(run.jobs) > 1 else ""
            say(f"Error: {whose}{job.error}", level="error", event="error")
    if code != COMPLETE:
        say(f"Not complete: {_reason(run, code)}.", level="error", event="end", exit_code=code)
    elif run.teller.as_json:
        allowed = f"{_failures(run)}, as --max-failures allows." if run.failed else "Complete."
        say(allowed, event="end", exit_code=code)


def _reason(run: ExportRun, code: int) -> str:
    if any(job.error is not None for job in run.jobs):
        early = sum(job.error is not None for job in run.jobs)
        return f"{early} of {len(run.jobs)} exports ended early"
    if code == TEMPFAIL:
        stored = type(run.store) is Writer
        return "stopped; run it again to " + ("continue" if stored else "start over")
    nothing = not any(job.report.written for job in run.jobs)
    more = "none was answered" if nothing else "more than --max-failures allows"
    return f"{_failures(run)}, {more}"


def _failures(run: ExportRun) -> str:
    return f"{run.failed:,} {'query' if run.failed == 1 else 'queries'} failed"


def _code_of(error: BaseException) -> int:
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case BrokenPipeError():
            return PIPE
        case Exception():
            return code_of(error)
        case _:
            return BUG
