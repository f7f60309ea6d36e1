"""Outputs in Parquet whose rows a test chooses."""

import io
import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq

from taskrouter_stats.etl.arrow import arrow_table
from taskrouter_stats.etl.schemas import SCHEMAS

__all__ = ["START", "WORKSPACE", "StoredRows", "row"]

WORKSPACE = "WS" + "0" * 31 + "1"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
"""A Monday, 9:00 in UTC."""


def row(table, hour=0, *, hours=1, **values):
    """Return a row of a table: zeros, null text, and the window that begins at this hour."""
    zeros = {"int64": 0, "float64": 0.0, "bool": True}
    start = START + timedelta(hours=hour)
    found = {column.name: zeros.get(column.kind) for column in SCHEMAS[table].columns}
    found |= {
        "workspace_sid": WORKSPACE,
        "tz": "UTC",
        "window_start": start,
        "window_end": start + timedelta(hours=hours),
        "fetched_at": start + timedelta(days=1),
    }
    assert set(values) <= set(found)
    return found | values


class StoredRows:
    """Storage in memory with the rows of each part, named by table."""

    place = "lake"

    def __init__(self, *parts):
        self.files = {"_state/commit-0000000001.json": b'{"version": 1, "format": "Parquet"}'}
        for number, (table, rows) in enumerate(parts):
            buffer = io.BytesIO()
            pq.write_table(arrow_table(SCHEMAS[table], rows).drop_columns("day"), buffer)
            name = f"{table}/day=2026-11-02/part-20261103T000000Z-00000000-{number:05}.parquet"
            self.files[name] = buffer.getvalue()

    def names(self, under):
        """Return the names below a folder."""
        return sorted(name for name in self.files if name.startswith(f"{under}/"))

    def get(self, name):
        """Return a file's content."""
        return self.files[name]

    def write(self, folder):
        """Write all files into a folder."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def state(self, **changed):
        """Change the checkpoint."""
        name = "_state/commit-0000000001.json"
        self.files[name] = json.dumps(json.loads(self.files[name]) | changed).encode()
        return self
