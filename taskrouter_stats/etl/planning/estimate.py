"""The estimate of a plan's requests and time."""

import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from attrs import field, frozen

from taskrouter_stats.core.query import MAX_PAGE_SIZE
from taskrouter_stats.core.window import RETENTION, Window

from .plan import Plan
from .tables import PER_WORKER

__all__ = ["Estimate"]


@frozen
class Estimate:
    """The requests and the time that a plan takes.

    The tables have separate budgets and are fetched at the same time.

    Attributes:
        plan: the plan, with absolute windows.
        counts: the number of resources in each list, by the list's name.
        parts: the number of resources of each table that fetches a part of its list; by default
            an equal share, rounded up.
    """

    plan: Plan
    counts: Mapping[str, int] = field(factory=dict[str, int])
    parts: Mapping[str, int] = field(factory=dict[str, int])

    @classmethod
    def of(cls, plan: Plan, sids: Mapping[str, Collection[str]]) -> "Estimate":
        """Return the estimate of a plan whose lists have these SIDs, by the list's name."""
        parts = {
            table.name: sum(map(table.part.has, sids[table.kind.name]))
            for table in plan.tables
            if table.kind is not None
        }
        for dimension in plan.dimensions:
            if dimension.name == PER_WORKER:
                parts[PER_WORKER] = sum(map(dimension.part.has, sids["workers"]))
        return cls(plan, {name: len(listed) for name, listed in sids.items()}, parts)

    def resources(self, table: str) -> int:
        """Return the number of resources of a statistics table; 1 for the Workspace's own."""
        planned = next(one for one in self.plan.tables if one.name == table)
        if planned.kind is None:
            return 1
        count = self.counts[planned.kind.name]
        return self.parts.get(table, math.ceil(count / planned.part.count))

    @property
    def tables(self) -> dict[str, int]:
        """Requests of each statistics table: one for each resource and window."""
        windows = len(self.plan.windows)
        return {table.name: windows * self.resources(table.name) for table in self.plan.tables}

    @property
    def requests(self) -> int:
        """Requests for statistics, of all tables."""
        return sum(self.tables.values())

    @property
    def lists(self) -> dict[str, int]:
        """Requests of each list: one for each 1,000 resources; ``worker_channels``: one a Worker.

        A list that the caller gave costs none. A list without a known count has one page.
        """
        plan = self.plan
        pages = {
            name: max(1, math.ceil(self.counts.get(name, 0) / MAX_PAGE_SIZE))
            for name in plan.lists
            if plan.listing(name) is not None
        }
        if any(dimension.name == PER_WORKER for dimension in plan.dimensions):
            pages[PER_WORKER] = self.parts.get(PER_WORKER, self.counts["workers"])
        return pages

    @property
    def pages(self) -> int:
        """Requests for lists."""
        return sum(self.lists.values())

    def seconds(self, table: str, pace: float) -> float:
        """Return the seconds that a table takes at a pace in requests per second, > 0."""
        return self.tables[table] / pace

    def expiring(self, table: str, now: datetime, pace: float) -> list[Window]:
        """Return the windows that may have expired when the table's last request for it is sent.

        Args:
            table: the statistics table.
            now: when the run starts, aware.
            pace: requests per second, > 0.
        """
        windows = self.plan.windows
        each = self.tables[table] / len(windows)
        late: list[Window] = []
        for number, window in enumerate(windows, 1):
            sent_at = now + timedelta(seconds=number * each / pace)
            if window.start is not None and window.start < sent_at - RETENTION:
                late.append(window)
        return late
