"""Exports from a server of plain sockets, and their rows."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, etl

from .raw_server import ACCOUNT, TOKEN, WORKSPACE, http, page, statistics, worker, worker_sid

SETTLED = timedelta(0)
SIDS = [worker_sid(number) for number in range(1, 5)]


def activity(number, total):
    """Return the time in an Activity, as an answer holds it."""
    sid = f"WA{number:032x}"
    return {
        "sid": sid,
        "friendly_name": f"activity {number}",
        "avg": total,
        "min": total,
        "max": total,
        "total": total,
    }


def counting(calls):
    """Answer truly, with two activities at first and one later; each answer has higher counts."""

    def answer(question):
        if question.lists_workers:
            return page("workers", [worker(number) for number in range(1, 5)])
        if question.lists_activities:
            return page("activities", [])
        calls[question.sid] = calls.get(question.sid, 0) + 1
        body = statistics(question)
        body["cumulative"]["reservations_created"] = calls[question.sid]
        body["cumulative"]["reservations_accepted"] = calls[question.sid]
        both = [activity(1, calls[question.sid]), activity(2, 1)]
        body["cumulative"]["activity_durations"] = both[: 1 if calls[question.sid] > 1 else 2]
        return http(body)

    return answer


async def export(server, sink, windows, *, workers=SIDS, **options):
    """Export these windows of these workers, and return the report."""
    plan = etl.worker_plan(WORKSPACE, windows, workers=workers)
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    retry = RetryPolicy(attempts=1)
    async with TaskRouterSession(credentials, base_url=server.url, retry=retry) as session:
        return await etl.export(session, plan, sink, **options)


def rows(place, table="worker_statistics"):
    """Return the rows of an output in any format."""
    if place.suffix == ".jsonl":
        return [json.loads(line) for line in place.read_text("utf-8").splitlines()]
    if (place / f"{table}.csv").exists():
        with (place / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if (place / f"{table}.jsonl").exists():
        return rows(place / f"{table}.jsonl")
    return pq.read_table(place / table).to_pylist()


def keys(place, table="worker_statistics"):
    """Return the worker, start and count of each row, sorted."""
    found = [
        (row["worker_sid"], _start(row), int(row["reservations_created"]))
        for row in rows(place, table)
    ]
    return sorted(found)


def _start(row):
    start = row["window_start"]
    start = start if isinstance(start, datetime) else datetime.fromisoformat(start)
    return start.astimezone(UTC)
