"""The check whether Workers that the server did not find are gone."""

import logging
from typing import Final

from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.errors import NotFound, TaskRouterStatsError
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession

from .plan import WorkerPlan
from .report import FailedQuery, failure_kind

__all__ = ["MissingWorkers"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@define(eq=False)
class MissingWorkers:
    """Queries of one export to which the server replied with Twilio's "not found".

    A listed Worker is gone if a new list of Workers does not hold it. A Worker that the caller
    gave by its SID is gone if the server does not find the Worker itself. Other queries stay
    failures.

    Attributes:
        session: sends the requests of the check.
        plan: the plan of the export.
        failures: the queries that are not confirmed.
        sent: requests of the check.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    sent: int = field(default=0, init=False)

    async def confirm(self) -> list[FailedQuery]:
        """Remove and return the queries whose Worker is gone."""
        sids = {sid_of(failed.worker_sid) for failed in self.failures}
        if not sids:
            return []
        given = self.plan.listing() is None
        absent = await (self._not_found(sids) if given else self._not_listed(sids))
        gone: list[FailedQuery] = []
        kept: list[FailedQuery] = []
        for failed in self.failures:
            (gone if sid_of(failed.worker_sid) in absent else kept).append(failed)
        self.failures = kept
        return gone

    async def _not_listed(self, sids: set[str]) -> set[str]:
        """Return the SIDs that a new list of all Workers lacks; none if it can't be read."""
        items = self.session.iterate(queries.workers(self.plan.workspace_sid))
        remaining = set(sids)
        try:
            async with items:
                async for worker in items:
                    remaining.discard(sid_of(worker.sid or ""))
        except TaskRouterStatsError as error:
            _LOGGER.warning("the list of Workers could not be read again: %s", error)
            return set()
        finally:
            self.sent += items.pages
        return remaining

    async def _not_found(self, sids: set[str]) -> set[str]:
        """Return the SIDs that the server does not find, by one request for each Worker."""
        found: set[str] = set()
        for sid in sorted(sids):
            self.sent += 1
            try:
                await self.session.fetch(
                    queries.worker(self.plan.workspace_sid, sid), priority="bulk"
                )
            except NotFound as error:
                if failure_kind(error) == "gone":
                    found.add(sid)
            except TaskRouterStatsError as error:
                _LOGGER.warning("Worker %s could not be fetched: %s", sid, error)
        return found
