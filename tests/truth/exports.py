"""Exports from the raw server, with lies about rows and counts."""

import json
from datetime import UTC, datetime, timedelta

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, Window, etl

from .raw_server import (
    ACCOUNT,
    TOKEN,
    WORKSPACE,
    RawServer,
    http,
    page,
    statistics,
    worker,
    worker_sid,
)

ONCE = RetryPolicy(attempts=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day(ago):
    """Return the whole UTC day that began so many days ago."""
    start = TODAY - timedelta(days=ago)
    return Window.between(start, start + timedelta(days=1))


def lying(workers, lie):
    """Answer as a truthful server of so many Workers does, unless ``lie`` has an answer."""

    def answer(question):
        reply = lie(question)
        if reply is not None:
            return reply
        if question.lists_workers:
            return page("workers", [worker(number) for number in range(workers)])
        if question.lists_activities:
            return page("activities", [])
        return http(statistics(question))

    return answer


def asks_statistics(question, *numbers):
    """Return whether a request is for the statistics of one of these Workers, or of any."""
    named = {worker_sid(number) for number in numbers}
    return question.path.endswith("/Statistics") and (not named or question.sid in named)


def statistics_asked(server):
    """Return the number of requests for statistics so far."""
    return sum(map(asks_statistics, server.questions))


async def export(server: RawServer, sink, windows=None, *, workers=None, **options):
    """Export a day of all workers, each query sent once, and return the report."""
    plan = etl.worker_plan(WORKSPACE, windows or day(3), workers=workers)
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    async with TaskRouterSession(credentials, base_url=server.url, retry=ONCE) as session:
        return await etl.export(session, plan, sink, **options)


def stored(path):
    """Return the Worker and the window's start of each row of a JSON Lines file."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return sorted((row["worker_sid"], row["window_start"]) for row in rows)


def everybody(workers, *windows):
    """Return the result of :func:`stored` if each window of these Workers is there once."""
    starts = [window.start.isoformat().replace("+00:00", "Z") for window in windows or [day(3)]]
    return sorted((worker_sid(number), start) for number in range(workers) for start in starts)


def failures(path):
    """Return the failures in an output's state."""
    text = (path.parent / f"{path.name}._state" / "failures.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]
