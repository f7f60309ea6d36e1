"""Readers of JSON Lines find the types of columns that are null for long."""

import duckdb
import polars as pl

from taskrouter_stats.etl import SCHEMAS, JsonLinesSink
from taskrouter_stats.etl.state.checkpoint import Checkpoint


def test_readers_that_look_at_every_line_read_a_column_that_begins_with_nulls(tmp_path):
    """After 20,500 nulls a value is read by polars and duckdb with the options of the page."""
    path = tmp_path / "rows.jsonl"
    sink = JsonLinesSink(path)
    checkpoint = Checkpoint(sink.storage, sink.state, sink.format)
    checkpoint.open()
    sink.begin("run", checkpoint)
    row = dict.fromkeys(SCHEMAS["worker_statistics"].names) | {"worker_sid": "WK1"}
    last = row | {"worker_name": "Zoë", "extra": {"new": 1}}
    sink.write([{"worker_statistics": [row]}] * 20_500 + [{"worker_statistics": [last]}])
    frame = pl.read_ndjson(path, infer_schema_length=None)
    assert (frame.height, frame["worker_name"][-1], frame["extra"][-1]) == (
        20_501,
        "Zoë",
        {"new": 1},
    )
    read = duckdb.sql(f"FROM read_json('{path}', sample_size = -1) WHERE worker_name IS NOT NULL")
    assert [found["worker_name"] for found in read.to_arrow_table().to_pylist()] == ["Zoë"]
