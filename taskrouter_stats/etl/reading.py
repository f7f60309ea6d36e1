"""Sums over the rows of an output in Parquet. Requires the extra ``parquet``.

Of several answers to one query only the latest counts, as in ``latest.py``. Files are read one day
at a time, so memory holds the rows of one day and the sums.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from attrs import frozen

from taskrouter_stats.errors import ConfigError, StorageError

from .arrow import pyarrow
from .latest import latest_rows
from .output.storage import Storage
from .rows import Row
from .schemas import SCHEMAS
from .sinks import ParquetSink
from .sinks.arguments import text_of
from .state.checkpoint import format_of

__all__ = ["ParquetReader", "WindowKey"]

_FORMAT: Final = "Parquet"
_COUNT: Final = "rows"
"""The column of a sum that holds the number of rows in it."""

Combine = Literal["sum", "max"]


class WindowKey(NamedTuple):
    """The window of a row: its columns of these names."""

    workspace_sid: str | None
    task_channel: str | None
    window_start: Any
    window_end: Any


@frozen
class ParquetReader:
    """An output in Parquet, for reading.

    Attributes:
        storage: the folder or the object store.
    """

    storage: Storage

    @classmethod
    def at(cls, place: str | os.PathLike[str]) -> "ParquetReader":
        """Return a reader of an output.

        Args:
            place: the output, as the sink got it: a folder or a URI.

        Raises:
            ConfigError: no export has written Parquet to this place.
            MissingExtra: pyarrow is not installed.
            StorageError: the newest commit can't be read.
        """
        sink = ParquetSink(text_of(place, "a folder's name or a URI"))
        name, found = sink.storage.place, format_of(sink.storage, sink.state)
        if found is None:
            raise ConfigError(f"{name} is not an output of this program: it has no {sink.state}")
        if found.partition(" of ")[0] != _FORMAT:
            raise ConfigError(f"{name} holds {found}: expected Parquet, the format of a folder")
        return cls(sink.storage)

    def has(self, table: str) -> bool:
        """Return whether the output has a file of this table."""
        return bool(self._folders(table))

    def combine(
        self,
        table: str,
        by: Sequence[str],
        of: Mapping[str, Combine] | None = None,
        *,
        without: Collection[WindowKey] = (),
    ) -> list[Row]:
        """Return a row for each combination of values in ``by``, in no order.

        Args:
            table: a name from ``SCHEMAS``; without a file of it there are no rows.
            by: the columns to group by.
            of: the columns to combine, and how; a row in which one of them is null is left out.
            without: windows whose rows are left out.

        Returns:
            Rows with the columns of ``by`` and ``of``, and ``rows``: the number of rows combined.

        Raises:
            StorageError: a file can't be read, or lacks a column.
        """
        of, keys = of or {}, WindowKey._fields if without else ()
        columns = [*dict.fromkeys((*by, *of, *keys))]
        parts: list[Any] = []
        for names in self._folders(table).values():
            found = self._latest(table, names, columns)
            if without:
                found = _without(found, without)
            parts.append(_grouped(_filled(found, of), by, of))
        if not parts:
            return []
        joined = pyarrow().concat_tables(parts, promote_options="default")
        combined: list[Row] = _regrouped(joined, by, of).to_pylist()
        return combined

    def _folders(self, table: str) -> dict[str, list[str]]:
        """Return the names of a table's files by folder, the oldest first."""
        folders: dict[str, list[str]] = defaultdict(list)
        for name in self.storage.names(table):
            if name.endswith(".parquet"):
                folders[name.rpartition("/")[0]].append(name)
        return folders

    def _latest(self, table: str, names: list[str], columns: list[str]) -> Any:
        """Return the rows of a folder that count."""
        needed = [*columns, "complete"]
        if len(names) > 1:
            needed += [*SCHEMAS[table].key, "fetched_at"]
        needed = list(dict.fromkeys(needed))
        pa = pyarrow()
        found = pa.concat_tables([self._read(name, needed) for name in names])
        complete = pyarrow(".compute").all(found["complete"], skip_nulls=False).as_py()
        if len(names) > 1 and not complete:  # else no window was fetched more than once
            keep, _ = latest_rows(table, found.to_pylist())
            found = found.take(pa.array(sorted(keep), pa.int64()))
        return found.select(columns)

    def _read(self, name: str, columns: list[str]) -> Any:
        pa, place = pyarrow(), f"{self.storage.place}/{name}"
        data = self.storage.get(name)
        try:
            found = pyarrow(".parquet").ParquetFile(pa.BufferReader(data)).read(columns)
        except (OSError, pa.ArrowException) as error:
            raise StorageError(f"{place} is not readable: {error}: restore it") from None
        if missing := set(columns) - set(found.column_names):
            raise StorageError(f"{place} has no column {min(missing)}: restore it")
        return found.select(columns)


def _without(found: Any, windows: Collection[WindowKey]) -> Any:
    """Return the rows of other windows; null is not equal to null in a join, so it is filled."""
    pa, names = pyarrow(), WindowKey._fields
    left_out = pa.table(
        {
            name: pa.array([window[number] for window in windows], found.schema.field(name).type)
            for number, name in enumerate(names)
        }
    )
    numbered = found.append_column("number", pa.array(range(found.num_rows), pa.int64()))
    keys = _no_nulls(numbered.select([*names, "number"]))
    kept = keys.join(_no_nulls(left_out), list(names), join_type="left anti")
    return found.take(kept["number"])


def _no_nulls(found: Any) -> Any:
    pa = pyarrow()
    for number, column in enumerate(found.schema):
        if pa.types.is_string(column.type):
            filled = pyarrow(".compute").fill_null(found[column.name], "")
            found = found.set_column(number, column.name, filled)
    return found


def _filled(found: Any, of: Mapping[str, Combine]) -> Any:
    """Return the rows in which no column to combine is null."""
    compute = pyarrow(".compute")
    for name in of:
        found = found.filter(compute.is_valid(found[name]))
    return found


def _grouped(found: Any, by: Sequence[str], of: Mapping[str, Combine]) -> Any:
    combined: list[Any] = [*of.items(), ([], "count_all")]
    grouped = found.group_by(list(by)).aggregate(combined)
    return _renamed(grouped, {f"{name}_{how}": name for name, how in of.items()})


def _regrouped(found: Any, by: Sequence[str], of: Mapping[str, Combine]) -> Any:
    combined = [*of.items(), (_COUNT, "sum")]
    grouped = found.group_by(list(by)).aggregate(combined)
    names = {f"{name}_{how}": name for name, how in of.items()}
    return _renamed(grouped, {**names, f"{_COUNT}_sum": _COUNT})


def _renamed(found: Any, names: Mapping[str, str]) -> Any:
    names = {"count_all": _COUNT, **names}
    return found.rename_columns([names.get(name, name) for name in found.column_names])
