"""A list of TaskQueues or Workflows, read now and then."""

from typing import Final, Generic, TypeVar

from attrs import define, field

from taskrouter_stats.core.query import Listing
from taskrouter_stats.errors import TaskRouterStatsError, Unauthorized, UsageError
from taskrouter_stats.models.resources import Resource
from taskrouter_stats.models.sids import sid_of
from taskrouter_stats.session import TaskRouterSession

__all__ = ["REFRESH_SECONDS", "KnownList"]

T_co = TypeVar("T_co", bound=Resource, covariant=True)

REFRESH_SECONDS: Final = 600.0
"""Seconds after which a list is read again: a new TaskQueue is missing for as long at most."""


@define(eq=False)
class KnownList(Generic[T_co]):
    """The items of a list, as of its last reading.

    Attributes:
        session: reads the list.
        listing: the list.
        names: the items' names by their SIDs, which are in lower case.
        error: why items may be missing; None if the last reading was complete.
        pages: pages requested by the last ``refresh``.
    """

    session: TaskRouterSession
    listing: Listing[T_co]
    names: dict[str, str | None] = field(factory=dict[str, "str | None"], init=False)
    error: TaskRouterStatsError | None = field(default=None, init=False)
    pages: int = field(default=0, init=False)
    _read_at: float | None = field(default=None, init=False)

    async def refresh(self, now: float) -> None:
        """Read the list if it is due; after an error keep the items that were known.

        Args:
            now: the current time, seconds on a monotonic clock.

        Raises:
            Unauthorized, UsageError: no later reading can succeed.
        """
        self.pages = 0
        if self._read_at is not None and now - self._read_at < REFRESH_SECONDS:
            return
        found: dict[str, str | None] = {}
        items, self.error = self.session.iterate(self.listing), None
        try:
            async with items:
                async for item in items:
                    found[sid_of(item.sid)] = item.friendly_name
        except (Unauthorized, UsageError):
            raise
        except TaskRouterStatsError as error:
            self.error = error
        finally:
            self.pages = items.pages
        self.names = found if self.error is None else {**self.names, **found}
        self._read_at = now if self.error is None else None

    def expire(self) -> None:
        """Read the list again at the next ``refresh``: an answer contradicted it."""
        self._read_at = None
