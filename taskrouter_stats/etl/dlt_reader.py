"""The reading side of the dlt source: days that are due, one session, each list once.

dlt runs async generators in its own thread and event loop, each step in a new task. So the source
opens one session there for all resources, and the last resource closes it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, Self

import attrs
from attrs import define, field, frozen

from taskrouter_stats.core import queries
from taskrouter_stats.core.outcome import Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import RETENTION, Window
from taskrouter_stats.errors import NotFound
from taskrouter_stats.models.record import NamedRecord
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession

from .answer_time import answer_time
from .failed_query import FailedQuery, failure_kind
from .missing import MissingResources, is_gone
from .planning.plan import DimensionPlan, Plan, TablePlan, key_of
from .planning.tables import PER_WORKER
from .rows import Row, Tables, rows, snapshot_rows, without_contradictions
from .schemas import SCHEMAS

__all__ = ["DaySchedule", "Reader", "tables_of"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_BATCH: Final = 1000
"""Answers that one step passes to dlt."""

_READERS: Final = 20
"""Workers whose channels are fetched at once."""

_SPLIT: Final = "SplitByWaitTime"
"""The filter that is not part of a row's key: the rows of other thresholds are replaced."""


def tables_of(name: str) -> tuple[str, ...]:
    """Return a statistics table and the tables with its parts."""
    return (name, *(child for child, schema in SCHEMAS.items() if schema.parent == name))


@frozen
class DaySchedule:
    """The days to fetch, and the time until which each is fetched again.

    Attributes:
        first: the first local day.
        tz: the zone of the days.
        settle: time after a day's end before the day is fetched.
        look_back: time after a day's end in which each run fetches the day again.
    """

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
    """The session and the lists that the running resources share; the last one closes it.

    It is not a generator: dlt's event loop closes all generators at once after an error.
    """

    session: TaskRouterSession
    users: int = 0
    lists: dict[str, list[NamedRecord]] = field(factory=dict[str, list[NamedRecord]])
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    closed: bool = False

    async def __aenter__(self) -> Self:
        self.users += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.users -= 1
        if not self.users:
            self.closed = True
            await self.session.aclose()


@define(eq=False)
class Reader:
    """Reader of all resources, in dlt's event loop, with one session and each list once.

    Attributes:
        plan: the tables; its windows are not used.
        schedule: the days.
        open_session: returns a session that is not open.
        now: returns the current time, aware.
    """

    plan: Plan
    schedule: DaySchedule
    open_session: Callable[[], TaskRouterSession]
    now: Callable[[], datetime]
    _shared: _Shared | None = field(default=None, init=False)

    async def dimension(self, dimension: DimensionPlan) -> AsyncGenerator[list[Row]]:
        """Yield the rows of what the server lists now."""
        async with self._sharing() as shared:
            found = await self._listed(shared, dimension.list_name)
            if dimension.name != PER_WORKER:
                yield self._snapshots(dimension.name, found)
                return
            for first in range(0, len(found), _READERS):
                workers = found[first : first + _READERS]
                yield self._snapshots(dimension.name, await self._channels(shared, workers))

    async def statistics(self, table: TablePlan, done: list[str]) -> AsyncGenerator[Tables]:
        """Yield the rows of every day that is not in ``done``, and add the days that are done."""
        due = self.schedule.due(self.now())
        done[:] = [text for text in done if text in set(map(str, due))]
        async with self._sharing() as shared:
            missing = MissingResources(shared.session, table.kind, self.plan.workspace_sid)
            finished = list[Window]()
            for day in due:
                if str(day) in done:
                    continue
                at, failed = self.now(), 0
                successes: list[Success[Any]] = []
                asked = await self._queries(shared, table, day)
                async with shared.session.stream(asked) as outcomes:
                    async for received in outcomes:
                        outcome = without_contradictions(received)
                        at = min(at, answer_time(outcome.meta, at))
                        if isinstance(outcome, Success):
                            successes.append(outcome)
                        elif failure_kind(outcome.error) == "gone":
                            missing.failures.append(FailedQuery.of(outcome))
                        else:
                            failed += 1
                            _LOGGER.warning("%s: %s", outcome.query.key, outcome.error)
                        if len(successes) >= _BATCH:
                            yield self._tables(table, successes)
                            successes = []
                yield self._tables(table, successes)
                if not failed and self.schedule.final(day, at):
                    finished.append(day)
            still_listed = await self._failed_days(missing)
            done += [str(day) for day in finished if day.start not in still_listed]

    async def _queries(self, shared: _Shared, table: TablePlan, day: Window) -> list[Query[Any]]:
        """Return the query of a day for each resource of the table's list."""
        if table.kind is None:
            return [table.template.with_window(day)]
        found = await self._listed(shared, table.kind.name)
        return [table.query_for(resource).with_window(day) for resource in found]

    async def _failed_days(self, missing: MissingResources) -> set[datetime | None]:
        """Return when the days began of queries that are not confirmed as gone, and log them."""
        await missing.confirm()
        for failure in missing.failures:
            _LOGGER.warning("%s: %s", failure.key, failure.message)
        return {failure.window_start for failure in missing.failures}

    def _tables(self, table: TablePlan, successes: Iterable[Success[Any]]) -> Tables:
        now, tables = self.now(), Tables({name: [] for name in tables_of(table.name)})
        for success in successes:
            key, at = _row_key(success.query), answer_time(success.meta, now)
            for name, found in rows(success, fetched_at=at, settle=self.schedule.settle).items():
                tables[name] += [{"query_key": key, **row} for row in found]
        return tables

    def _snapshots(self, table: str, found: Iterable[NamedRecord]) -> list[Row]:
        at, tz = self.now(), self.schedule.tz
        return [row for resource in found for row in snapshot_rows(resource, at, tz)[table]]

    async def _listed(self, shared: _Shared, name: str) -> list[NamedRecord]:
        """Return the resources of a list, each SID once."""
        async with shared.lock:
            if name not in shared.lists:
                listing = self.plan.listing(name)
                assert listing is not None, name  # noqa: S101 (the source takes no other lists)
                found = await shared.session.iterate(listing).collect()
                shared.lists[name] = list({sid_of(one.sid or ""): one for one in found}.values())
        return shared.lists[name]

    async def _channels(self, shared: _Shared, workers: Iterable[NamedRecord]) -> list[NamedRecord]:
        """Return the channels of these Workers; a Worker that was deleted meanwhile has none."""

        async def channels(worker: NamedRecord) -> list[NamedRecord]:
            listing = queries.worker_channels(self.plan.workspace_sid, worker.sid)
            try:
                return [*await shared.session.iterate(listing).collect()]
            except NotFound as error:
                gone = failure_kind(error) == "gone"
                if gone and await is_gone(shared.session, self.plan.workspace_sid, worker.sid):
                    return []
                raise

        several = await asyncio.gather(*map(channels, workers), return_exceptions=True)
        for found in several:
            if isinstance(found, BaseException):
                raise found
        return [channel for found in several if isinstance(found, list) for channel in found]

    def _sharing(self) -> _Shared:
        """Return what the running resources share; the first one makes it."""
        if self._shared is None or self._shared.closed:
            self._shared = _Shared(self.open_session())
        return self._shared


def _row_key(query: Query[Any]) -> str:
    """Return the key of an answer's rows, which other thresholds do not change."""
    filters = tuple((name, text) for name, text in query.filters if name != _SPLIT)
    return key_of(attrs.evolve(query, filters=filters))
