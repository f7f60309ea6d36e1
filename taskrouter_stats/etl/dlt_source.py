"""A dlt source: the same rows in any destination of dlt, day by day. Requires the extra ``dlt``.

::

    pipeline = dlt.pipeline("taskrouter", destination="duckdb", dataset_name="statistics")
    pipeline.run(taskrouter_source("WS…", first_day=date(2026, 11, 1), tz="America/New_York"))

Only dlt's state remembers the days that are done; dlt commits it together with their rows. dlt runs
async generators in its own thread and event loop, each step in a new task. So the source opens one
session there for all resources, and the last resource closes it.
"""

import logging
import os
from asyncio import Lock
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from importlib import import_module
from typing import Any, Final, Unpack

from attrs import define, field, frozen

from taskrouter_stats.core import queries
from taskrouter_stats.core.local_time import plain_day
from taskrouter_stats.core.outcome import Success
from taskrouter_stats.core.window import RETENTION, Window
from taskrouter_stats.errors import ConfigError, InvalidParameter, MissingExtra
from taskrouter_stats.models import Credentials, Worker, WorkerStatistics
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import SessionOptions, TaskRouterSession
from taskrouter_stats.session.options import hide_addresses, options_from_env
from taskrouter_stats.session.worker_queries import WorkerQueries

from .missing_workers import MissingWorkers
from .plan import WorkerPlan, key_of, worker_plan
from .report import FailedQuery, failure_kind
from .rows import SETTLE_DELAY, Row, Tables, rows, snapshot_rows
from .schemas import SCHEMAS, Kind

__all__ = ["LOOK_BACK", "taskrouter_source"]

LOOK_BACK: Final = timedelta(days=1)
"""Time after a day's end in which each run fetches the day again; Twilio does not document how late
data may be."""

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_BATCH: Final = 1000
"""Answers that one step passes to dlt."""

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
    first_day: date | None = None,
    task_channel: str | None = None,
    credentials: Credentials | None = None,
    settle: timedelta = SETTLE_DELAY,
    look_back: timedelta = LOOK_BACK,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    **options: Unpack[SessionOptions],
) -> Any:
    """Return a ``DltSource`` of a Workspace: every whole local day that no earlier run has done.

    The resources are tables with the columns of ``SCHEMAS``. dlt merges them, so that a day which
    is fetched again adds no duplicate:

    - ``worker_statistics``, merged on ``query_key``, the query's key,
    - ``worker_activity_durations``, merged on ``query_key``: all rows of a query are replaced,
    - ``workers`` and ``activities``, merged on their SIDs: the newest list counts.

    The run raises an error for a destination that can't replace rows, such as ``filesystem``. The
    first two tables come from the same requests and share their state: select both or neither.
    The source logs a worker that fails, and the next run fetches that day again. A worker that the
    server does not find fails too, unless a new list of the Workers lacks it.

    Args:
        workspace_sid: the Workspace (WS…).
        tz: the zone of the days: an IANA name such as ``"America/New_York"``, or a tzinfo.
        first_day: the first local day, a ``date``; None for the oldest of the server's 30 days,
            before which no day is fetched.
        task_channel: only this TaskChannel, by SID or ``unique_name``; None for all.
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
    plan = worker_plan(workspace_sid, day, task_channel=task_channel)
    first = date.min if first_day is None else plain_day(first_day)
    schedule = _DaySchedule(first, day.tz, settle, look_back)
    return _source(dlt, _Reader(plan, schedule, open_session, now))


@frozen
class _DaySchedule:
    """The days to fetch, and the time until which each is fetched again."""

    first: date
    tz: tzinfo
    settle: timedelta
    look_back: timedelta

    def due(self, now: datetime) -> list[Window]:
        """Return the whole days that have settled and not expired, oldest first."""
        oldest = (now - RETENTION).astimezone(self.tz).date() + timedelta(days=1)
        first, last = max(self.first, oldest), now.astimezone(self.tz).date()
        days = Window.days(first, last, tz=self.tz) if first <= last else []
        return [day for day in days if _ended(day, self.settle, now)]

    def final(self, day: Window, now: datetime) -> bool:
        """Return whether a day that is fetched now is done."""
        return _ended(day, self.look_back, now)


def _ended(day: Window, ago: timedelta, now: datetime) -> bool:
    return day.end is not None and day.end + ago <= now


@define(eq=False)
class _Shared:
    """The session and the workers that the running resources share."""

    session: TaskRouterSession
    users: int = 0
    workers: list[Worker] | None = None
    lock: Lock = field(factory=Lock)


@define(eq=False)
class _Reader:
    """Reader of all resources, in dlt's event loop, with one session and one list of workers."""

    plan: WorkerPlan
    schedule: _DaySchedule
    open_session: Callable[[], TaskRouterSession]
    now: Callable[[], datetime]
    _shared: _Shared | None = field(default=None, init=False)

    async def workers(self) -> AsyncGenerator[list[Row]]:
        """Yield the rows of the workers that the server lists now."""
        async with self._sharing() as shared:
            found, at, tz = await self._listed(shared), self.now(), self.schedule.tz
            yield [row for worker in found for row in snapshot_rows(worker, at, tz)["workers"]]

    async def activities(self) -> AsyncGenerator[list[Row]]:
        """Yield the rows of the activities that the server lists now."""
        async with self._sharing() as shared:
            listing = queries.activities(self.plan.workspace_sid)
            found = await shared.session.iterate(listing).collect()
            at, tz = self.now(), self.schedule.tz
            yield [
                row for activity in found for row in snapshot_rows(activity, at, tz)["activities"]
            ]

    async def statistics(self, done: list[str]) -> AsyncGenerator[Tables]:
        """Yield the rows of every day that is not in ``done``, and add the days that are done."""
        due = self.schedule.due(self.now())
        done[:] = [text for text in done if text in set(map(str, due))]
        async with self._sharing() as shared:
            missing, finished = MissingWorkers(shared.session, self.plan), list[Window]()
            for day in due:
                if str(day) in done:
                    continue
                at, failed = self.now(), 0
                successes: list[Success[WorkerStatistics]] = []
                source = WorkerQueries(
                    self.plan.template.with_window(day), await self._listed(shared)
                )
                async with shared.session.stream(source.queries()) as outcomes:
                    async for outcome in outcomes:
                        if isinstance(outcome, Success):
                            successes.append(outcome)
                        elif failure_kind(outcome.error) == "gone":
                            missing.failures.append(FailedQuery.of(outcome))
                        else:
                            failed += 1
                            _LOGGER.warning("%s: %s", outcome.query.key, outcome.error)
                        if len(successes) >= _BATCH:
                            yield self._tables(successes)
                            successes = []
                yield self._tables(successes)
                if not failed and self.schedule.final(day, at):
                    finished.append(day)
            still_listed = await self._failed_days(missing)
            done += [str(day) for day in finished if day.start not in still_listed]

    async def _failed_days(self, missing: MissingWorkers) -> set[datetime | None]:
        """Return when the days began whose missing Workers a new list still holds, and log them."""
        await missing.confirm()
        for failure in missing.failures:
            _LOGGER.warning("%s: %s", failure.key, failure.message)
        return {failure.window_start for failure in missing.failures}

    def _tables(self, successes: Iterable[Success[WorkerStatistics]]) -> Tables:
        at, tables = self.now(), Tables(worker_statistics=[], worker_activity_durations=[])
        for success in successes:
            found = rows(success, fetched_at=at, settle=self.schedule.settle)
            for table, some in found.items():
                tables[table] += [{"query_key": key_of(success.query), **row} for row in some]
        return tables

    async def _listed(self, shared: _Shared) -> list[Worker]:
        async with shared.lock:
            if shared.workers is None:
                listing = queries.workers(self.plan.workspace_sid)
                found = await shared.session.iterate(listing).collect()
                shared.workers = list(
                    {sid_of(worker.sid or ""): worker for worker in found}.values()
                )
        return shared.workers

    @asynccontextmanager
    async def _sharing(self) -> AsyncGenerator[_Shared]:
        """Share a session: the first resource opens it, the last one closes it."""
        shared = self._shared = self._shared or _Shared(self.open_session())
        shared.users += 1
        try:
            yield shared
        finally:
            shared.users -= 1
            if not shared.users:
                self._shared = None
                await shared.session.aclose()


def _source(dlt: Any, reader: _Reader) -> Any:
    """Return the source; both tables of statistics transform one resource that loads no rows."""
    template = reader.plan.template
    whose = ":".join(
        map(sid_of, (template.workspace_sid, dict(template.filters).get("TaskChannel", "")))
    )

    def fetched() -> AsyncGenerator[Tables]:
        _check_destination(dlt)
        return reader.statistics(dlt.current.resource_state("fetched").setdefault(whose, []))

    def taken(table: str) -> Callable[[Tables], list[Row]]:
        return lambda tables: tables[table]

    def workers() -> AsyncGenerator[list[Row]]:  # dlt sets attributes on it: not a method
        _check_destination(dlt)
        return reader.workers()

    def activities() -> AsyncGenerator[list[Row]]:
        _check_destination(dlt)
        return reader.activities()

    def resources() -> list[Any]:
        once = dlt.resource(fetched, name="fetched", selected=False)
        statistics, durations = "worker_statistics", "worker_activity_durations"
        by_worker, by_activity = ("worker_sid", "workspace_sid"), ("activity_sid", "workspace_sid")
        return [
            once,
            dlt.transformer(taken(statistics), once, **_hints(statistics), primary_key="query_key"),
            dlt.transformer(taken(durations), once, **_hints(durations), merge_key="query_key"),
            dlt.resource(workers, **_hints("workers"), primary_key=by_worker),
            dlt.resource(activities, **_hints("activities"), primary_key=by_activity),
        ]

    return dlt.source(resources, name="taskrouter", max_table_nesting=0)()


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
