"""Arrow tables of outcomes."""

import sys

import pyarrow as pa
import pytest

from taskrouter_stats import Failure
from taskrouter_stats.core.outcome import Meta
from taskrouter_stats.errors import InvalidParameter, MissingExtra
from taskrouter_stats.etl import SCHEMAS, to_arrow
from tests.etl.rows.test_answer import success

DURATIONS = {"cumulative": {"activity_durations": [{"friendly_name": "Idle", "total": 3}, {}]}}


def test_outcomes_become_a_table_with_the_fixed_types():
    """The main table has the documented types, its schema's version, and no row of a failure."""
    good = success({"cumulative": {"reservations_created": 4}, "new": 1})
    table = to_arrow([good, Failure(good.query, ValueError("no"), Meta())])
    assert table.num_rows == 1
    assert table.schema.names == list(SCHEMAS["worker_statistics"].names)
    assert table.schema.metadata == {b"schema_version": b"1"}
    assert table.schema.field("reservations_created").type == pa.int64()
    assert table.schema.field("window_start").type == pa.timestamp("us", "UTC")
    assert table["extra"].to_pylist() == ['{"new":1}']


def test_any_table_can_be_chosen():
    """A table's name gives the rows of that table."""
    table = to_arrow([success(DURATIONS)], table="worker_activity_durations")
    assert table["total"].to_pylist() == [3.0, None]


def test_no_outcomes_make_an_empty_table():
    """A table without outcomes is empty and has all types."""
    assert to_arrow([]).schema.field("complete").type == pa.bool_()


def test_an_unknown_table_raises_an_error():
    """The error names the unknown table and those that exist."""
    with pytest.raises(InvalidParameter, match="table='nothing': one of worker_statistics"):
        to_arrow([], table="nothing")


def test_without_pyarrow_the_error_names_the_extra(monkeypatch):
    """The error of a missing library holds the line that installs it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"taskrouter-stats\[parquet\]"):
        to_arrow([])
