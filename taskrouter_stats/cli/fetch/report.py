"""The report of a run at its end: lines on stderr, and the table if the run has one."""

from typing import Final

from taskrouter_stats.cli.exit_codes import COMPLETE, TEMPFAIL
from taskrouter_stats.cli.table.writer import TableWriter
from taskrouter_stats.etl import Writer

from .run import ExportJob, ExportRun
from .summary import answers_text, cost_text, table_line

__all__ = ["report_run"]

_MAX_SHOWN: Final = 20
"""Failures that stderr shows one by one. ``failures.jsonl`` has all of them."""


def report_run(run: ExportRun, code: int) -> None:
    """Report the results of a run that no error ended.

    Args:
        run: the run.
        code: its exit code.
    """
    say = run.reporter.write
    if run.retry_failed and not run.jobs:
        say("Nothing to do: the output has no failed query for these options.")
    for job in run.jobs:
        _report_job(run, job)
    if code != COMPLETE:
        say(f"Not complete: {_reason(run, code)}.", level="error", event="end", exit_code=code)
    elif run.reporter.as_json:
        text = f"{_failures(run)}, as --max-failures allows." if run.failed else "Complete."
        say(text, event="end", exit_code=code)


def _report_job(run: ExportRun, job: ExportJob) -> None:
    say, report = run.reporter.write, job.report
    for failure in report.failures[:_MAX_SHOWN]:
        name = f" ({failure.name})" if failure.name else ""
        whose = f"{failure.table} of " if len(report.tables) > 1 else ""
        text = f"failed: {whose}{failure.sid}{name}: {failure.message}"
        say(text, level="warning", event="failed")
    if (remaining := report.failed - _MAX_SHOWN) > 0:
        say(f"failed: {remaining:,} more", level="warning", event="failed")
    for check in report.checks:
        if not check.equal:
            sums = f"sums {dict(check.ours)}, the server's {dict(check.theirs)}"
            say(f"verify: {check.window}: {sums}", level="warning", event="verify")
    text = answers_text(job)
    if not isinstance(run.writer, TableWriter):
        say(f"{text}; {cost_text(report)}", event="report", report=report.to_dict())
    else:
        if run.reporter.as_json or report.written < report.planned:
            say(text, event="report", report=report.to_dict())
        run.writer.show(job)
    for part in report.tables if len(report.tables) > 1 else ():
        say(f"  {table_line(part)}", event="table")
    if job.error is not None:
        name = f"{job.account or report.workspace_sid}: " if len(run.jobs) > 1 else ""
        notes = "".join(f"\n  {note}" for note in getattr(job.error, "__notes__", ()))
        say(f"Error: {name}{job.error}{notes}", level="error", event="error")


def _reason(run: ExportRun, code: int) -> str:
    if any(job.error is not None for job in run.jobs):
        early = sum(job.error is not None for job in run.jobs)
        return f"{early} of {len(run.jobs)} exports ended early"
    if code == TEMPFAIL:
        effect = "continue" if isinstance(run.writer, Writer) else "start over"
        return f"stopped; run the command again to {effect}"
    answered = any(job.report.written for job in run.jobs)
    reason = "more than --max-failures allows" if answered else "none was answered"
    return f"{_failures(run)}, {reason}"


def _failures(run: ExportRun) -> str:
    return f"{run.failed:,} {'query' if run.failed == 1 else 'queries'} failed"
