"""Rows of what the server lists."""

from datetime import UTC, datetime

import attrs
import pytest

from taskrouter_stats import models
from taskrouter_stats.etl import SCHEMAS
from taskrouter_stats.etl.rows import snapshot_rows

WK, WA, WQ = (prefix + "1" * 32 for prefix in ("WK", "WA", "WQ"))
LATER = datetime(2026, 11, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "thing",
    [
        models.Worker(sid=WK, friendly_name="Ada", available=False, attributes="{}"),
        models.Activity(sid=WA, friendly_name="Idle", available=True),
        models.TaskQueue(sid=WQ, friendly_name="Sales", max_reserved_workers=3),
        models.Workflow(sid="WW" + "1" * 32, friendly_name="Day", configuration="{}"),
        models.TaskChannel(sid="TC" + "1" * 32, friendly_name="Voice", unique_name="voice"),
        models.WorkerChannel(sid="WC" + "1" * 32, worker_sid=WK, configured_capacity=2),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_snapshots_have_their_columns(thing):
    """A listed resource is a row of its own table, with the columns that join it."""
    ((table, (row,)),) = snapshot_rows(thing, LATER).items()
    assert tuple(row) == SCHEMAS[table].names
    kind = SCHEMAS[table].key[-2].removesuffix("_sid")
    assert row[f"{kind}_sid"] == thing.sid
    assert row.get(f"{kind}_name") == getattr(thing, "friendly_name", None)
    assert (row["day"], row["extra"]) == (LATER.date(), None)
    for name in set(attrs.fields_dict(type(thing))) & set(row) - {"extra"}:
        assert row[name] == getattr(thing, name)
