"""A dlt source: the same rows into whatever dlt loads into, day after day. It needs ``dlt``.

::

    pipeline = dlt.pipeline("taskrouter", destination="duckdb", dataset_name="statistics")
    pipeline.run(taskrouter_source("WS…", first_day=date(2026, 11, 1), tz="America/New_York"))

dlt's own state is the only memory here: the days that are done are committed together with their
rows. dlt runs async generators in a thread and an event loop of its own, each step in a task of
its own; so the session is made in there, one for all resources, and closed with the last of them.
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
from taskrouter_stats.core.outcome import Success
from taskrouter_stats.core.window import RETENTION, Window
from taskrouter_stats.errors import ConfigError, InvalidParameter, MissingExtra
from taskrouter_stats.models import Credentials, Worker, WorkerStatistics
from taskrouter_stats.models.redaction import masked
from taskrouter_stats.session import SessionOptions, TaskRouterSession
from taskrouter_stats.session.options import hide_addresses, options_from_env
from taskrouter_stats.session.worker_queries import WorkerQueries

from .plan import WorkerPlan, worker_plan
from .report import failure_kind
from .rows import SETTLE_DELAY, Row, Tables, activity_rows, rows, worker_rows
from .schemas import SCHEMAS, Kind

__all__ = ["LOOK_BACK", "taskrouter_source"]

LOOK_BACK: Final = timedelta(days=1)
"""How long after its end a day is fetched again by each run; how late data is, nobody documents."""

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_BATCH: Final = 1000
"""Answers that are handed to dlt at once."""

_REPLACES: Final = "delete-insert"
"""dlt's name for the merge that replaces all rows of a key."""

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
    """A Workspace as a ``DltSource``: every whole local day that no earlier run has done.

    Its resources are tables in the columns of ``SCHEMAS``, merged, so that a day which is fetched
    again adds no duplicate:

    - ``worker_statistics``, merged on ``query_key``, the text that names the question,
    - ``worker_activity_durations``, all those of a ``query_key`` replaced together,
    - ``workers`` and ``activities``, merged on their SIDs: each as it was last listed.

    A destination that can't replace rows, such as ``filesystem``, is refused when the source runs.
    The first two come from the same requests and share their state: select both or neither.
    A worker that fails is logged, and the next run fetches its day again.

    Args:
        workspace_sid: the Workspace (WS…).
        tz: whose days: an IANA name such as ``"America/New_York"``, or a tzinfo.
        first_day: the first local day; None for the oldest. Days that begin before the server's
            30 days are left out.
        task_channel: only this TaskChannel, by SID or ``unique_name``.
        credentials: who asks; from the environment by default.
        settle: a day is fetched once it has ended so long ago.
        look_back: a day is fetched again by each run until it has ended so long ago.
        now: tells the time, aware.
        options: the session's own, such as ``headroom`` or ``pace_limit``.

    Raises:
        MissingExtra: without dlt.
        ConfigError, InvalidSid, InvalidWindow, InvalidParameter: before anything is sent.
    """
    credentials, options = masked(credentials), hide_addresses(options)  # of which locals may tell
    for name, span in (("settle", settle), ("look_back", look_back)):
        if span < timedelta(0):
            raise InvalidParameter(name, span, "a timedelta, not negative")

    def open_session() -> TaskRouterSession:
        if credentials is None:
            return TaskRouterSession.from_env(**options)
        return TaskRouterSession(credentials, **options_from_env(options, os.environ))

    dlt = _dlt()
    open_session()  # never used, so it holds nothing: mistakes show here, not in dlt's thread
    whole = Window.day(date(2000, 1, 1), tz=tz)
    plan = worker_plan(workspace_sid, whole, task_channel=task_channel)
    calendar = _DaySchedule(first_day or date.min, whole.tz, settle, look_back)
    return _source(dlt, _Reader(plan, calendar, open_session, now))


@frozen
class _DaySchedule:
    """Which days are fetched, and until when."""

    first: date
    tz: tzinfo
    settle: timedelta
    look_back: timedelta

    def due(self, now: datetime) -> list[Window]:
        """Whole days that have settled and that the server still knows, oldest first."""
        oldest = (now - RETENTION).astimezone(self.tz).date() + timedelta(days=1)
        first, last = max(self.first, oldest), now.astimezone(self.tz).date()
        days = Window.days(first, last, tz=self.tz) if first <= last else []
        return [day for day in days if _ended(day, self.settle, now)]

    def final(self, day: Window, now: datetime) -> bool:
        """Whether what is fetched now need not be fetched again."""
        return _ended(day, self.look_back, now)


def _ended(day: Window, ago: timedelta, now: datetime) -> bool:
    return day.end is not None and day.end + ago <= now


@define(eq=False)
class _Shared:
    """What the resources share while any of them runs."""

    session: TaskRouterSession
    users: int = 0
    workers: list[Worker] | None = None
    turn: Lock = field(factory=Lock)


@define(eq=False)
class _Reader:
    """Asks, in dlt's event loop: one session and one list of workers for all resources."""

    plan: WorkerPlan
    calendar: _DaySchedule
    open_session: Callable[[], TaskRouterSession]
    now: Callable[[], datetime]
    _shared: _Shared | None = field(default=None, init=False)

    async def workers(self) -> AsyncGenerator[list[Row]]:
        """The workers as they are listed now."""
        async with self._sharing() as shared:
            found, at, tz = await self._listed(shared), self.now(), self.calendar.tz
            yield [row for one in found for row in worker_rows(one, at, tz)["workers"]]

    async def activities(self) -> AsyncGenerator[list[Row]]:
        """The activities as they are listed now."""
        async with self._sharing() as shared:
            listing = queries.activities(self.plan.workspace_sid)
            found = await shared.session.iterate(listing).collect()
            at, tz = self.now(), self.calendar.tz
            yield [row for one in found for row in activity_rows(one, at, tz)["activities"]]

    async def statistics(self, done: list[str]) -> AsyncGenerator[Tables]:
        """The rows of every day that isn't done; ``done`` learns which now are."""
        due = self.calendar.due(self.now())
        done[:] = [text for text in done if text in set(map(str, due))]
        async with self._sharing() as shared:
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
                        elif failure_kind(outcome.error) == "failed":
                            failed += 1
                            _LOGGER.warning("%s: %s", outcome.query.key, outcome.error)
                        if len(successes) >= _BATCH:
                            yield self._tables(successes)
                            successes = []
                yield self._tables(successes)
                if not failed and self.calendar.final(day, at):
                    done.append(str(day))

    def _tables(self, successes: Iterable[Success[WorkerStatistics]]) -> Tables:
        at, whole = self.now(), Tables(worker_statistics=[], worker_activity_durations=[])
        for success in successes:
            found = rows(success, fetched_at=at, settle=self.calendar.settle)
            for table, some in found.items():
                whole[table] += [{"query_key": success.query.key, **row} for row in some]
        return whole

    async def _listed(self, shared: _Shared) -> list[Worker]:
        async with shared.turn:
            if shared.workers is None:
                listing = queries.workers(self.plan.workspace_sid)
                found = await shared.session.iterate(listing).collect()
                shared.workers = list({worker.sid: worker for worker in found}.values())
        return shared.workers

    @asynccontextmanager
    async def _sharing(self) -> AsyncGenerator[_Shared]:
        """The first to come opens the session, the last to go closes it."""
        shared = self._shared = self._shared or _Shared(self.open_session())
        shared.users += 1
        try:
            yield shared
        finally:
            shared.users -= 1
            if not shared.users:
                self._shared = None
                await shared.session.aclose()


def _source(dlt: Any, pull: _Reader) -> Any:
    """Resources by table; both tables of statistics drink from one that loads nothing itself."""
    template = pull.plan.template
    whose = f"{template.workspace_sid}:{dict(template.filters).get('TaskChannel', '')}"

    def fetched() -> AsyncGenerator[Tables]:
        _check_destination(dlt)
        return pull.statistics(dlt.current.resource_state("fetched").setdefault(whose, []))

    def taken(table: str) -> Callable[[Tables], list[Row]]:
        return lambda tables: tables[table]

    def workers() -> AsyncGenerator[list[Row]]:  # dlt marks what it calls: no method can be
        _check_destination(dlt)
        return pull.workers()

    def activities() -> AsyncGenerator[list[Row]]:
        _check_destination(dlt)
        return pull.activities()

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
    """Refuse a destination to which dlt would append rows instead of replacing them.

    Raises:
        ConfigError: naming it; nothing was asked or loaded.
    """
    destination = dlt.current.pipeline().destination
    if destination is None:  # rows are read without a load
        return
    if _REPLACES not in (destination.capabilities().supported_merge_strategies or ()):
        raise ConfigError(
            f"the destination {destination.destination_name} can't replace rows, so each day would "
            "be there several times: name one that can, such as duckdb or bigquery, or write "
            "Parquet with etl.export"
        )


def _hints(table: str) -> dict[str, Any]:
    """A resource's name, and its columns: declared, never inferred; what is a key is not null."""
    columns: dict[str, Any] = {
        column.name: {"data_type": _TYPES[column.kind]} for column in SCHEMAS[table].columns
    }
    if "window_start" in columns:
        columns = {"query_key": {"data_type": "text", "nullable": False}, **columns}
    return {"name": table, "columns": columns, "write_disposition": "merge"}


def _dlt() -> Any:
    """The library, untyped as far as we are concerned.

    Raises:
        MissingExtra: when it isn't installed.
    """
    try:
        return import_module("dlt")
    except ImportError:
        raise MissingExtra("the dlt source", "dlt") from None
