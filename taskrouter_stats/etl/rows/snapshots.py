"""Rows of the tables ``workers`` and ``activities``: what the server listed at a time."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from taskrouter_stats.models import Activity, Worker

from .values import Row, Tables, measures, plain_sids, plain_time, zone_name

__all__ = ["activity_rows", "worker_rows"]


def worker_rows(worker: Worker, at: datetime, tz: tzinfo = UTC) -> Tables:
    """Return a row of ``workers``: a Worker as the server listed it at that time."""
    named = {"worker_sid": worker.sid, "worker_name": worker.friendly_name}
    return plain_sids({"workers": [_snapshot("workers", worker, named, at, tz)]})


def activity_rows(activity: Activity, at: datetime, tz: tzinfo = UTC) -> Tables:
    """Return a row of ``activities``: an Activity as the server listed it at that time."""
    named = {"activity_sid": activity.sid, "activity_name": activity.friendly_name}
    return plain_sids({"activities": [_snapshot("activities", activity, named, at, tz)]})


def _snapshot(table: str, thing: Any, named: Row, at: datetime, tz: tzinfo) -> Row:
    at = plain_time(at) or at
    known = {
        **named,
        "snapshot_time": at,
        "day": at.astimezone(tz).date(),
        "tz": zone_name(tz, at),
        "extra": dict(thing.extra) or None,
    }
    return measures(table, [thing], known)
