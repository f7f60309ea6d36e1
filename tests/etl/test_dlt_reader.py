"""The dlt source of every table, loaded into a real duckdb and a real Postgres."""

import importlib.util
from datetime import date, timedelta

import pytest

from taskrouter_stats import errors
from taskrouter_stats.etl.dlt_source import taskrouter_source
from taskrouter_stats.etl.planning.tables import DIMENSIONS, STATISTICS
from tests.etl import dlt_postgres
from tests.etl.dlt_warehouse import Warehouse

ALL = (*STATISTICS, *DIMENSIONS)
QUEUES = "TaskQueueCumulativeStatistics-Fetch"
DAY = {"first_day": date(2026, 11, 3)}
SPLIT = {**DAY, "split_by_wait_time": [5, 20]}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Switch off dlt's telemetry."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture
async def warehouse(tmp_path):
    """Return a warehouse with a running simulator."""
    warehouse = Warehouse(tmp_path)
    async with warehouse.simulator:
        with warehouse.database:
            yield warehouse


def counts(warehouse):
    """Return the number of rows of each table that has rows."""
    tables = warehouse.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'lake' "
        "AND table_name NOT LIKE '\\_dlt%' ESCAPE '\\'"
    )
    each = (f"SELECT '{name}', count(*) FROM lake.{name}" for (name,) in tables)
    return dict(warehouse.sql(" UNION ALL ".join(each)))


async def test_every_table_is_loaded_once(warehouse):
    """Two runs over all tables leave each row once, and sums over queues equal the Workspace's."""
    await warehouse.load(tables=ALL, **SPLIT)
    first = counts(warehouse)
    assert set(STATISTICS) | set(DIMENSIONS) <= set(first)
    assert first["task_queue_wait_splits"] == 2 * first["task_queue_statistics"]
    await warehouse.load(tables=ALL, **SPLIT)
    assert counts(warehouse) == first
    queues = warehouse.sql("SELECT sum(reservations_created) FROM task_queue_statistics")
    workers = warehouse.sql("SELECT sum(reservations_created) FROM worker_statistics")
    workspace = warehouse.sql("SELECT sum(reservations_created) FROM workspace_statistics")
    assert queues == workers == workspace


async def test_a_table_that_is_added_later_gets_all_its_days(warehouse):
    """A day that is done for one table is fetched for another, and only for that one."""
    await warehouse.load(**DAY, look_back=timedelta(0))
    both = ("worker_statistics", "task_queue_statistics")
    requested = await warehouse.load(tables=both, **DAY, look_back=timedelta(0))
    queues = warehouse.sql("SELECT count(DISTINCT task_queue_sid) FROM task_queue_statistics")
    assert requested[QUEUES] == queues[0][0]
    assert "WorkerStatistics-Fetch" not in requested


async def test_other_thresholds_replace_the_rows_of_a_day(warehouse):
    """A run with other thresholds fetches each day again, and leaves only their rows."""
    tables = {"tables": ["task_queue_statistics"], "look_back": timedelta(0)}
    await warehouse.load(**tables, **SPLIT)
    before = counts(warehouse)["task_queue_statistics"]
    await warehouse.load(**tables, **DAY, split_by_wait_time=[30])
    thresholds = warehouse.sql("SELECT DISTINCT threshold FROM task_queue_wait_splits")
    assert thresholds == [(30,)]
    assert counts(warehouse)["task_queue_statistics"] == before
    await warehouse.load(**tables, **SPLIT)
    thresholds = warehouse.sql("SELECT DISTINCT threshold FROM task_queue_wait_splits ORDER BY 1")
    assert thresholds == [(5,), (20,)]


@pytest.mark.skipif(
    dlt_postgres.programs() is None or importlib.util.find_spec("psycopg2") is None,
    reason="no Postgres server, or no psycopg2, is installed",
)
async def test_postgres_holds_each_row_once(warehouse, monkeypatch):
    """Two runs into Postgres leave each row once."""
    import dlt  # noqa: PLC0415 (only once telemetry is off)

    with dlt_postgres.postgres() as url:
        folder = str(warehouse.folder / "pipelines")
        pipeline = dlt.pipeline(
            "test",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(url),
            dataset_name="lake",
        )

        def sql(text):
            with pipeline.sql_client() as client:
                return client.execute_sql(text)

        monkeypatch.setattr(warehouse, "pipeline", lambda: pipeline)
        monkeypatch.setattr(warehouse, "sql", sql)
        tables = ("worker_statistics", "task_queue_statistics", "workspace_statistics")
        await warehouse.load(tables=tables, **SPLIT)
        first = counts(warehouse)
        assert first["worker_statistics"] == 7
        await warehouse.load(tables=tables, **SPLIT)
        assert counts(warehouse) == first


@pytest.mark.parametrize("tables", ["workforce", ["task_queue_wait_splits"], [], 5])
def test_a_table_that_no_plan_has_is_refused(tables, monkeypatch):
    """A name that is not a table of a plan raises an error when the source is made."""
    monkeypatch.setenv("TWILIO_API_KEY", "SK" + "0" * 32)
    monkeypatch.setenv("TWILIO_API_SECRET", "made-up")
    with pytest.raises(errors.InvalidParameter, match="tables"):
        taskrouter_source("WS" + "0" * 32, tz="UTC", tables=tables)
