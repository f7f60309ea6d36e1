"""The SQL of the examples and the functions of ``etl.measures`` have the same results."""

import random
from collections import defaultdict
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from taskrouter_stats import Window, etl
from taskrouter_stats.etl import measures
from taskrouter_stats.etl.arrow import arrow_table

SQL = Path(__file__).parents[2] / "examples" / "sql"
TZ = "Europe/Berlin"
DAYS = (date(2026, 10, 24), date(2026, 10, 25))
BUSY, IDLE = ["Busy", "Wrap-up"], ["Available"]
ACTIVITIES = (*BUSY, *IDLE, "Break")


def rows_of(table, draw):
    """Yield rows of a table for three queues or Workers and each hour, with random measures."""
    schema = etl.SCHEMAS[table]
    (own,) = {"worker_sid", "task_queue_sid"} & set(schema.names)
    children = [{}]
    if "threshold" in schema.names:
        children = [{"threshold": seconds} for seconds in (5, 20)]
    if "activity_name" in schema.names:
        children = [{"activity_name": name, "activity_sid": name} for name in ACTIVITIES]
    for day in DAYS:
        for hour in Window.day(day, tz=TZ).split(hours=1):
            for sid in ("A", "B", "C"):
                known = {own: sid, "tz": TZ, "day": day, "window_start": hour.start}
                for child in children:
                    yield {
                        column.name: draw() if column.kind in ("int64", "float64") else None
                        for column in schema.columns
                    } | (known | child)


def made(table, lake, null):
    """Store random rows, of whose numbers this share is null; return them by own SID and day."""
    stream = random.Random(table)
    rows = list(rows_of(table, lambda: None if stream.random() < null else stream.randrange(9)))
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.get("worker_sid") or row.get("task_queue_sid"), row["day"]].append(row)
    for day in DAYS:
        folder = lake / table / f"day={day}"
        folder.mkdir(parents=True)
        stored = arrow_table(etl.SCHEMAS[table], [row for row in rows if row["day"] == day])
        pq.write_table(stored.drop_columns("day"), folder / "part.parquet")
    return grouped


def results(name, lake, **parameters):
    """Return the rows of a query of the examples, by own SID and day."""
    text = (SQL / f"{name}.sql").read_text("utf-8")
    report = duckdb.execute(text, {"lake": str(lake), **parameters})
    columns = [column[0] for column in report.description]
    found = [dict(zip(columns, row, strict=True)) for row in report.fetchall()]
    return {(row.get("worker_sid") or row.get("task_queue_sid"), row["day"]): row for row in found}


NULLS = pytest.mark.parametrize("null", [0.0, 0.3, 1.0])


@NULLS
def test_acceptance_rates_are_equal(tmp_path, null):
    """SQL and the function agree for each Worker and day, whatever is null."""
    rows = made("worker_statistics", tmp_path, null)
    rates = {key: row["acceptance_rate"] for key, row in results("acceptance", tmp_path).items()}
    expected = {key: measures.acceptance_rate(found) for key, found in rows.items()}
    assert {key: rates.get(key) for key in rows} == expected


@NULLS
def test_waits_are_equal(tmp_path, null):
    """SQL and the function agree on the mean waits of each queue and day."""
    rows, found = made("task_queue_statistics", tmp_path, null), {}
    for key, row in results("waits", tmp_path).items():
        found[key] = row["mean_wait_until_accepted"], row["mean_wait_until_canceled"]
    expected = {
        key: (measures.mean_wait(some), measures.mean_wait(some, "until_canceled"))
        for key, some in rows.items()
    }
    assert found == expected


def test_the_minimum_of_waits_leaves_out_hours_without_a_task(tmp_path):
    """An hour without an accepted Task has the minimum 0, which is nobody's wait."""
    rows, found = made("task_queue_statistics", tmp_path, 0.0), results("waits", tmp_path)
    for key, some in rows.items():
        name = "wait_duration_until_accepted_min"
        busy = [row[name] for row in some if row["reservations_accepted"]]
        assert found[key]["min_wait_until_accepted"] == min(busy)
        assert found[key]["tasks_entered"] == sum(row["tasks_entered"] for row in some)


@NULLS
def test_occupancies_are_equal(tmp_path, null):
    """SQL and the function agree on the share of busy time of each Worker and day."""
    rows = made("worker_activity_durations", tmp_path, null)
    found = results("occupancy", tmp_path, busy=BUSY, idle=IDLE)
    expected = {key: measures.occupancy(some, busy=BUSY, idle=IDLE) for key, some in rows.items()}
    assert {key: row["occupancy"] for key, row in found.items()} == expected


@NULLS
def test_service_levels_of_hours_add_up_to_the_days(tmp_path, null):
    """The counts of SQL's hours, added up, make the functions' service levels of the day."""
    rows = made("task_queue_wait_splits", tmp_path, null)
    counts = "accepted_within", "accepted_after", "canceled_within", "canceled_after"
    text = (SQL / "service_level.sql").read_text("utf-8")
    report = duckdb.execute(text, {"lake": str(tmp_path), "seconds": 20})
    columns = [column[0] for column in report.description]
    sums = {key: [0, 0, 0, 0] for key in rows}
    for values in report.fetchall():
        row = dict(zip(columns, values, strict=True))
        key = row["task_queue_sid"], row["day"]
        sums[key] = [total + row[name] for total, name in zip(sums[key], counts, strict=True)]
    for key, (within, after, _, late) in sums.items():
        counted = within + after + late
        level = measures.service_level(rows[key], 20)
        assert level == (within / counted if counted else None)
