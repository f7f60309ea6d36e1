"""The data of a dashboard: three parts of a Workspace, their recent history, and the budgets."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import orjson
from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import TaskRouterStatsError
from taskrouter_stats.models import TaskQueue
from taskrouter_stats.session import TaskRouterSession

from .refresh import Part
from .summaries import (
    Row,
    activity_rows,
    budget_row,
    queue_row,
    queue_totals,
    statistics_row,
    window_text,
    worker_row,
)

__all__ = ["Board"]

_POINTS: Final = 120
"""Values that a line of the whole page shows."""
_QUEUE_POINTS: Final = 40
_NAMES_SECONDS: Final = 300.0
"""Seconds after which the names of the TaskQueues are read again."""


@define(eq=False)
class _Line:
    """The latest values of one quantity, one from each refresh."""

    values: "deque[Any]" = field(factory=lambda: deque[Any](maxlen=_POINTS))

    def add(self, value: float | None) -> list[Any]:
        """Add a value; return all of them, the oldest first."""
        self.values.append(value)
        return list(self.values)


class Board:
    """What a dashboard knows about a Workspace.

    Args:
        session: an open session; its rate limits and its cache apply.
        workspace_sid: the Workspace (WS…).
        window: the window of Reservations and Tasks.

    Attributes:
        parts: the parts, by name, for a ``Refresher``.
        workers: a row for each Worker.
        queues: a row for each TaskQueue.
    """

    def __init__(self, session: TaskRouterSession, workspace_sid: str, window: Window) -> None:
        self._session, self._workspace_sid, self._window = session, workspace_sid, window
        self.parts = {
            "workers": Part(self._fetch_workers),
            "queues": Part(self._fetch_queues),
            "statistics": Part(self._fetch_statistics),
        }
        self.workers: list[Row] = []
        self.queues: list[Row] = []
        self._name: str | None = None
        self._summaries: dict[str, Row | None] = dict.fromkeys(self.parts)
        self._lines = {name: _Line() for name in ("available", "waiting", "oldest", "acceptance")}
        self._queue_lines: dict[str, deque[Any]] = {}
        self._queue_names: dict[str, str | None] = {}
        self._named_at: float | None = None

    def encode(self) -> bytes:
        """Return everything but the tables' rows as a JSON object, without its first brace."""
        parts = {
            name: {"at": part.read_at, "error": part.error} for name, part in self.parts.items()
        }
        whole = {
            "workspace": {"sid": self._workspace_sid, "name": self._name},
            "window": window_text(self._window),
            "parts": parts,
            **self._summaries,
            "budgets": [budget_row(budget) for budget in self._session.budgets()],
        }
        return orjson.dumps(whole)[1:]

    async def _fetch_workers(self) -> None:
        workers = await self._session.live_workers(self._workspace_sid)
        rows: list[Row] = []
        for worker in workers:
            rows.append(worker_row(worker))
            if not len(rows) % 1_000:
                await asyncio.sleep(0)  # other requests get their turn
        self.workers = rows
        available = sum(bool(row["available"]) for row in rows)
        self._summaries["workers"] = {
            "total": len(rows),
            "available": available,
            "activities": activity_rows(rows),
            "lines": {"available": self._lines["available"].add(available)},
        }

    async def _fetch_queues(self) -> None:
        await self._name_queues()
        asked = queries.task_queues_bulk_real_time_statistics(
            self._workspace_sid, self._queue_names
        )
        outcomes = await self._session.collect(asked)
        rows = [
            queue_row(queue, self._queue_names.get(queue.task_queue_sid or ""))
            for outcome in outcomes
            for queue in outcome.unwrap().task_queue_data
        ]
        self._add_queue_lines(rows)
        totals = queue_totals(rows)
        lines = {
            "waiting": self._lines["waiting"].add(totals["waiting"]),
            "oldest": self._lines["oldest"].add(totals["oldest"] or 0),
        }
        self.queues = rows
        self._summaries["queues"] = {**totals, "lines": lines}

    async def _name_queues(self) -> None:
        """Read the list of TaskQueues if it was never read, or minutes ago."""
        now = time.monotonic()
        if self._named_at is not None and now < self._named_at + _NAMES_SECONDS:
            return
        listing = queries.task_queues(self._workspace_sid)
        found: Iterable[TaskQueue] = await self._session.iterate(listing).collect()
        self._queue_names = {queue.sid: queue.friendly_name for queue in found}
        self._named_at = now

    def _add_queue_lines(self, rows: Iterable[Row]) -> None:
        """Add the Tasks that wait to each TaskQueue's line; drop those of other TaskQueues."""
        old, self._queue_lines = self._queue_lines, {}
        for row in rows:
            line = old.get(row["sid"]) or deque[Any](maxlen=_QUEUE_POINTS)
            line.append(row["waiting"])
            self._queue_lines[row["sid"]] = line
            row["line"] = list(line)

    async def _fetch_statistics(self) -> None:
        await self._name_workspace()
        query = queries.workspace_cumulative_statistics(self._workspace_sid, self._window)
        row = statistics_row(await self._session.fetch(query))
        acceptance = self._lines["acceptance"].add(row["acceptance"])
        self._summaries["statistics"] = {**row, "lines": {"acceptance": acceptance}}

    async def _name_workspace(self) -> None:
        """Read the Workspace's name once; a key without permission to read it does no harm."""
        if self._name is None:
            try:
                workspace = await self._session.fetch(queries.workspace(self._workspace_sid))
            except TaskRouterStatsError:
                return
            self._name = workspace.friendly_name
