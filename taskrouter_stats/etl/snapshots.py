"""Rows of the dimension tables: what the server lists when an export runs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Final

from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.errors import ApiError, PayloadError, StorageError, TaskRouterStatsError
from taskrouter_stats.models import WorkerChannel
from taskrouter_stats.models.record import NamedRecord
from taskrouter_stats.session import TaskRouterSession

from .failed_query import failure_kind, reason_of
from .grace import cancel_after_grace
from .missing import is_gone
from .output.batch import PendingRows
from .output.row_writer import RowWriter
from .planning.plan import DimensionPlan, Plan
from .planning.tables import PER_WORKER
from .resource_list import ResourceList
from .rows import snapshot_rows

__all__ = ["Snapshots"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_READERS: Final = 20
"""Workers whose channels are fetched at once."""


@define(eq=False)
class Snapshots:
    """Writer of the dimension tables of one export.

    All rows of one export have the same ``snapshot_time``. A resource that the caller gave by its
    SID has no row, since the server did not list it.

    Attributes:
        session: fetches the channels of Workers.
        plan: names the Workspace and the zone.
        writer: stores the rows.
        lists: the lists of the plan, by name.
        taken_at: the time of all rows, aware.
        sent: requests for the channels of Workers.
        errors: rows that could not be stored of tables that the caller named, once committed.
    """

    session: TaskRouterSession
    plan: Plan
    writer: RowWriter
    lists: Mapping[str, ResourceList]
    taken_at: datetime
    sent: int = field(default=0, init=False)
    errors: list[tuple[str, Exception]] = field(factory=list[tuple[str, Exception]], init=False)

    async def add(self, dimension: DimensionPlan, stop: asyncio.Event | None = None) -> None:
        """Add the rows of a dimension table.

        No more rows are added from ten seconds after ``stop`` is set. The failure of a dimension
        that the caller did not name is logged.

        Raises:
            TaskRouterStatsError: the list of a dimension that the caller named can't be read.
            StorageError: the rows can't be stored.
        """
        resources = self.lists[dimension.list_name]
        try:
            async with cancel_after_grace(stop):
                if dimension.name == PER_WORKER:
                    await self._add_channels(resources, dimension)
                else:
                    await self._add_listed(resources, dimension)
        except (ApiError, PayloadError) as error:
            if dimension.required:
                raise
            read = {table.kind.name for table in self.plan.tables if table.kind is not None}
            if dimension.name not in read:  # else the pass over the table raises it
                _LOGGER.warning("the list of %s could not be read: %s", dimension.name, error)

    async def _add_listed(self, resources: ResourceList, dimension: DimensionPlan) -> None:
        async with aclosing(resources.read()) as found:
            async for resource in found:
                dated = getattr(resource, "date_created", None) is not None  # not only a SID
                if (dated or not resources.is_given) and dimension.part.has(resource.sid):
                    await self._store(resource, dimension)

    async def _add_channels(self, workers: ResourceList, dimension: DimensionPlan) -> None:
        """Add a row for each channel of each Worker, several Workers at once."""
        source, lock = _chosen(workers, dimension), asyncio.Lock()
        errors: list[TaskRouterStatsError] = []

        async def read() -> None:
            while True:
                async with lock:  # one task at a time may advance an async generator
                    worker = await anext(source, None)
                if worker is None:
                    return
                try:
                    for channel in await self._channels(worker):
                        await self._store(channel, dimension)
                except (ApiError, PayloadError) as error:
                    if not await self._is_gone(worker, error):
                        errors.append(error)

        async with aclosing(source), asyncio.TaskGroup() as group:
            for _ in range(_READERS):
                group.create_task(read())
        if errors:
            errors[0].add_note(f"the channels of {len(errors):,} Workers could not be read")
            raise errors[0]

    async def _channels(self, worker: NamedRecord) -> list[WorkerChannel]:
        items = self.session.iterate(queries.worker_channels(self.plan.workspace_sid, worker.sid))
        try:
            return await items.collect()
        finally:
            self.sent += items.pages

    async def _is_gone(self, worker: NamedRecord, error: Exception) -> bool:
        """Return whether the Worker was deleted meanwhile, which one more request confirms."""
        if failure_kind(error) != "gone":
            return False
        self.sent += 1
        return await is_gone(self.session, self.plan.workspace_sid, worker.sid)

    async def _store(self, resource: NamedRecord, dimension: DimensionPlan) -> None:
        tz = self.plan.windows[0].tz
        make = partial(snapshot_rows, resource, self.taken_at, tz)
        on_stored = partial(self._note_stored, dimension)
        await self.writer.add(PendingRows(make, on_stored=on_stored))

    def _note_stored(self, dimension: DimensionPlan, error: Exception | None) -> None:
        """Log that a row could not be stored, and keep the error if the caller named its table."""
        if error is None:
            return
        words = f"a row of {dimension.name} could not be stored: {reason_of(error)}"
        _LOGGER.warning("%s", words)
        if dimension.required:
            self.errors.append((dimension.name, StorageError(words)))


async def _chosen(workers: ResourceList, dimension: DimensionPlan) -> AsyncGenerator[NamedRecord]:
    async with aclosing(workers.read()) as found:
        async for worker in found:
            if dimension.part.has(worker.sid):
                yield worker
