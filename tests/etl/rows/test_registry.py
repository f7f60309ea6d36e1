"""Rows of every statistics operation."""

import asyncio
from datetime import UTC, date, datetime

import attrs
import pytest

from taskrouter_stats import Success, TaskRouterSession, Window, models, queries
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.errors import UsageError
from taskrouter_stats.etl import SCHEMAS
from taskrouter_stats.etl.rows import OPERATIONS, main_table, rows
from taskrouter_stats.models import structure, to_dict
from taskrouter_stats.simulator import Simulator

WS, AC, WQ = (prefix + "1" * 32 for prefix in ("WS", "AC", "WQ"))
WORKER = "worker_statistics"
DAY = Window.day(date(2026, 11, 1), tz="America/New_York")
LATER = datetime(2026, 11, 5, tzinfo=UTC)


def test_only_statistics_have_a_table():
    """An operation that does not return statistics has no table, and the error names it."""
    with pytest.raises(UsageError, match="workspace is not a statistics operation"):
        main_table("workspace")


def every_statistic(world):
    """Return a query for each statistics operation except the worker's."""
    ws, queue, flow = world.workspace_sid, world.task_queues[0].sid, world.workflows[0].sid
    window, split = Window.last(hours=8), [5, 60]
    return [
        queries.workers_statistics(ws, window),
        queries.workers_cumulative_statistics(ws, window),
        queries.workers_real_time_statistics(ws),
        queries.workspace_statistics(ws, window, split_by_wait_time=split),
        queries.workspace_cumulative_statistics(ws, window, split_by_wait_time=split),
        queries.workspace_real_time_statistics(ws),
        queries.workflow_statistics(ws, flow, window),
        queries.workflow_cumulative_statistics(ws, flow, window, split_by_wait_time=split),
        queries.workflow_real_time_statistics(ws, flow),
        queries.task_queue_statistics(ws, queue, window),
        queries.task_queue_cumulative_statistics(ws, queue, window, split_by_wait_time=split),
        queries.task_queue_real_time_statistics(ws, queue),
        *queries.task_queues_bulk_real_time_statistics(ws, [queue]),
    ]


PLURAL = {"activity_durations", "split_by_wait_time", "task_queue_data"} | {
    *("activity_statistics", "tasks_by_priority", "tasks_by_status"),
}
"""Values of an answer with rows of their own."""


def leaves(plain):
    """Return the values of an answer by their column."""
    found = {}
    for name, value in plain.items():
        if name in {"cumulative", "realtime"}:
            found.update(leaves(value or {}))
        elif name.startswith("wait_duration"):
            found.update({f"{name}_{part}": second for part, second in (value or {}).items()})
        elif name not in {*PLURAL, "task_queue_response_count"} and value is not None:
            found[name] = value
    for queue in plain.get("task_queue_data", ()):
        found.update(leaves(queue))
    return found


@pytest.fixture(scope="module")
def answers():
    """Return an answer to every statistics operation except the worker's."""

    async def fetch():
        async with (
            Simulator(workers=20, window="none", latency=0) as simulator,
            TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
        ):
            return await session.collect(every_statistic(simulator.world))

    return asyncio.run(fetch())


def test_every_statistic_has_its_row(answers):
    """The rows of an answer hold all of its values, for every statistics operation."""
    assert {answer.query.endpoint.name for answer in answers} == {*OPERATIONS} - {WORKER}
    for answer in answers:
        tables = rows(answer, fetched_at=LATER)
        assert next(iter(tables)) == main_table(answer.query.endpoint.name)
        found = {}
        for table, listed in tables.items():
            assert all(tuple(row) == SCHEMAS[table].names for row in listed)
            if SCHEMAS[table].parent is None:
                (row,) = listed
                found |= {name: value for name, value in row.items() if value is not None}
        for name, value in leaves(to_dict(answer.unwrap())).items():
            got = found[name]
            wanted = datetime.fromisoformat(value) if isinstance(got, datetime) else value
            assert got == wanted, (answer.query, name)


def test_a_combined_answer_has_rows_of_both_tables(answers):
    """Cumulative and real-time statistics of one answer are rows of two tables."""
    found = {answer.query.endpoint.name: list(rows(answer)) for answer in answers}
    assert found["task_queue_statistics"] == [
        "task_queue_statistics",
        "task_queue_wait_splits",
        "task_queue_real_time_statistics",
        "task_queue_tasks_by_status",
        "task_queue_tasks_by_priority",
        "task_queue_workers_by_activity",
    ]
    assert found["workspace_cumulative_statistics"] == found["workspace_statistics"][:2]
    assert found["workers_real_time_statistics"] == found["workers_statistics"][2:]


def test_each_threshold_and_each_activity_is_a_row(answers):
    """Rows of thresholds and of Activities hold what the answer holds, and its key."""
    for answer in answers:
        tables, plain = rows(answer, fetched_at=LATER), to_dict(answer.unwrap())
        plain = plain.get("cumulative", plain)
        for table, listed in tables.items():
            schema = SCHEMAS[table]
            if schema.parent is None or "_real_time_" in schema.parent:
                continue
            (parent,) = tables[schema.parent]
            for row in listed:
                assert [row[name] for name in schema.answer_key] == [
                    parent[name] for name in SCHEMAS[schema.parent].key
                ]
            if table.endswith("_wait_splits"):
                assert {str(row["threshold"]): sides(row) for row in listed} == (
                    plain["split_by_wait_time"] or {}
                )
            else:
                names = ("avg", "min", "max", "total")
                assert [{name: row[name] for name in names} for row in listed] == [
                    {name: each[name] for name in names} for each in plain["activity_durations"]
                ]


def sides(row):
    """Return the counts of a threshold as the server sends them."""
    names = ("tasks_canceled", "reservations_accepted")
    return {side: {name: row[f"{side}_{name}"] for name in names} for side in ("above", "below")}


def test_a_thresholds_unknown_keys_are_kept():
    """Keys of a threshold that no model knows are in its row, those of a side below its name."""
    split = {"5": {"above": {"tasks_canceled": 1, "new": 2}, "below": None, "other": 3}}
    value = structure(
        {"workspace_sid": WS, "split_by_wait_time": split}, models.WorkspaceCumulativeStatistics
    )
    query = queries.workspace_cumulative_statistics(WS, DAY, split_by_wait_time=[5])
    (row,) = rows(Success(query, value, Meta()))["workspace_wait_splits"]
    assert (row["threshold"], row["above_tasks_canceled"]) == (5, 1)
    assert row["below_tasks_canceled"] is row["above_reservations_accepted"] is None
    assert row["extra"] == {"other": 3, "above": {"new": 2}}


def test_a_row_has_the_name_that_the_list_has():
    """A row names the TaskQueue as the list named it, and the account if the answer lacks it."""
    queue = models.TaskQueue(sid=WQ, friendly_name="Sales", account_sid=AC)
    query = attrs.evolve(queries.task_queue_cumulative_statistics(WS, WQ, DAY), context=queue)
    value = structure(
        {"workspace_sid": WS, "task_queue_sid": WQ}, models.TaskQueueCumulativeStatistics
    )
    (row,) = rows(Success(query, value, Meta()))["task_queue_statistics"]
    assert (row["task_queue_sid"], row["task_queue_name"], row["account_sid"]) == (WQ, "Sales", AC)
