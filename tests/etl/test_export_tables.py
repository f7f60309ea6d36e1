"""Exports of all tables: complete, true, each query once, and one error ends one table."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from taskrouter_stats import Window, etl
from taskrouter_stats.errors import ConfigError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.planning.tables import DIMENSIONS, STATISTICS
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.simulator import Simulator
from tests.etl.export_runs import csv_rows, days, json_lines, parquet_rows, session_at

EVERY = (*STATISTICS, *DIMENSIONS)
SPLIT = (5, 30)


@pytest.fixture
async def simulator():
    """Run a simulator with few resources, and count its requests."""
    async with Simulator(workers=5, window="none", latency=0, seed=2) as running:
        yield running


def hours(count):
    """Return that many hours of a settled day."""
    start = days(1)[0].start
    hour = timedelta(hours=1)
    return [Window.between(start + n * hour, start + (n + 1) * hour) for n in range(8, 8 + count)]


async def fill(simulator, sink, windows, tables=EVERY, **options):
    """Export these tables, and return the report."""
    chosen = {name: options.pop(name) for name in ("task_channel",) if name in options}
    plan = etl.plan(simulator.workspace_sid, windows, tables, split_by_wait_time=SPLIT, **chosen)
    async with session_at(simulator) as session:
        return await etl.export(session, plan, sink, **options)


def counted(report):
    """Check that every query of the report and of each table counts once."""
    for part in (report, *report.tables):
        counts = (part.written, part.failed, part.gone, part.expired, part.already_done)
        assert part.planned == sum(counts) + part.not_asked
    for name in ("planned", "written", "failed", "gone", "expired", "already_done"):
        assert getattr(report, name) == sum(getattr(table, name) for table in report.tables)
    return report


async def test_all_tables_are_filled_and_a_rerun_asks_only_what_is_new(simulator, tmp_path):
    """One export fills every table, a second one reads only lists, a new hour is fetched alone."""
    world, windows = simulator.world, hours(3)
    sizes = {
        "worker_statistics": len(world.workers),
        "task_queue_statistics": len(world.task_queues),
        "workflow_statistics": len(world.workflows),
        "workspace_statistics": 1,
        "workers_statistics": 1,
    }
    first = counted(await fill(simulator, ParquetSink(tmp_path), windows[:2]))
    assert first.complete
    assert {table.table: table.written for table in first.tables} == {
        name: 2 * size for name, size in sizes.items()
    }
    assert (
        first.sent
        == simulator.counters.requests
        == sum(table.sent for table in first.tables) + sum(first.pages.values())
    )
    before = simulator.counters.requests
    again = counted(await fill(simulator, ParquetSink(tmp_path), windows[:2]))
    lists = sum(again.pages.values())
    assert (again.written, again.already_done) == (0, first.written)
    assert simulator.counters.requests - before == lists == again.sent
    third = counted(await fill(simulator, ParquetSink(tmp_path), windows))
    assert (third.written, third.already_done) == (sum(sizes.values()), first.written)


async def test_a_plan_tells_every_request(simulator, tmp_path):
    """An export sends as many requests as the estimate says, pages of lists included."""
    world = simulator.world
    counts = {name: len(getattr(world, name)) for name in ("workers", "task_queues", "workflows")}
    plan = etl.plan(simulator.workspace_sid, hours(2), EVERY)
    estimate = etl.Estimate(plan, counts)
    async with session_at(simulator) as session:
        report = await etl.export(session, plan, JsonLinesSink(tmp_path))
    assert report.sent == simulator.counters.requests == estimate.requests + estimate.pages
    assert dict(report.pages) == estimate.lists
    assert {table.table: table.sent for table in report.tables} == estimate.tables


@pytest.mark.parametrize("read", ["parquet", "csv", "jsonl"])
async def test_the_rows_of_all_tables_agree(simulator, tmp_path, read):
    """Keys are unique, sums of workers equal the workspace's, thresholds divide their Tasks."""
    sinks = {"parquet": ParquetSink, "csv": CsvSink, "jsonl": JsonLinesSink}
    await fill(simulator, sinks[read](tmp_path), hours(2))

    def rows(table):
        if read == "parquet":
            return parquet_rows(tmp_path, table)
        path = tmp_path / f"{table}.{read}"
        return csv_rows(path) if read == "csv" else json_lines(path)

    def total(table, column):
        return sum(int(row[column] or 0) for row in rows(table))

    for table in EVERY:
        schema = etl.SCHEMAS[table]
        keys = Counter(tuple(str(row[name]) for name in schema.key) for row in rows(table))
        assert set(keys.values()) == {1}, table
    for name in ("created", "accepted", "timed_out"):
        column = f"reservations_{name}"
        expected = total("worker_statistics", column)
        assert expected == total("workers_statistics", column)
        assert expected == total("workspace_statistics", column)
    queues = rows("task_queue_statistics")
    named = {sid_of(queue.sid): queue.friendly_name for queue in simulator.world.task_queues}
    assert {sid_of(row["task_queue_sid"]): row["task_queue_name"] for row in queues} == named


async def test_thresholds_divide_the_tasks_of_a_queue(simulator, tmp_path):
    """The counts above and below each threshold add up to the queue's, in rows and nested."""
    await fill(simulator, ParquetSink(tmp_path / "a"), hours(2))
    await fill(simulator, JsonLinesSink(tmp_path / "b"), hours(2))
    splits, queues = (
        parquet_rows(tmp_path / "a", f"task_queue_{name}") for name in ("wait_splits", "statistics")
    )
    accepted = Counter()
    for row in splits:
        where = (row["task_queue_sid"], row["window_start"], row["threshold"])
        accepted[where] += row["above_reservations_accepted"] + row["below_reservations_accepted"]
    assert accepted == {
        (row["task_queue_sid"], row["window_start"], threshold): row["reservations_accepted"]
        for row in queues
        for threshold in SPLIT
    }
    nested = json_lines(tmp_path / "b" / "task_queue_statistics.jsonl")
    assert {split["threshold"] for row in nested for split in row["wait_splits"]} == {*SPLIT}


async def test_an_output_for_one_table_refuses_several(simulator, tmp_path):
    """A file holds one table of statistics, and an output with ``table=`` only that one."""
    for sink, tables, says in (
        (JsonLinesSink(tmp_path / "a.jsonl"), EVERY, "name a folder"),
        (JsonLinesSink(tmp_path / "a.jsonl"), ["workers"], "name a folder"),
        (JsonLinesSink(tmp_path / "a.jsonl"), ["workspace_statistics"], "holds only worker_stat"),
        (CsvSink(tmp_path, table="worker_statistics"), ["workspace_statistics"], "holds only"),
        (ParquetSink(tmp_path, table="task_queue_wait_splits"), ["workflow_statistics"], "only"),
    ):
        plan = etl.plan(simulator.workspace_sid, hours(1), tables)
        async with session_at(simulator) as session:
            with pytest.raises(ConfigError, match=says):
                await etl.export(session, plan, sink)
    assert (simulator.counters.requests, list(tmp_path.iterdir())) == (0, [])


async def test_a_file_holds_any_one_table(simulator, tmp_path):
    """A single file holds the table that its sink names, with its parts nested."""
    path = tmp_path / "queues.jsonl"
    sink = JsonLinesSink(path, table="task_queue_statistics")
    report = await fill(simulator, sink, hours(1), ["task_queue_statistics"])
    assert report.complete
    assert len(json_lines(path)) == len(simulator.world.task_queues)
    assert "workers" not in report.pages


async def test_other_thresholds_need_another_output(simulator, tmp_path):
    """An output refuses a window with other thresholds, before a request is sent."""
    tables = ["workspace_statistics"]
    await fill(simulator, JsonLinesSink(tmp_path), hours(1), tables)
    before = simulator.counters.requests
    plan = etl.plan(simulator.workspace_sid, hours(1), tables, split_by_wait_time=[7])
    async with session_at(simulator) as session:
        with pytest.raises(ConfigError, match="thresholds"):
            await etl.export(session, plan, JsonLinesSink(tmp_path))
    assert simulator.counters.requests == before


async def test_shards_fill_outputs_that_together_are_whole(simulator, tmp_path):
    """The shards of a plan, each with an output of its own, have each row once."""
    plan = etl.plan(simulator.workspace_sid, hours(1), split_by_wait_time=SPLIT)
    for number, shard in enumerate(etl.shards(plan, 7)):
        for part in shard:
            async with session_at(simulator) as session:
                report = counted(
                    await etl.export(session, part, ParquetSink(tmp_path / f"{number}"))
                )
            assert report.complete
    found = [row for n in range(7) for row in some(tmp_path / f"{n}", "worker_statistics")]
    assert sorted(row["worker_sid"] for row in found) == sorted(
        sid_of(worker.sid) for worker in simulator.world.workers
    )
    assert sum(len(some(tmp_path / f"{n}", "workspace_statistics")) for n in range(7)) == 1


def some(path, table):
    """Return the rows of a table, none if the output lacks it."""
    return parquet_rows(path, table) if (path / table).exists() else []


async def test_a_stop_ends_every_table(simulator, tmp_path):
    """After a stop no table sends a new query, and the next run fetches the rest."""
    stop = asyncio.Event()
    stop.set()
    report = counted(await fill(simulator, JsonLinesSink(tmp_path), hours(2), stop=stop))
    assert (report.stopped, report.complete, report.written) == (True, False, 0)
    again = counted(await fill(simulator, JsonLinesSink(tmp_path), hours(2)))
    assert again.complete
