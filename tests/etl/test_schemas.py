"""The schemas: fixed, with a column for every value of the models."""

import attrs
import pytest

from taskrouter_stats import models
from taskrouter_stats.etl import SCHEMAS

MEASURES = {
    "worker_statistics": models.WorkerCumulative,
    "workers_statistics": models.WorkerCumulative,
    "workspace_statistics": models.WorkspaceCumulative,
    "workflow_statistics": models.WorkflowCumulative,
    "task_queue_statistics": models.TaskQueueCumulative,
    "workers_real_time_statistics": models.WorkersRealTime,
    "workspace_real_time_statistics": models.WorkspaceRealTime,
    "workflow_real_time_statistics": models.TasksRealTime,
    "task_queue_real_time_statistics": models.TaskQueueRealTime,
}
ELSEWHERE = {"activity_durations", "split_by_wait_time"} | {
    *("activity_statistics", "tasks_by_status", "tasks_by_priority"),
}
"""Fields with another table."""

NOW = {"tasks_by_status", "tasks_by_priority", "workers_by_activity", "by_activity"}
"""Names of a real-time answer's parts."""


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_have_different_names(table):
    """No table has a column twice, and its key consists of its columns."""
    schema = SCHEMAS[table]
    assert len(set(schema.names)) == len(schema.names)
    assert set(schema.key) <= set(schema.names)


@pytest.mark.parametrize(
    "table", [name for name, schema in SCHEMAS.items() if schema.parent is not None]
)
def test_a_table_of_parts_has_its_parents_key(table):
    """A row of a part has the key of its answer's row, and columns that tell the parts apart."""
    schema = SCHEMAS[table]
    parent = SCHEMAS[schema.parent]
    assert schema.answer_key == parent.key
    assert schema.key == (*parent.key, *schema.per_row)
    assert set(parent.key) <= set(schema.names)
    assert schema.nested_as in {"activity_durations", "wait_splits"} | NOW


@pytest.mark.parametrize("table", MEASURES)
def test_every_measure_has_a_column(table):
    """Every field of a statistics model has its column, a duration one for each of its parts."""
    names = set(attrs.fields_dict(MEASURES[table]))
    waits = {name for name in names if name.startswith("wait_duration")}
    parts = {f"{name}_{part}" for name in waits for part in ("avg", "min", "max", "total")}
    assert (names - waits - ELSEWHERE) | parts <= set(SCHEMAS[table].names)


def test_worker_statistics_are_as_documented():
    """The main table has the documented columns and types, to which versions only append."""
    schema = SCHEMAS["worker_statistics"]
    assert schema.version == 1
    assert {column.name: column.kind for column in schema.columns} == {
        "account_sid": "string",
        "workspace_sid": "string",
        "worker_sid": "string",
        "worker_name": "string",
        "task_channel": "string",
        "day": "date",
        "tz": "string",
        "window_start": "timestamp",
        "window_end": "timestamp",
        "start_time": "timestamp",
        "end_time": "timestamp",
        "reservations_created": "int64",
        "reservations_accepted": "int64",
        "reservations_rejected": "int64",
        "reservations_timed_out": "int64",
        "reservations_canceled": "int64",
        "reservations_rescinded": "int64",
        "fetched_at": "timestamp",
        "complete": "bool",
        "url": "string",
        "extra": "json",
    }
