"""Workers that the server says are not there: whether they are gone is asked once more."""

import logging
from typing import Final

from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.errors import NotFound, TaskRouterStatsError
from taskrouter_stats.session import TaskRouterSession

from .plan import WorkerPlan, sid_of
from .report import FailedQuery, failure_kind

__all__ = ["MissingWorkers"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@define(eq=False)
class MissingWorkers:
    """Queries of one export that were answered with Twilio's "not found".

    A listed Worker is gone when the list, read again, no longer holds it; one given by its SID
    when the server doesn't find the Worker itself. Whatever is not confirmed stays a failure.

    Attributes:
        session: asks.
        plan: whose Workers they are.
        failures: the queries, until they are confirmed.
        sent: requests that confirming took.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    sent: int = field(default=0, init=False)

    async def confirm(self) -> list[FailedQuery]:
        """Take out and return the queries whose Worker is gone; keep the others."""
        sids = {sid_of(one.worker_sid) for one in self.failures}
        if not sids:
            return []
        given = self.plan.listing() is None
        absent = await (self._not_found(sids) if given else self._not_listed(sids))
        gone = [one for one in self.failures if sid_of(one.worker_sid) in absent]
        self.failures = [one for one in self.failures if sid_of(one.worker_sid) not in absent]
        return gone

    async def _not_listed(self, sids: set[str]) -> set[str]:
        """Return which of these a new list of all Workers lacks; none if it can't be read."""
        items = self.session.iterate(queries.workers(self.plan.workspace_sid))
        left = set(sids)
        try:
            async with items:
                async for worker in items:
                    left.discard(sid_of(worker.sid or ""))
        except TaskRouterStatsError as error:
            _LOGGER.warning("the list of Workers could not be read again: %s", error)
            return set()
        finally:
            self.sent += items.pages
        return left

    async def _not_found(self, sids: set[str]) -> set[str]:
        """Return which of these the server doesn't find, by asking for each Worker."""
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
                _LOGGER.warning("Worker %s could not be asked for: %s", sid, error)
        return found
