"""Arrow tables of our rows, for pandas, polars and duckdb. It needs the extra ``parquet``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

import orjson

from taskrouter_stats.core.outcome import Outcome, Success
from taskrouter_stats.errors import InvalidParameter, MissingExtra

from .rows import Row, main_table, rows
from .schemas import SCHEMAS, Kind, Schema

__all__ = ["arrow_schema", "arrow_table", "pyarrow", "to_arrow"]


def pyarrow(part: str = "") -> Any:
    """The library, or a part of it such as ``".parquet"``; it ships no types.

    Raises:
        MissingExtra: when it isn't installed.
    """
    try:
        return import_module(f"pyarrow{part}")
    except ImportError:
        raise MissingExtra("Parquet and Arrow", "parquet") from None


def to_arrow(
    outcomes: Iterable[Outcome[Any]],
    *,
    table: str | None = None,
    fetched_at: datetime | None = None,
) -> Any:
    """The successes among these as one ``pyarrow.Table``; failures are left out.

    Args:
        outcomes: what ``collect`` or a stream returned, of one kind of statistics.
        table: a name from ``SCHEMAS``, such as ``"worker_activity_durations"``; by default that
            of the first success's own statistics.
        fetched_at: when they were fetched, aware; null if it isn't known any more.

    Raises:
        MissingExtra: without pyarrow.
        InvalidParameter: for a table that isn't there.
        UsageError: for answers that are no statistics.
    """
    pyarrow()
    successes = [outcome for outcome in outcomes if isinstance(outcome, Success)]
    if table is None:
        operation = successes[0].query.endpoint.name if successes else "worker_statistics"
        table = main_table(operation)
    if table not in SCHEMAS:
        raise InvalidParameter("table", table, f"one of {', '.join(SCHEMAS)}")
    found: list[Row] = []
    for success in successes:
        found += rows(success, fetched_at=fetched_at).get(table, ())
    return arrow_table(SCHEMAS[table], found)


def arrow_schema(schema: Schema) -> Any:
    """A table's schema in Arrow's types, its version in the metadata."""
    pa = pyarrow()
    types: Mapping[Kind, Callable[[], Any]] = {
        "string": pa.string,
        "int64": pa.int64,
        "float64": pa.float64,
        "timestamp": lambda: pa.timestamp("us", "UTC"),
        "date": pa.date32,
        "bool": pa.bool_,
        "json": pa.string,
    }
    fields = [pa.field(column.name, types[column.kind]()) for column in schema.columns]
    return pa.schema(fields, metadata={"schema_version": str(schema.version)})


def arrow_table(schema: Schema, found: Sequence[Row]) -> Any:
    """Rows as an Arrow table."""
    pa = pyarrow()
    typed = arrow_schema(schema)
    arrays = [
        pa.array(_values(found, column.name, column.kind), typed.field(column.name).type)
        for column in schema.columns
    ]
    return pa.Table.from_arrays(arrays, schema=typed)


def _values(found: Sequence[Row], name: str, kind: Kind) -> list[Any]:
    if kind != "json":
        return [row[name] for row in found]
    return [None if row[name] is None else _json(row[name]) for row in found]


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
