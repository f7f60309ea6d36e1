"""Takes snapshots: fetches each table's part, and says which one is missing and why."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.core.outcome import Failure, Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.errors import TaskRouterStatsError, Unauthorized, UsageError
from taskrouter_stats.etl.answer_time import answer_time
from taskrouter_stats.etl.grace import cancel_after_grace
from taskrouter_stats.etl.rows import Tables, rows, snapshot_columns, worker_activity_rows
from taskrouter_stats.models import LiveWorker, TaskQueue, Workflow
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession

from .lists import KnownList
from .snapshot import Snapshot

__all__ = ["DEFAULT_TABLES", "TABLES", "SnapshotTaker"]

DEFAULT_TABLES: Final = (
    "workspace_real_time_statistics",
    "task_queue_real_time_statistics",
    "worker_activity",
)
"""The tables that a poll fetches by default."""

TABLES: Final = (*DEFAULT_TABLES, "workers_real_time_statistics", "workflow_real_time_statistics")
"""The tables that a poll can fetch; Workflows take a request each."""

_STOPPED: Final = "the poll was stopped before the server had answered"


@define(eq=False)
class SnapshotTaker:
    """Fetches the snapshots of one Workspace.

    Attributes:
        session: sends the requests.
        workspace_sid: the Workspace (WS…).
        tables: the tables to fetch, of ``TABLES``.
    """

    session: TaskRouterSession
    workspace_sid: str
    tables: Sequence[str]
    _queues: KnownList[TaskQueue] = field(init=False)
    _workflows: KnownList[Workflow] = field(init=False)

    def __attrs_post_init__(self) -> None:
        workspace = self.workspace_sid
        self._queues = KnownList(self.session, queries.task_queues(workspace))
        self._workflows = KnownList(self.session, queries.workflows(workspace))

    async def take(self, snapshot: Snapshot, stop: asyncio.Event | None = None) -> None:
        """Fetch every table's part at once, and add the rows to the snapshot.

        A part that fails is a problem of the snapshot. Requests in flight may end in the ten
        seconds after ``stop`` is set.

        Raises:
            Unauthorized, UsageError: no later snapshot can succeed.
        """
        clock = asyncio.get_running_loop().time
        began, unfinished = clock(), set(self.tables)
        try:
            async with cancel_after_grace(stop), asyncio.TaskGroup() as group:
                for table in self.tables:
                    group.create_task(self._take_part(table, snapshot, unfinished))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        for table in unfinished:
            snapshot.report(table, _STOPPED)
        snapshot.took = clock() - began
        snapshot.name_account()

    async def _take_part(self, table: str, snapshot: Snapshot, unfinished: set[str]) -> None:
        parts = {
            "workspace_real_time_statistics": self._workspace,
            "task_queue_real_time_statistics": self._task_queues,
            "worker_activity": self._each_worker,
            "workers_real_time_statistics": self._all_workers,
            "workflow_real_time_statistics": self._each_workflow,
        }
        try:
            await parts[table](table, snapshot)
        except (Unauthorized, UsageError):
            raise
        except TaskRouterStatsError as error:
            snapshot.fail(table, error)
        unfinished.discard(table)

    async def _workspace(self, table: str, snapshot: Snapshot) -> None:
        query = queries.workspace_real_time_statistics(self.workspace_sid)
        await self._ask(table, snapshot, [query], {})

    async def _all_workers(self, table: str, snapshot: Snapshot) -> None:
        query = queries.workers_real_time_statistics(self.workspace_sid)
        await self._ask(table, snapshot, [query], {})

    async def _task_queues(self, table: str, snapshot: Snapshot) -> None:
        names = await self._names(table, snapshot, self._queues)
        bulk = queries.task_queues_bulk_real_time_statistics(self.workspace_sid, names)
        if not await self._ask(table, snapshot, bulk, names):
            self._queues.expire()

    async def _each_workflow(self, table: str, snapshot: Snapshot) -> None:
        names, workspace = await self._names(table, snapshot, self._workflows), self.workspace_sid
        each = [queries.workflow_real_time_statistics(workspace, sid) for sid in names]
        if not await self._ask(table, snapshot, each, names):
            self._workflows.expire()

    async def _each_worker(self, table: str, snapshot: Snapshot) -> None:
        del table
        known = snapshot_columns(snapshot.time, snapshot.tz)
        items = self.session.iterate(queries.workers(self.workspace_sid))
        try:
            async with items:
                async for worker in items:
                    live = LiveWorker.listed(worker, items.served_at, datetime.now(UTC))
                    row = worker_activity_rows(live, {**known, "workspace_sid": self.workspace_sid})
                    snapshot.add(row)
        finally:
            snapshot.requests += items.pages

    async def _names(
        self, table: str, snapshot: Snapshot, known: KnownList[Any]
    ) -> Mapping[str, str | None]:
        """Return the names of a list's items by their SIDs, read again if that is due."""
        try:
            await known.refresh(asyncio.get_running_loop().time())
        finally:
            snapshot.requests += known.pages
        if known.error is not None:
            snapshot.fail(table, known.error, "the list could not be read: ")
        return known.names

    async def _ask(
        self,
        table: str,
        snapshot: Snapshot,
        asked: Sequence[Query[Any]],
        names: Mapping[str, str | None],
    ) -> bool:
        """Send these queries, and add their rows; return whether all of them were answered."""
        answered = True
        async with self.session.stream(asked) as outcomes:
            async for outcome in outcomes:
                snapshot.requests += outcome.meta.attempts + outcome.meta.refused
                snapshot.refused += outcome.meta.refused
                if isinstance(outcome, Failure):
                    snapshot.fail(table, outcome.error, _what(outcome.query))
                    answered = False
                    continue
                found = _rows(outcome, snapshot, names)
                answered &= _has_all(outcome.query, found[table], table, snapshot)
                snapshot.add(found)
        return answered


def _rows(success: Success[Any], snapshot: Snapshot, names: Mapping[str, str | None]) -> Tables:
    """Return the rows of an answer, with the names of the list."""
    at = answer_time(success.meta, datetime.now(UTC))
    found = rows(success, fetched_at=at, snapshot_time=snapshot.time, tz=snapshot.tz)
    for row in (row for table in found.values() for row in table):
        for thing in ("task_queue", "workflow"):
            if f"{thing}_name" in row:
                row[f"{thing}_name"] = names.get(row[f"{thing}_sid"])
    return found


def _has_all(query: Query[Any], found: Sequence[Any], table: str, snapshot: Snapshot) -> bool:
    """Return whether a bulk answer has every TaskQueue of its query; report it otherwise."""
    asked = set(map(sid_of, query.task_queue_sids))
    missing = asked - {row["task_queue_sid"] for row in found} if asked else set[str]()
    if missing:
        few = ", ".join(sorted(missing)[:3])
        snapshot.report(table, f"the answer lacks {len(missing)} of {len(asked)}, such as {few}")
    return not missing


def _what(query: Query[Any]) -> str:
    """Return which part of a table a query asks for; empty if it asks for all of it."""
    if query.task_queue_sids:
        return f"{len(query.task_queue_sids)} TaskQueues from {query.task_queue_sids[0]}: "
    return f"{query.sid}: " if len(query.sids) > 1 else ""
