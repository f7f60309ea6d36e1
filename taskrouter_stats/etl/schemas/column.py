"""A column, a schema, and groups of columns that several tables share."""

from collections.abc import Iterable
from typing import Final, Literal

from attrs import frozen

__all__ = [
    "ACTIVITY",
    "DAY",
    "DURATION",
    "FETCHED",
    "LAST",
    "REQUESTED",
    "RESERVATIONS",
    "SERVED",
    "WINDOW_KEY",
    "Column",
    "Kind",
    "Schema",
    "child",
    "counts",
    "json",
    "seconds",
    "text",
    "times",
    "waits",
]

Kind = Literal["string", "int64", "float64", "timestamp", "date", "bool", "json"]


@frozen
class Column:
    """A column of a table.

    Attributes:
        name: the column's name; the JSON's name for values of the server.
        kind: the column's type.
    """

    name: str
    kind: Kind


@frozen
class Schema:
    """The schema of a table.

    Attributes:
        name: the table's name.
        version: the schema's version, >= 1.
        columns: the columns, in order.
        key: the columns that identify a row, except for windows that were fetched again.
        parent: the table with one row for each answer, if an answer has several rows here.
        per_row: the key's columns that tell the rows of an answer apart.
    """

    name: str
    version: int
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    parent: str | None = None
    per_row: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def answer_key(self) -> tuple[str, ...]:
        """The columns that are equal in all rows of an answer, and differ between queries."""
        return tuple(name for name in self.key if name not in self.per_row)

    @property
    def nested_as(self) -> str:
        """The name of these rows as a list within their parent's row: ``activity_durations``."""
        parent = (self.parent or "").removesuffix("statistics").removesuffix("real_time_")
        return self.name.removeprefix(parent)


def _columns(kind: Kind, names: Iterable[str]) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name in names)


def text(names: str) -> tuple[Column, ...]:
    """Return columns of text, by their names with spaces between."""
    return _columns("string", names.split())


def counts(names: str) -> tuple[Column, ...]:
    """Return columns of whole numbers."""
    return _columns("int64", names.split())


def seconds(names: str) -> tuple[Column, ...]:
    """Return columns of durations in seconds."""
    return _columns("float64", names.split())


def times(names: str) -> tuple[Column, ...]:
    """Return columns of times in UTC."""
    return _columns("timestamp", names.split())


def json(names: str) -> tuple[Column, ...]:
    """Return columns of JSON."""
    return _columns("json", names.split())


def waits(names: str) -> tuple[Column, ...]:
    """Return four columns for each duration: ``avg``, ``min``, ``max`` and ``total``, seconds."""
    each = (f"{name}_{part}" for name in names.split() for part in ("avg", "min", "max", "total"))
    return _columns("float64", each)


DAY: Final = (Column("day", "date"), Column("tz", "string"))
REQUESTED: Final = (*text("task_channel"), *DAY, *times("window_start window_end"))
SERVED: Final = times("start_time end_time")
FETCHED: Final = (*times("fetched_at"), Column("complete", "bool"))
LAST: Final = (*text("url"), *json("extra"))
WINDOW_KEY: Final = ("task_channel", "window_start", "window_end")

RESERVATIONS: Final = counts(
    "reservations_created reservations_accepted reservations_rejected "
    "reservations_timed_out reservations_canceled reservations_rescinded"
)
DURATION: Final = seconds("avg min max total")
ACTIVITY: Final = text("activity_sid activity_name")


def child(
    parent: Schema, name: str, key: tuple[Column, ...], measures: tuple[Column, ...]
) -> Schema:
    """Return the schema of a table with several rows for each answer.

    Args:
        parent: the schema of the table with one row for each answer.
        name: the table's name.
        key: the columns that tell the rows of an answer apart.
        measures: the other columns that the parent lacks.
    """
    kept = {"account_sid", *parent.key, *(column.name for column in (*REQUESTED, *FETCHED))}
    kept |= {name for name in parent.names if name.endswith("_name")}
    shared = [column for column in parent.columns if column.name in kept]
    head = [column for column in shared if column not in FETCHED]
    columns = (*head, *key, *measures, *FETCHED, *json("extra"))
    names = tuple(column.name for column in key if not column.name.endswith("_name"))
    return Schema(name, 1, columns, (*parent.key, *names), parent.name, names)
