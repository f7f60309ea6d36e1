"""``taskrouter-stats fetch``: every worker of real workspaces, into files, a pipe or a table."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import click
from rich.console import Console

from taskrouter_stats import SessionOptions
from taskrouter_stats.cli.exit_codes import BUG, EXIT_CODES_HELP, INTERRUPTED, PIPE, code_of
from taskrouter_stats.cli.options.accounts import Account, read_accounts
from taskrouter_stats.cli.options.output import OutputTarget, target_options
from taskrouter_stats.cli.options.reporting import reporting_options
from taskrouter_stats.cli.options.selection import Selection, selection_options
from taskrouter_stats.cli.options.session import ENVIRONMENT_HELP, session_options
from taskrouter_stats.cli.options.shared import shared_option
from taskrouter_stats.cli.options.windows import WindowSelection, window_options
from taskrouter_stats.cli.reporter import Reporter
from taskrouter_stats.cli.table.writer import TableWriter
from taskrouter_stats.cli.terminal import errors_console, results_console
from taskrouter_stats.errors import ConfigError, TaskRouterStatsError
from taskrouter_stats.etl import RowWriter, Writer

from .report import report_run
from .run import ExportRun
from .stdout import StdoutWriter, open_output
from .stop import read_stop_at
from .summary import write_summary
from .summary_file import check_summary

__all__ = ["fetch"]

_HELP = f"""Fetch statistics of the WORKSPACES (WS…): of every worker, and other --tables.

With --output, rows go to files, and the same command continues an earlier run: after a signal, a
crash, a full disk, or the next day. Without --output, a terminal shows a table; otherwise rows go
to standard output as JSON Lines, and the run cannot be continued. Progress and failures go to
stderr. All workers are requested for the same windows, by default the last 15 minutes. Twilio
documents 30 days of history.

{ENVIRONMENT_HELP}

\b
Examples:
  taskrouter-stats fetch WS… --last 8h
  taskrouter-stats fetch WS… --last 8h | jq .worker_name
  taskrouter-stats fetch WS… --day yesterday --tz Asia/Manila --output d.jsonl
  taskrouter-stats fetch WS… --catch-up 7 --tz Europe/Dublin --output lake/
  taskrouter-stats fetch WS… --last 1d --every 1h --output hours/ --format csv
  taskrouter-stats fetch --accounts accounts.toml --catch-up 7 --tz UTC \\
    --output lake/ --stop-at 07:00 --summary run.json --log-format json
  taskrouter-stats fetch WS… --tables all --last 1d --every 1h --output lake/
  taskrouter-stats fetch --retry-failed --output lake/

Times: a day lasts from midnight to midnight in --tz, which is 23 or 25 hours when the clocks
change there. Times without an offset are in --tz, too. With --every, --last ends at the last
multiple of the length. In a row, window_start and window_end are the requested times, start_time
and end_time those that the server answered for, all in UTC. Durations are in seconds.

A window that ended less than --settle ago is stored with complete=false, and the next run fetches
it again: in Parquet the later answer replaces the earlier one; in files the row with the latest
fetched_at is valid, and taskrouter-stats compact removes the others. One output refuses windows
that overlap and differ in length or zone, such as days and hours, or days of two zones.

Tables: --tables names worker_statistics, task_queue_statistics, workflow_statistics,
workspace_statistics, workers_statistics (all workers together), or what the server lists: workers,
task_queues, workflows, activities, task_channels, and worker_channels (one request per worker).
"all" means all but worker_channels. The tables have separate rate limits and are fetched at
the same time; an error that ends one does not end the others. --shard 3/8 fetches one of 8 parts,
into a separate output.

Files: a name that ends in .jsonl, .ndjson, .json or .csv is one file (.gz compresses it). Any
other name, or a URI such as s3://bucket/lake, is a Parquet folder. PLACE/_state (for a single file
FILE._state) records what is done, and its failures.jsonl what failed and was not answered later.
--summary replaces a file, or the target of a link, and writes into a named pipe or device.

\b
Accounts: a file of tables such as this one. It names environment variables
and never contains a secret. Other keys: api_key_env and api_secret_env.
  [[account]]
  name = "emea"
  workspaces = ["WS…"]
  account_sid_env = "EMEA_ACCOUNT_SID"
  auth_token_env = "EMEA_AUTH_TOKEN"
  region = "ie1"
Further keys: edge and base_url. A workspace belongs to one account.

With --workers, worker_name is null, because the workers are not listed. Workers that no longer
exist and windows older than the server's history are counted separately, not as failures.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("workspaces", nargs=-1)
@window_options
@selection_options
@target_options
@click.option(
    "--accounts", metavar="FILE", help="TOML file of several accounts, fetched concurrently."
)
@click.option("--stop-at", metavar="HH:MM", help="Stop at this time in --tz; exit code 75.")
@click.option("--summary", metavar="FILE", help="Write a summary of the run to FILE, as JSON.")
@reporting_options("Failures")
@session_options(max_in_flight=20, headroom=0.2)
@shared_option
def fetch(
    workspaces: Sequence[str],
    times: WindowSelection,
    selection: Selection,
    target: OutputTarget,
    accounts: str | None,
    stop_at: str | None,
    summary: str | None,
    log_format: str,
    max_failures: int,
    options: SessionOptions,
) -> int:
    """Check all options, then fetch; return the exit code."""
    if not workspaces and accounts is None and not target.retry_failed:
        raise click.UsageError("Missing argument 'WORKSPACES…': give it, or --accounts FILE.")
    if summary is not None:
        check_summary(summary, target.output, accounts)
    results = results_console()
    as_json = log_format == "json"
    on_terminal = results.is_terminal and target.output in (None, "-")
    reporter = Reporter(
        errors_console(plain=as_json or (on_terminal and target.output == "-")), as_json
    )
    chosen = read_accounts(accounts, workspaces, options)
    if selection.workers is not None and sum(len(account.workspaces) for account in chosen) > 1:
        raise ConfigError("--workers names workers of one workspace: give one WORKSPACE")
    stop = None if stop_at is None else read_stop_at(stop_at, times.zone, times.now)
    writer: RowWriter
    if on_terminal and target.output is None:
        writer = _table(results, chosen, times)
    elif target.is_stored:
        writer = Writer(target.sink(selection.tables), target.fresh)
    else:
        writer = StdoutWriter(open_output(target.output or "-"))
    run = ExportRun(chosen, selection, times.windows, writer, reporter, times.settle, stop)
    run.verify, run.retry_failed = target.verify, target.retry_failed
    return _run_and_report(run, summary, max_failures, times.now)


def _table(results: Console, accounts: Sequence[Account], times: WindowSelection) -> TableWriter:
    workspaces = [sid for account in accounts for sid in account.workspaces]
    if len(workspaces) != 1 or len(times.windows) != 1:
        raise ConfigError(
            "a table shows one workspace and one window: name a file or folder with --output"
        )
    return TableWriter(results, f"Workers of {workspaces[0]}")


def _run_and_report(run: ExportRun, summary: str | None, max_failures: int, began: datetime) -> int:
    """Run it, report how it ended, and write the summary in every case."""
    code, ended_by = BUG, None
    try:
        if run.windows or run.retry_failed:
            asyncio.run(run.run())
        else:
            run.reporter.write("Nothing to do: none of these days has settled.")
        code = run.code(max_failures)
        report_run(run, code)
    except BaseException as error:
        ended_by = error
        code = _code_of(error)
        if isinstance(error, TaskRouterStatsError) and run.reporter.as_json:
            run.reporter.write(f"Error: {error}", level="error", event="error")
        else:
            raise
    finally:
        if summary is not None:
            write_summary(summary, run.jobs, code, began, ended_by)
    return code


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
