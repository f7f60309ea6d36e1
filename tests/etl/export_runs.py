"""Shared code of the tests of exports: a plan of days, a run, and its rows."""

import csv
import json
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq

from taskrouter_stats import TaskRouterSession, Window, etl

TZ = "America/New_York"
LAST = datetime.now(UTC).date() - timedelta(days=3)
"""A day that has settled in any zone, and of which the simulator has statistics."""


def days(count):
    """Return that many whole local days, oldest first."""
    return Window.days(LAST - timedelta(days=count - 1), LAST, tz=TZ)


def session_at(simulator, **options):
    """Return a session with that simulator."""
    return TaskRouterSession(simulator.credentials, base_url=simulator.base_url, **options)


async def export(simulator, sink, windows=None, *, workers=None, session_options=None, **options):
    """Export two days of all workers, and return the report."""
    plan = etl.worker_plan(simulator.workspace_sid, windows or days(2), workers=workers)
    async with session_at(simulator, **session_options or {}) as session:
        return await etl.export(session, plan, sink, **options)


def json_lines(path):
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def csv_rows(path):
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def parquet_rows(path, table="worker_statistics"):
    """Return the rows of a table of Parquet parts."""
    return pq.read_table(path / table).to_pylist()


def key(row):
    """Return the worker and the window's start of a row, in any format."""
    start = row["window_start"]
    start = start if isinstance(start, datetime) else datetime.fromisoformat(start)
    return row["worker_sid"], start


def wanted(simulator, windows):
    """Return the key of every worker and window that an export should store."""
    return {(w.sid, window.start) for w in simulator.world.workers for window in windows}


def is_date(value):
    """Return whether a value is a date and not a datetime."""
    return isinstance(value, date) and not isinstance(value, datetime)
