"""The check whether Workers, TaskQueues or Workflows that the server did not find are gone."""

import logging
from typing import Final

from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.errors import TaskRouterStatsError
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession
from taskrouter_stats.session.resource_kinds import WORKERS, ResourceKind

from .failed_query import FailedQuery, failure_kind

__all__ = ["MissingResources", "is_gone"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@define(eq=False)
class MissingResources:
    """Queries of one table to which the server replied with Twilio's "not found".

    A resource is gone if a new list of all of its kind does not hold it. A Worker that the caller
    gave by its SID is gone if the server does not find the Worker itself. Other queries stay
    failures.

    Attributes:
        session: sends the requests of the check.
        kind: the kind of the resources; None for the Workspace, which is never gone.
        workspace_sid: the Workspace.
        given: whether the caller gave the resources, in place of a listing.
        failures: the queries that are not confirmed.
        sent: requests of the check.
    """

    session: TaskRouterSession
    kind: ResourceKind | None
    workspace_sid: str
    given: bool = False
    failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    sent: int = field(default=0, init=False)

    async def confirm(self) -> list[FailedQuery]:
        """Remove and return the queries whose resource is gone."""
        sids = {sid_of(failed.sid) for failed in self.failures}
        if not sids or self.kind is None:
            return []
        one_by_one = self.given and self.kind is WORKERS
        absent = await (self._not_found(sids) if one_by_one else self._not_listed(self.kind, sids))
        gone: list[FailedQuery] = []
        kept: list[FailedQuery] = []
        for failed in self.failures:
            (gone if sid_of(failed.sid) in absent else kept).append(failed)
        self.failures = kept
        return gone

    async def _not_listed(self, kind: ResourceKind, sids: set[str]) -> set[str]:
        """Return the SIDs that a new list of all lacks; none if it can't be read."""
        items = self.session.iterate(kind.listing(self.workspace_sid))
        remaining = set(sids)
        try:
            async with items:
                async for resource in items:
                    remaining.discard(sid_of(resource.sid or ""))
        except TaskRouterStatsError as error:
            _LOGGER.warning("the list of %ss could not be read again: %s", kind.one, error)
            return set()
        finally:
            self.sent += items.pages
        return remaining

    async def _not_found(self, sids: set[str]) -> set[str]:
        """Return the SIDs that the server does not find, by one request for each Worker."""
        found: set[str] = set()
        for sid in sorted(sids):
            self.sent += 1
            if await is_gone(self.session, self.workspace_sid, sid):
                found.add(sid)
        return found


async def is_gone(session: TaskRouterSession, workspace_sid: str, worker_sid: str) -> bool:
    """Return whether the server does not find a Worker; False if the request fails otherwise."""
    try:
        await session.fetch(queries.worker(workspace_sid, worker_sid), priority="bulk")
    except TaskRouterStatsError as error:
        if failure_kind(error) == "gone":
            return True
        _LOGGER.warning("Worker %s could not be fetched: %s", worker_sid, error)
    return False
