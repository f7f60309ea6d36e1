"""ETL: statistics of a Workspace as rows in files; an interrupted run can resume.

::

    days = Window.days(date(2026, 11, 1), date(2026, 11, 22), tz="America/New_York")
    async with TaskRouterSession.from_env() as session:
        report = await etl.export(session, etl.worker_plan("WS…", days), etl.ParquetSink("lake/"))
"""

from taskrouter_stats.core.window import RETENTION

from . import measures
from .arrow import to_arrow
from .compact import Compaction, compact
from .export import Export, export
from .failed_query import FailedQuery
from .output.row_writer import RowWriter
from .output.writer import Writer
from .planning.estimate import Estimate
from .planning.plan import Plan, plan, worker_plan
from .planning.shards import shards
from .polling.poll import Poll, poll
from .polling.report import PollReport
from .report import ExportReport, TableReport, Verification
from .rows import rows
from .schemas import SCHEMAS, Column, Schema
from .sinks import CsvSink, JsonLinesSink, ParquetSink, Sink

__all__ = [
    "RETENTION",
    "SCHEMAS",
    "Column",
    "Compaction",
    "CsvSink",
    "Estimate",
    "Export",
    "ExportReport",
    "FailedQuery",
    "JsonLinesSink",
    "ParquetSink",
    "Plan",
    "Poll",
    "PollReport",
    "RowWriter",
    "Schema",
    "Sink",
    "TableReport",
    "Verification",
    "Writer",
    "compact",
    "export",
    "measures",
    "plan",
    "poll",
    "rows",
    "shards",
    "to_arrow",
    "worker_plan",
]
