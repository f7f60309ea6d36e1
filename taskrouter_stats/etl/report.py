"""The report of an export: what became of each query of its plan."""

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import field, frozen

from taskrouter_stats.core.window import Window

from .failed_query import FailedQuery

__all__ = ["ExportReport", "QueryCounts", "TableReport", "Verification"]


@frozen(kw_only=True)
class QueryCounts:
    """What became of queries.

    Each query counts once:
    ``planned == written + failed + gone + expired + already_done + not_asked``.

    Attributes:
        planned: queries of the plan: resources times windows.
        written: queries whose rows this export made durable.
        incomplete: part of ``written``: the window had not settled, so the query is not done.
        already_done: queries that an earlier run has done.
        failed: queries that failed and may succeed in a later run.
        gone: queries of Workers, TaskQueues and Workflows that no longer exist; see
            ``etl/state/unavailable.py``.
        expired: queries of windows whose statistics the server no longer has.
        retried: requests that followed a failed attempt.
        refused: replies with status 429.
    """

    planned: int = 0
    written: int = 0
    incomplete: int = 0
    already_done: int = 0
    failed: int = 0
    gone: int = 0
    expired: int = 0
    retried: int = 0
    refused: int = 0

    @property
    def not_asked(self) -> int:
        """Queries that have no result yet."""
        counted = self.written + self.failed + self.gone + self.expired + self.already_done
        return self.planned - counted


@frozen
class Verification:
    """Sums of our rows and the server's counts of all Workers together.

    Attributes:
        window: the window of both.
        workers: number of rows in the sums.
        ours: the sums of our rows, by count.
        theirs: the counts of ``Workers/CumulativeStatistics``.
    """

    window: Window
    workers: int
    ours: Mapping[str, int]
    theirs: Mapping[str, int | None]

    @property
    def equal(self) -> bool:
        """Whether all sums equal the server's counts. Hourly counts need not sum to the day's."""
        return dict(self.ours) == dict(self.theirs)


@frozen(kw_only=True)
class TableReport(QueryCounts):
    """The part of a report about one statistics table, with its counts.

    Attributes:
        table: the table.
        resources: number of Workers, TaskQueues or Workflows that were listed or given; 1 for the
            statistics of the Workspace or of all Workers together.
        sent: requests for the table: all attempts, without its list's pages.
        listed: whether its list was read to its end.
        finished: whether the export of the table reached its end.
        error: the error that ended the table early, or None.
    """

    table: str
    resources: int = 0
    sent: int = 0
    listed: bool = False
    finished: bool = False
    error: str | None = None


@frozen(kw_only=True)
class ExportReport(QueryCounts):
    """The result of an export, with the counts of all tables.

    Attributes:
        run: the run's name, part of the names of its files.
        place: the place of the output.
        workspace_sid: the Workspace (WS…).
        windows: number of windows of the plan.
        workers: number of Workers that were listed or given for ``worker_statistics``.
        sent: requests of this export: all attempts for statistics, and pages of lists.
        elapsed: seconds from the export's start to its end.
        listed: whether every list of the statistics tables was read to its end.
        finished: whether the export reached its end and its last commit is durable.
        stopped: whether ``stop`` was set before the end.
        failures: the first failures, at most 10,000; ``failed`` counts all.
        checks: the verifications of ``verify``.
        tables: the counts of each statistics table.
        pages: requests of this export for each list; part of ``sent``.
    """

    run: str
    place: str
    workspace_sid: str
    windows: int
    workers: int = 0
    sent: int = 0
    elapsed: float = 0.0
    listed: bool = False
    finished: bool = False
    stopped: bool = False
    failures: tuple[FailedQuery, ...] = field(default=(), repr=False)
    checks: tuple[Verification, ...] = field(default=(), repr=False)
    tables: tuple[TableReport, ...] = field(default=(), repr=False)
    pages: Mapping[str, int] = field(factory=dict[str, int], repr=False)

    @property
    def pace(self) -> float:
        """Mean of requests per second."""
        return self.sent / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def complete(self) -> bool:
        """Whether each query of the plan is durably written, gone or expired.

        Windows that had not settled count as written; a later run fetches them again.
        """
        ended = self.listed and self.finished and not self.stopped
        return ended and not self.failed and not self.not_asked

    def to_dict(self) -> dict[str, Any]:
        """Return the report in plain types, for JSON."""
        plain = attrs.asdict(self, filter=lambda field, _: field.name not in {"checks", "tables"})
        checks = [
            {
                "window_start": check.window.start,
                "window_end": check.window.end,
                "workers": check.workers,
                "ours": dict(check.ours),
                "theirs": dict(check.theirs),
                "equal": check.equal,
            }
            for check in self.checks
        ]
        tables = [{**attrs.asdict(each), "not_asked": each.not_asked} for each in self.tables]
        counted = {"not_asked": self.not_asked, "pace": self.pace, "complete": self.complete}
        return {**plain, **counted, "tables": tables, "checks": checks}
