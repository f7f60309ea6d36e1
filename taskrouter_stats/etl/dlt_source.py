"""A dlt source: the same rows in any destination of dlt, day by day. Requires the extra ``dlt``.

::

    pipeline = dlt.pipeline("taskrouter", destination="duckdb", dataset_name="statistics")
    pipeline.run(taskrouter_source("WS…", first_day=date(2026, 11, 1), tz="America/New_York"))

Only dlt's state remembers the days that are done, by table; dlt commits it together with their
rows. ``dlt_reader`` reads them.
"""

import os
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from importlib import import_module
from typing import Any, Final, Unpack

from taskrouter_stats.core.local_time import plain_day
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ConfigError, InvalidParameter, MissingExtra
from taskrouter_stats.models import Credentials
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import SessionOptions, TaskRouterSession
from taskrouter_stats.session.options import hide_addresses, options_from_env

from .dlt_reader import DaySchedule, Reader, tables_of
from .planning.plan import DimensionPlan, TablePlan, plan
from .rows import SETTLE_DELAY, Row, Tables
from .schemas import SCHEMAS, Kind

__all__ = ["LOOK_BACK", "taskrouter_source"]

LOOK_BACK: Final = timedelta(days=1)
"""Time after a day's end in which each run fetches the day again; Twilio does not document how late
data may be."""

_REPLACES: Final = "delete-insert"
"""dlt's name of the merge strategy that replaces all rows of a key."""

_TYPES: Final[dict[Kind, str]] = {
    "string": "text",
    "int64": "bigint",
    "float64": "double",
    "timestamp": "timestamp",
    "date": "date",
    "bool": "bool",
    "json": "json",
}


def taskrouter_source(
    workspace_sid: str,
    *,
    tz: str | tzinfo,
    tables: Iterable[str] = ("worker_statistics",),
    first_day: date | None = None,
    task_channel: str | None = None,
    split_by_wait_time: Sequence[int] | None = None,
    credentials: Credentials | None = None,
    settle: timedelta = SETTLE_DELAY,
    look_back: timedelta = LOOK_BACK,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    **options: Unpack[SessionOptions],
) -> Any:
    """Return a ``DltSource`` of a Workspace: every whole local day that no earlier run has done.

    The resources are tables with the columns of ``SCHEMAS``. dlt merges them, so that a day which
    is fetched again adds no duplicate:

    - a statistics table is merged on ``query_key``, the query's key,
    - the tables of its parts, such as ``worker_activity_durations`` and
      ``task_queue_wait_splits``, on ``query_key`` too: all rows of a query are replaced,
    - a dimension, such as ``workers`` and ``activities``, on its SID: the newest list counts.

    The run raises an error for a destination that can't replace rows, such as ``filesystem``. A
    statistics table and its parts come from the same requests and share their state: select all of
    them or none. The source logs a query that fails, and the next run fetches that table's day
    again. A Worker, TaskQueue or Workflow that the server does not find fails too, unless a new
    list lacks it.

    Args:
        workspace_sid: the Workspace (WS…).
        tz: the zone of the days: an IANA name such as ``"America/New_York"``, or a tzinfo.
        tables: the tables, named as for :func:`~taskrouter_stats.etl.planning.plan`.
        first_day: the first local day, a ``date``; None for the oldest of the server's 30 days,
            before which no day is fetched.
        task_channel: only this TaskChannel, by SID or ``unique_name``; None for all.
        split_by_wait_time: thresholds in seconds, > 0, of the tables ``…_wait_splits``; other
            thresholds than in an earlier run fetch the days again and replace their rows.
        credentials: the account or API key; None for those of the environment.
        settle: time after a day's end before the day is fetched, >= 0.
        look_back: time after a day's end in which each run fetches the day again, >= 0.
        now: returns the current time, aware.
        options: options of the session, such as ``headroom`` or ``pace_limit``.

    Raises:
        MissingExtra: dlt is not installed.
        ConfigError, InvalidSid, InvalidWindow, InvalidParameter: an argument is wrong; nothing
            was sent.
    """
    credentials, options = masked(credentials), hide_addresses(options)  # for tracebacks
    for name, span in (("settle", settle), ("look_back", look_back)):
        if span < timedelta(0):
            raise InvalidParameter(name, span, "a timedelta, not negative")

    def open_session() -> TaskRouterSession:
        if credentials is None:
            return TaskRouterSession.from_env(**options)
        return TaskRouterSession(credentials, **options_from_env(options, os.environ))

    dlt = _dlt()
    open_session()  # checks the arguments here and not in dlt's thread; it opens no connection
    day = Window.day(date(2000, 1, 1), tz=tz)
    planned = plan(
        workspace_sid,
        day,
        tables,
        task_channel=task_channel,
        split_by_wait_time=split_by_wait_time,
    )
    first = date.min if first_day is None else plain_day(first_day)
    schedule = DaySchedule(first, day.tz, settle, look_back)
    return _source(dlt, Reader(planned, schedule, open_session, now))


def _source(dlt: Any, reader: Reader) -> Any:
    """Return the source with all tables of the reader's plan."""

    def resources() -> list[Any]:
        found: list[Any] = []
        for table in reader.plan.tables:
            found += _statistics(dlt, reader, table)
        for dimension in reader.plan.dimensions:
            found.append(_dimension(dlt, reader, dimension))
        return found

    return dlt.source(resources, name="taskrouter", max_table_nesting=0)()


def _statistics(dlt: Any, reader: Reader, table: TablePlan) -> list[Any]:
    """Return a table and its parts, which transform one resource that loads no rows."""
    scope = ":".join(map(sid_of, (reader.plan.workspace_sid, table.filters.get("TaskChannel", ""))))
    whose = f"{scope}:{table.filters.get('SplitByWaitTime', '')}".rstrip(":")

    def fetched() -> AsyncGenerator[Tables]:
        _check_destination(dlt)
        state = dlt.current.resource_state(f"fetched_{table.name}")
        for other in set(state) - {whose}:  # rows with other thresholds will be replaced
            if other == scope.rstrip(":") or other.startswith(f"{scope}:"):
                del state[other]
        return reader.statistics(table, state.setdefault(whose, []))

    def taken(name: str) -> Callable[[Tables], list[Row]]:
        return lambda tables: tables[name]

    once = dlt.resource(fetched, name=f"fetched_{table.name}", selected=False)
    main, *parts = tables_of(table.name)
    return [
        once,
        dlt.transformer(taken(main), once, **_hints(main), primary_key="query_key"),
        *(
            dlt.transformer(taken(part), once, **_hints(part), merge_key="query_key")
            for part in parts
        ),
    ]


def _dimension(dlt: Any, reader: Reader, dimension: DimensionPlan) -> Any:
    def listed() -> AsyncGenerator[list[Row]]:  # dlt sets attributes on it: not a method
        _check_destination(dlt)
        return reader.dimension(dimension)

    sids = tuple(name for name in SCHEMAS[dimension.name].key if name.endswith("_sid"))
    return dlt.resource(listed, **_hints(dimension.name), primary_key=sids)


def _check_destination(dlt: Any) -> None:
    """Check that the destination can replace rows.

    Raises:
        ConfigError: dlt would append rows there; nothing was fetched or loaded.
    """
    destination = dlt.current.pipeline().destination
    if destination is None:  # the caller reads rows without a load
        return
    if _REPLACES not in (destination.capabilities().supported_merge_strategies or ()):
        raise ConfigError(
            f"the destination {destination.destination_name} can't replace rows, so it would hold "
            "each day several times: name one that can, such as duckdb or bigquery, or write "
            "Parquet with etl.export"
        )


def _hints(table: str) -> dict[str, Any]:
    """Return a resource's name and its declared columns, of which ``query_key`` is not null."""
    columns: dict[str, Any] = {
        column.name: {"data_type": _TYPES[column.kind]} for column in SCHEMAS[table].columns
    }
    if "window_start" in columns:
        columns = {"query_key": {"data_type": "text", "nullable": False}, **columns}
    return {"name": table, "columns": columns, "write_disposition": "merge"}


def _dlt() -> Any:
    """Return the module dlt, without types.

    Raises:
        MissingExtra: dlt is not installed.
    """
    try:
        return import_module("dlt")
    except ImportError:
        raise MissingExtra("the dlt source", "dlt") from None
