"""Rows of the tables ``workers`` and ``activities``: what the server lists when a run asks."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.errors import ApiError, PayloadError
from taskrouter_stats.models import Activity
from taskrouter_stats.session import TaskRouterSession

from .batch import PendingRows
from .grace import cancel_after_grace
from .plan import WorkerPlan, WorkerQueryCache
from .report import reason_of
from .row_writer import RowWriter
from .rows import snapshot_rows

__all__ = ["Snapshots"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@define(eq=False)
class Snapshots:
    """Writer of the snapshot tables of one export; an output without these tables gets no row.

    Attributes:
        session: fetches the list of Activities.
        plan: names the Workspace and the zone.
        writer: stores the rows.
        worker_queries: holds the Workers that were listed.
        sent: requests that this took.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    writer: RowWriter
    worker_queries: WorkerQueryCache
    sent: int = field(default=0, init=False)

    async def add_workers(self) -> None:
        """Add a row for each Worker listed since the last call."""
        if self.writer.takes_snapshots:
            for make in self.worker_queries.new_worker_rows(datetime.now(UTC)):
                await self.writer.add(PendingRows(make, on_stored=_log_unstored))

    async def add_activities(self, stop: asyncio.Event | None = None) -> None:
        """Fetch the list of Activities and add a row for each; log a list that fails.

        No row is added if the list has not arrived ten seconds after ``stop`` is set.
        """
        if not self.writer.takes_snapshots:
            return
        now, tz = datetime.now(UTC), self.plan.windows[0].tz
        items = self.session.iterate(queries.activities(self.plan.workspace_sid))
        activities: Sequence[Activity] = ()
        try:
            async with cancel_after_grace(stop):
                activities = await items.collect()
        except (ApiError, PayloadError) as error:  # the statistics matter more
            _LOGGER.warning("the list of Activities could not be read: %s", error)
            return
        finally:
            self.sent += items.pages
        for activity in activities:
            make = partial(snapshot_rows, activity, now, tz)
            await self.writer.add(PendingRows(make, on_stored=_log_unstored))


def _log_unstored(error: Exception | None) -> None:
    """Log that a row of ``workers`` or ``activities`` could not be stored."""
    if error is not None:
        _LOGGER.warning(
            "a row of the table workers or activities could not be stored: %s", reason_of(error)
        )
