"""A report of service levels, made from a lake with SQL, equals what happened in the simulator."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from taskrouter_stats import Window, etl
from taskrouter_stats.etl import measures
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.simulator.world.profiles import DAY
from taskrouter_stats.simulator.world.tasks import ENDINGS
from tests.etl.export_runs import parquet_rows, session_at

SQL = Path(__file__).parents[2] / "examples" / "sql" / "service_level.sql"
SECONDS = 20
FATES = ("accepted", "canceled")
CLOCK_CHANGES = [
    ("America/New_York", date(2026, 11, 1), 25),
    ("America/New_York", date(2026, 3, 8), 23),
    ("Europe/Berlin", date(2026, 10, 25), 25),
    ("Europe/Berlin", date(2026, 3, 29), 23),
]


async def fill(lake, simulator, hours):
    """Export the statistics of every TaskQueue and hour."""
    plan = etl.plan(
        simulator.workspace_sid,
        hours,
        tables=("task_queue_statistics",),
        split_by_wait_time=[5, SECONDS, 60],
    )
    async with session_at(simulator) as session:
        report = await etl.export(session, plan, etl.ParquetSink(lake))
    assert report.complete
    assert report.written == len(hours) * len(simulator.world.task_queues)


def tasks(world, start, end):
    """Yield the midnight, in seconds since 1970, and each Task of every site's days."""
    history = world.task_history
    for offset in history._offsets:
        for number in range((start - offset) // DAY, (end - offset) // DAY + 1):
            for task in history._site_day(offset, number).tasks:
                yield number * DAY + offset, task


def truth(world, hours):
    """Return the number of Tasks by queue, hour, fate and whether they waited longer."""
    starts = [int(hour.start.timestamp()) for hour in hours]
    end = int(hours[-1].end.timestamp())
    found = Counter()
    for midnight, task in tasks(world, starts[0], end):
        if task.worker >= 0:
            fate, at, wait = "accepted", task.reservations[-1][0], task.accepted - task.created
        elif ENDINGS[task.ending] == "canceled":
            fate, at, wait = "canceled", task.ended, task.ended - task.created
        else:
            continue
        at += midnight
        if starts[0] <= at < end:
            hour = (at - starts[0]) // 3600
            sid = world.task_queues[task.queue].sid
            found[sid, starts[hour], fate, wait > SECONDS] += 1
    return found


def report(lake):
    """Return the rows of the report in SQL."""
    parameters = {"lake": str(lake), "seconds": SECONDS}
    made = duckdb.execute(SQL.read_text("utf-8"), parameters)
    columns = [column[0] for column in made.description]
    return [dict(zip(columns, row, strict=True)) for row in made.fetchall()]


def share(part, whole):
    """Return a share, or None of nothing."""
    return part / whole if whole else None


def check_shares(found, row):
    """Check the three shares of a row, of which each counts other canceled Tasks."""
    (within, after), (short, long) = found["accepted"], found["canceled"]
    assert row["late"] == share(within, within + after + long)
    assert row["missed"] == share(within, within + after + short + long)
    assert row["ignored"] == share(within, within + after)


@pytest.mark.parametrize(("tz", "day", "count"), CLOCK_CHANGES)
async def test_service_levels_by_queue_equal_what_happened(tmp_path, tz, day, count):
    """Each hour and queue of a day on which clocks change has its Tasks, and so has the day."""
    window = Window.day(day, tz=tz)
    hours = window.split(hours=1)
    clock = (window.end + timedelta(days=2)).timestamp()
    options = {"workers": 80, "limit": 5000, "window": "none", "latency": 0.0}
    async with Simulator(**options, clock=lambda: clock) as simulator:
        await fill(tmp_path, simulator, hours)
    queues = [queue.sid for queue in simulator.world.task_queues]
    happened, rows = truth(simulator.world, hours), report(tmp_path)
    assert happened.total() > 500
    assert (len(hours), len(rows)) == (count, count * len(queues))
    of_queues = {sid: Counter() for sid in queues}
    for row in rows:
        key = (row["task_queue_sid"], int(row["window_start"].timestamp()))
        found = {fate: [happened[*key, fate, late] for late in (False, True)] for fate in FATES}
        counts = {fate: [row[f"{fate}_within"], row[f"{fate}_after"]] for fate in found}
        assert found == counts
        check_shares(found, row)
        of_queues[key[0]].update({(fate, n): found[fate][n] for fate in found for n in (0, 1)})
    assert sum(map(Counter.total, of_queues.values())) == happened.total()
    stored = parquet_rows(tmp_path, "task_queue_wait_splits")
    for sid, whole in of_queues.items():
        splits = [row for row in stored if row["task_queue_sid"] == sid]
        names = ("late", "missed", "ignored")
        row = {name: measures.service_level(splits, SECONDS, canceled=name) for name in names}
        check_shares({fate: [whole[fate, 0], whole[fate, 1]] for fate in FATES}, row)
