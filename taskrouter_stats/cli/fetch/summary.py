"""The results of a run: lines for the user, and ``--summary FILE`` as JSON, for monitoring."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from taskrouter_stats import __version__
from taskrouter_stats.cli.exit_codes import COMPLETE
from taskrouter_stats.etl import ExportReport, TableReport
from taskrouter_stats.etl.failed_query import json_ready

from .run import ExportJob
from .summary_file import put_summary

__all__ = ["answers_text", "cost_text", "table_line", "write_summary"]

_COUNTS: Final = (
    *("planned", "written", "incomplete", "already_done", "failed", "gone", "expired"),
    "not_asked",
)
_COSTS: Final = ("sent", "retried", "refused")


def write_summary(
    file: str, jobs: Sequence[ExportJob], code: int, began: datetime, error: BaseException | None
) -> None:
    """Write the summary of a run.

    Args:
        file: the name of the file.
        jobs: the exports.
        code: the exit code.
        began: the start of the command, aware.
        error: the error that ended the run, or None.

    Raises:
        StorageError: the file cannot be written.
    """
    reports = [job.report for job in jobs]
    ended = datetime.now(UTC)
    elapsed = (ended - began).total_seconds()
    totals: dict[str, Any] = {
        name: sum(getattr(report, name) for report in reports) for name in (*_COUNTS, *_COSTS)
    }
    summary = {
        "version": 1,
        "program": f"taskrouter-stats {__version__}",
        "began": began,
        "ended": ended,
        "exit_code": code,
        "complete": code == COMPLETE and all(_is_complete(job) for job in jobs),
        "stopped": any(report.stopped for report in reports),
        "error": _error_fields(error),
        "totals": {**totals, "elapsed": elapsed, "pace": totals["sent"] / max(elapsed, 1e-3)},
        "exports": [
            {
                "account": job.account,
                **job.report.to_dict(),
                "complete": _is_complete(job),
                "error": _error_fields(job.error),
            }
            for job in jobs
        ],
    }
    option = orjson.OPT_UTC_Z | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    put_summary(file, orjson.dumps(json_ready(summary), option=option))


def _is_complete(job: ExportJob) -> bool:
    return job.error is None and job.report.complete


def answers_text(job: ExportJob) -> str:
    """Return the number of answers of an export, their place, and why others are missing."""
    report = job.report
    name = report.workspace_sid if job.account is None else f"{job.account}: {report.workspace_sid}"
    return f"{name}: {_answers(report)}, in {report.place}"


def table_line(report: TableReport) -> str:
    """Return the results of one statistics table as a line."""
    requests = _count(report.sent, "request", "requests")
    ended = "" if report.error is None else f"; ended early: {report.error}"
    return f"{report.table}: {_answers(report)}; {requests}{ended}"


def _answers(report: ExportReport | TableReport) -> str:
    stored = report.written + report.already_done
    total = max(stored, report.planned)
    tables = (report,) if isinstance(report, TableReport) else report.tables
    workers = {table.table for table in tables} <= {"worker_statistics"}
    counts = {
        "stored by earlier runs": report.already_done,
        "not settled yet": report.incomplete,
        f"of {'workers' if workers else 'resources'} that no longer exist": report.gone,
        "older than the server's history": report.expired,
        "failed": report.failed,
        "not requested": report.not_asked,
    }
    notes = [f"{count:,} {what}" for what, count in counts.items() if count]
    note = f" ({', '.join(notes)})" if notes else ""
    return f"{stored:,} of {total:,} answers{note}"


def cost_text(report: ExportReport) -> str:
    """Return the requests of an export, its time and its pace."""
    return (
        f"{_count(report.sent, 'request', 'requests')}, "
        f"{_count(report.retried, 'retry', 'retries')}, {report.refused:,} refused, "
        f"{report.elapsed:.2f} s: {report.pace:.1f}/s"
    )


def _count(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"


def _error_fields(error: BaseException | None) -> dict[str, str] | None:
    return None if error is None else {"type": type(error).__name__, "message": str(error)}
