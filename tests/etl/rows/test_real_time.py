"""Rows of real-time statistics: totals, Tasks by status and priority, Workers by Activity."""

import asyncio
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from taskrouter_stats import Success, TaskRouterSession, models, queries
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.etl import SCHEMAS
from taskrouter_stats.etl.rows import rows, snapshot_columns, worker_activity_rows
from taskrouter_stats.models import structure, to_dict
from taskrouter_stats.simulator import Simulator

WS, WQ, WK, WA, AC = (prefix + "1" * 32 for prefix in ("WS", "WQ", "WK", "WA", "AC"))
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, 0, 30, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def answer(query, model, **fields):
    """Return such an answer to a query."""
    return Success(query, structure({"workspace_sid": WS, **fields}, model), Meta())


def bulk(*queues):
    """Return a bulk answer with these TaskQueues."""
    (query,) = queries.task_queues_bulk_real_time_statistics(WS, [WQ])
    return answer(query, models.TaskQueuesBulkRealTimeStatistics, task_queue_data=list(queues))


@pytest.fixture(scope="module")
def answers():
    """Return a real-time answer of every kind."""

    async def fetch():
        async with (
            Simulator(workers=20, window="none", latency=0) as simulator,
            TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
        ):
            world, ws = simulator.world, simulator.workspace_sid
            asked = [
                queries.workspace_real_time_statistics(ws),
                queries.workers_real_time_statistics(ws),
                queries.workflow_real_time_statistics(ws, world.workflows[0].sid),
                queries.task_queue_real_time_statistics(ws, world.task_queues[0].sid),
            ]
            return await session.collect(asked)

    return asyncio.run(fetch())


def test_each_part_of_an_answer_is_a_row(answers):
    """Rows by status, priority and Activity hold the answer's counts, with the answer's key."""
    for success in answers:
        tables, plain = rows(success, fetched_at=NOON), to_dict(success.unwrap())
        main = next(iter(tables))
        (parent,) = tables.pop(main)
        for table, listed in tables.items():
            assert all(tuple(row) == SCHEMAS[table].names for row in listed)
            shared = SCHEMAS[main].key
            assert all([row[n] for n in shared] == [parent[n] for n in shared] for row in listed)
            if table.endswith("by_activity"):
                expected = [(a["sid"], a["workers"]) for a in plain["activity_statistics"]]
                found = [(row["activity_sid"], row["workers"]) for row in listed]
            else:
                column = table.rpartition("_")[2]
                expected = list(plain[f"tasks_by_{column}"].items())
                found = [(row[column], row["tasks"]) for row in listed]
            assert found == expected
    assert {table for s in answers for table in rows(s)} == set(SCHEMAS) & {
        *("workspace_real_time_statistics", "workspace_tasks_by_status"),
        *("workspace_tasks_by_priority", "workspace_workers_by_activity"),
        *("workers_real_time_statistics", "workers_by_activity", "workflow_tasks_by_priority"),
        *("workflow_real_time_statistics", "workflow_tasks_by_status"),
        *("task_queue_real_time_statistics", "task_queue_tasks_by_status"),
        *("task_queue_tasks_by_priority", "task_queue_workers_by_activity"),
    }


def test_a_bulk_answer_has_the_rows_of_each_queue():
    """Each TaskQueue of a bulk answer has its rows, with its own unknown keys."""
    activity = {"sid": WA, "friendly_name": "Idle", "workers": 4, "new": 1}
    queue = {
        "task_queue_sid": WQ.lower().replace("wq", "WQ"),
        "total_tasks": "7",
        "tasks_by_status": {"pending": "5", "reserved": 2},
        "activity_statistics": [activity],
        "odd": True,
    }
    other = {"task_queue_sid": "WQ" + "2" * 32, "tasks_by_status": None}
    tables = rows(bulk(queue, other), fetched_at=NOON)
    first, second = tables["task_queue_real_time_statistics"]
    assert (first["total_tasks"], first["extra"], second["total_tasks"]) == (7, {"odd": True}, None)
    assert [
        (row["task_queue_sid"], row["status"], row["tasks"])
        for row in tables["task_queue_tasks_by_status"]
    ] == [(WQ, "pending", 5), (WQ, "reserved", 2)]
    (idle,) = tables["task_queue_workers_by_activity"]
    assert (idle["activity_name"], idle["workers"], idle["extra"]) == ("Idle", 4, {"new": 1})


@pytest.mark.parametrize(
    ("snapshot_time", "tz", "day"),
    [
        (None, UTC, date(2026, 11, 26)),
        (MIDNIGHT, UTC, date(2026, 11, 27)),
        (MIDNIGHT, NEW_YORK, date(2026, 11, 26)),
    ],
)
def test_rows_have_the_time_of_their_snapshot(snapshot_time, tz, day):
    """A row has its snapshot's time and local day, or those of ``fetched_at`` without one."""
    tables = rows(bulk({"task_queue_sid": WQ}), fetched_at=NOON, snapshot_time=snapshot_time, tz=tz)
    (row,) = tables["task_queue_real_time_statistics"]
    assert (row["snapshot_time"], row["fetched_at"]) == (snapshot_time or NOON, NOON)
    assert (row["day"], row["tz"]) == (day, str(tz))


def test_a_row_without_any_time_has_no_day():
    """An answer whose time is unknown has rows without time and day."""
    (row,) = rows(bulk({"task_queue_sid": WQ}))["task_queue_real_time_statistics"]
    assert (row["snapshot_time"], row["day"], row["tz"]) == (None, None, None)


def test_a_workers_activity_is_a_row():
    """A Worker's row has its Activity, the seconds in it, and how they were measured."""
    worker = models.Worker(
        sid=WK,
        workspace_sid=WS,
        account_sid=AC,
        friendly_name="Ada",
        activity_sid=WA,
        activity_name="Idle",
        available=True,
        date_status_changed=datetime(2026, 11, 26, 11, 59, tzinfo=UTC),
        extra={"new": 1},
    )
    live = models.LiveWorker.listed(worker, NOON, MIDNIGHT)
    (row,) = worker_activity_rows(live, snapshot_columns(NOON))["worker_activity"]
    assert tuple(row) == SCHEMAS["worker_activity"].names
    assert (row["worker_sid"], row["worker_name"], row["activity_name"]) == (WK, "Ada", "Idle")
    assert (row["seconds_in_activity"], row["as_of"], row["by_server_clock"]) == (60.0, NOON, True)
    assert (row["snapshot_time"], row["extra"]) == (NOON, {"new": 1})
