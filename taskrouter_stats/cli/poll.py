"""``taskrouter-stats poll``: real-time statistics of workspaces, into files, until stopped."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any, Final

import click
from attrs import define, field

from taskrouter_stats import SessionOptions
from taskrouter_stats.errors import ConfigError, StorageError, TaskRouterStatsError
from taskrouter_stats.etl import JsonLinesSink, ParquetSink, Poll, PollReport, Sink
from taskrouter_stats.etl.polling.taker import DEFAULT_TABLES, TABLES

from .exit_codes import (
    COMPLETE,
    EXIT_CODES_HELP,
    TEMPFAIL,
    TOO_MANY_FAILURES,
    UNREACHABLE,
    code_of,
)
from .fetch.stop import stop_on_signal
from .options.accounts import Account, read_accounts
from .options.reporting import reporting_options
from .options.session import ENVIRONMENT_HELP, session_options
from .options.shared import shared_option
from .options.windows import read_zone
from .plain_text import duration_text
from .reporter import Reporter
from .terminal import errors_console

__all__ = ["poll"]

_SPAN: Final = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MIN_TIMEOUT, _MAX_TIMEOUT = 10.0, 30.0
"""Bounds, in seconds, of the default of ``--timeout``: a request that hangs costs few beats."""

_HOUR: Final = 3600.0
"""Seconds between two lines of progress if stderr is not a terminal."""

_HELP = f"""Store the real-time statistics of the WORKSPACES (WS…) at a fixed beat, until stopped.

The server keeps no history of real-time statistics: this command makes one. At each beat it stores
a snapshot: the workspace's tasks and workers, those of every queue (one request per 50 queues), and
each worker's activity with the time in it (one request per 1,000 workers). All rows of a snapshot
have the same snapshot_time. The table snapshots has a row per snapshot, which says whether it is
complete, and if not, what is missing and why. A beat that is late is skipped and counted.

{ENVIRONMENT_HELP}

\b
Examples:
  taskrouter-stats poll WS… --output lake/
  taskrouter-stats poll WS… --every 10s --for 8h --output lake/
  taskrouter-stats poll WS… --tables all --format jsonl --output live/
  taskrouter-stats poll --accounts accounts.toml --output lake/

Files: PLACE/TABLE/account=…/workspace=…/day=…/, in Parquet or JSON Lines. PLACE is a folder, or a
URI such as s3://bucket/lake; fetch may write to the same one. Each snapshot adds a small file to
each table, and the files of an hour become one file once the hour has ended. Any program can read
them at any time. A kill loses no stored snapshot, and the same command continues.

\b
Tables:
  workspace_real_time_statistics   one request
  task_queue_real_time_statistics  one request per 50 queues
  worker_activity                  one request per 1,000 workers
  workers_real_time_statistics     one request; only if named
  workflow_real_time_statistics    one request per workflow; only if named
Tables by status, priority and activity come with them.

Ctrl-C and SIGTERM end it after the snapshot under way; run it again to continue.

{EXIT_CODES_HELP}
"""


@click.command(help=_HELP)
@click.argument("workspaces", nargs=-1)
@click.option("--output", metavar="PLACE", required=True, help="Folder or URI.")
@click.option(
    "--every", metavar="SPAN", default="30s", show_default=True, help="Beat: 5s, 30s, 1m."
)
@click.option(
    "--for", "duration", metavar="SPAN", help="Begin no snapshot after this time, such as 8h."
)
@click.option(
    "--tables", metavar="NAMES", help="Comma-separated, or all.  [default: the first three]"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl"]),
    default="parquet",
    show_default=True,
    help="Format of the files.",
)
@click.option("--tz", metavar="ZONE", default="UTC", show_default=True, help="Zone of the days.")
@click.option("--accounts", metavar="FILE", help="TOML file of several accounts, as for fetch.")
@reporting_options("Incomplete snapshots and skipped beats")
@session_options(max_in_flight=20, headroom=0.2, timeout="a beat, 10 to 30")
@shared_option
def poll(
    workspaces: Sequence[str],
    output: str,
    every: str,
    duration: str | None,
    tables: str | None,
    form: str,
    tz: str,
    accounts: str | None,
    log_format: str,
    max_failures: int,
    options: SessionOptions,
) -> int:
    """Check all options, then poll; return the exit code."""
    if not workspaces and accounts is None:
        raise click.UsageError("Missing argument 'WORKSPACES…': give it, or --accounts FILE.")
    as_json = log_format == "json"
    reporter = Reporter(errors_console(plain=as_json), as_json)
    beat = _read_span("--every", every)
    options = {"timeout": min(_MAX_TIMEOUT, max(_MIN_TIMEOUT, beat.total_seconds())), **options}
    shared: dict[str, Any] = {
        "every": beat,
        "duration": None if duration is None else _read_span("--for", duration),
        "tables": _read_tables(tables),
        "tz": read_zone(tz),
    }
    run = _PollRun(read_accounts(accounts, workspaces, options), _sink(output, form), reporter)
    run.create(shared)
    asyncio.run(run.run())
    code = run.code(max_failures)
    run.report(code)
    return code


def _sink(output: str, form: str) -> Sink:
    return ParquetSink(output) if form == "parquet" else JsonLinesSink(output)


def _read_span(option: str, span: str) -> timedelta:
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise ConfigError(f"{option} {span}: expected a time such as 30s, 5m, 8h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _read_tables(names: str | None) -> tuple[str, ...]:
    if names is None:
        return DEFAULT_TABLES
    chosen = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    if chosen == ("all",):
        return TABLES
    if unknown := [name for name in chosen if name not in TABLES]:
        raise ConfigError(f"--tables {unknown[0]}: expected all, or some of {', '.join(TABLES)}")
    return chosen


@define(eq=False)
class _PollRun:
    """All polls of one command.

    Attributes:
        accounts: the accounts and their workspaces.
        sink: the place and the format of the files.
        reporter: the writer of progress and messages.
        polls: the polls, by account.
        errors: the errors that ended polls, by workspace.
    """

    accounts: Sequence[Account]
    sink: Sink
    reporter: Reporter
    polls: list[tuple[Account, list[Poll]]] = field(
        factory=list[tuple[Account, list[Poll]]], init=False
    )
    errors: dict[str, TaskRouterStatsError] = field(
        factory=dict[str, TaskRouterStatsError], init=False
    )
    _stop: asyncio.Event = field(factory=asyncio.Event, init=False)

    def create(self, shared: Mapping[str, Any]) -> None:
        """Create the polls, which checks their options.

        Raises:
            UsageError: an option is wrong.
        """
        for account in self.accounts:
            polls = [
                Poll(
                    account.session,
                    workspace,
                    self.sink,
                    **shared,
                    stop=self._stop,
                    on_snapshot=self._lines(workspace),
                )
                for workspace in account.workspaces
            ]
            self.polls.append((account, polls))

    async def run(self) -> None:
        """Poll until every poll has ended; keep the error of each."""
        with self.reporter.logging():
            say, restore = self.reporter.write, self.reporter.console.show_cursor
            async with stop_on_signal(self._stop, None, say, restore):
                jobs = [self._run_account(account, polls) for account, polls in self.polls]
                await asyncio.gather(*jobs)

    @property
    def reports(self) -> list[PollReport]:
        """The reports of all polls."""
        return [poll.report for _, polls in self.polls for poll in polls]

    def code(self, max_failures: int) -> int:
        """Return the exit code.

        Args:
            max_failures: incomplete snapshots and skipped beats that exit code 0 allows.
        """
        if self.errors:
            return min(map(code_of, self.errors.values()))
        if any(report.stopped for report in self.reports):
            return TEMPFAIL
        if not any(report.rows for report in self.reports):
            return UNREACHABLE
        missing = sum(report.partial + report.skipped for report in self.reports)
        return TOO_MANY_FAILURES if missing > max_failures else COMPLETE

    def report(self, code: int) -> None:
        """Report the results."""
        say = self.reporter.write
        for report in self.reports:
            error = self.errors.get(report.workspace_sid)
            if error is None or report.beats:
                say(_summary(report), event="report", report=report.to_dict())
            if error is not None:
                name = f"{report.workspace_sid}: " if len(self.reports) > 1 else ""
                say(f"Error: {name}{error}", level="error", event="error")
        if code == TEMPFAIL and not self.errors:
            text = "Stopped: run the command again to continue."
            say(text, event="end", exit_code=code)
        elif self.reporter.as_json or code != COMPLETE:
            text = "Complete." if code == COMPLETE else "Not complete."
            level = "info" if code == COMPLETE else "error"
            say(text, level=level, event="end", exit_code=code)

    async def _run_account(self, account: Account, polls: Sequence[Poll]) -> None:
        async with account.session:
            await asyncio.gather(*map(self._run_one, polls))

    async def _run_one(self, poll: Poll) -> None:
        try:
            await poll.run()
        except TaskRouterStatsError as error:
            self.errors[poll.workspace_sid] = error
            if isinstance(error, StorageError):  # no other poll can store rows either
                self._stop.set()

    def _lines(self, workspace: str) -> Callable[[Mapping[str, Any]], None]:
        """Return what writes a line for each snapshot, or for one an hour in a log."""
        several = sum(len(account.workspaces) for account in self.accounts) > 1
        written_at: float | None = None

        def write(row: Mapping[str, Any]) -> None:
            nonlocal written_at
            now = time.monotonic()
            is_due = written_at is None or now - written_at >= _HOUR
            if is_due or self.reporter.console.is_terminal:
                written_at = now
                name = f"{workspace}: " if several else ""
                self.reporter.write(f"{name}{_line(row)}", event="snapshot", snapshot=dict(row))

        return write


def _line(row: Mapping[str, Any]) -> str:
    """Return a line about a snapshot."""
    reasons: Mapping[str, str] = row["problems"] or {}
    state = "complete" if row["complete"] else f"not complete ({', '.join(reasons)})"
    rows, requests = sum(row["rows"].values()), row["requests"]
    at = row["snapshot_time"].astimezone(UTC)
    took = f"{row['took']:.1f} s"
    return f"{at:%Y-%m-%d %H:%M:%S}Z {state}: {rows:,} rows, {requests:,} requests, {took}"


def _summary(report: PollReport) -> str:
    """Return a line about a poll."""
    snapshots = f"{report.snapshots:,} snapshots ({report.partial:,} not complete)"
    beats = f"{report.skipped:,} beats skipped"
    requests = f"{report.requests:,} requests, {report.refused:,} refused"
    return (
        f"{report.workspace_sid}: {snapshots}, {beats}, {report.rows:,} rows, in {report.place}; "
        f"{requests}; {duration_text(report.elapsed)}"
    )
