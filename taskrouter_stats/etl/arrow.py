"""Arrow tables of rows, for pandas, polars and duckdb. Requires the extra ``parquet``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

import orjson

from taskrouter_stats.core.outcome import Outcome, Success
from taskrouter_stats.errors import InvalidParameter, MissingExtra

from .rows import Row, main_table, rows
from .schemas import SCHEMAS, Kind, Schema

__all__ = ["arrow_schema", "arrow_table", "json_text", "pyarrow", "to_arrow"]


def pyarrow(part: str = "") -> Any:
    """Return pyarrow, or a part of it such as ``".parquet"``; pyarrow has no type annotations.

    Raises:
        MissingExtra: pyarrow is not installed.
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
    """Return the rows of the successes as one ``pyarrow.Table``, without the failures.

    Args:
        outcomes: outcomes of ``collect`` or a stream, of one kind of statistics.
        table: a name from ``SCHEMAS``, such as ``"worker_activity_durations"``; None for the main
            table of the first success.
        fetched_at: when the outcomes were fetched, aware; None if unknown.

    Raises:
        MissingExtra: pyarrow is not installed.
        InvalidParameter: the table is unknown.
        UsageError: an outcome does not hold statistics.
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
    """Return a table's schema in Arrow's types, with its version in the metadata."""
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
    """Return rows as an Arrow table."""
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
    return [None if row[name] is None else json_text(row[name]) for row in found]


def json_text(value: Any) -> str:
    """Return a value of a ``json`` column as text."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
