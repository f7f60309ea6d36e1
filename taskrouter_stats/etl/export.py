"""From a plan to durable rows: outcome, rows, sink, sync, and only then the checkpoint.

One export is one pass over a plan. It asks for what no earlier run has answered for good, stores
what comes, and can be stopped, killed and run again at any moment: what was not committed is asked
for again, and nothing else. Several exports may share one output, each with a session of its own.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import attrs
from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.core.outcome import Outcome, Progress, Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ApiError, PayloadError, UsageError
from taskrouter_stats.models import WorkerStatistics
from taskrouter_stats.session import OutcomeStream, TaskRouterSession

from .overlaps import planned_windows
from .plan import RETENTION, WorkerPlan
from .report import Check, ExportReport, FailedQuery, fate
from .roster import Roster
from .rows import SETTLE, activity_rows, rows, settled
from .sinks.base import Sink
from .stopping import stopping
from .store import COUNTS, Item, Store

__all__ = ["Export", "export"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_KEPT: Final = 10_000
"""Failures that are kept one by one; beyond, they are only counted."""

_SURE: Final = RETENTION - timedelta(days=1)
"""Windows that begin earlier may be forgotten by the server: one worker finds out for all."""

_NOTHING: Final = Progress(0, 0, None, 0, 0, 0.0, 0.0, None)


async def export(
    session: TaskRouterSession,
    plan: WorkerPlan,
    sink: Sink,
    *,
    stop: asyncio.Event | None = None,
    settle: timedelta = SETTLE,
    fresh: bool = False,
    verify: bool = False,
) -> ExportReport:
    """Fetch a plan into a sink; run it again to resume, or to fetch what is new.

    A query is marked as done only after its rows are durable. One process at a time writes to an
    output.

    Args:
        session: asks; the export paces and retries as it does.
        plan: what to ask, from :func:`worker_plan`.
        sink: where rows go.
        stop: once set, no more work is taken; what is under way is stored.
        settle: how long after its end a window changes no more. One that ended later is stored
            with ``complete`` false and not marked as done.
        fresh: move what is in the output aside and start over.
        verify: compare sums with ``Workers/CumulativeStatistics``, one request a window.

    Raises:
        UsageError: for an argument of another kind, before the output is touched.
        ConfigError: the output holds windows of another length or zone that overlap the plan's.
        OutputLocked: another run writes to this output.
        StorageError: the output can't be read or written; nothing is marked as done that isn't.
        TaskRouterStatsError: what ends a stream, once all that was made is stored.
    """
    _check_arguments(session=session, plan=plan, sink=sink, stop=stop, settle=settle)
    async with Store(sink, fresh) as store:
        return await Export(session, plan, store, stop, settle, verify).run()


def _check_arguments(**given: object) -> None:
    """Refuse what is something else, before the output is touched."""
    for name, right, words in (
        ("session", TaskRouterSession, "a TaskRouterSession"),
        ("plan", WorkerPlan, "a plan, which etl.worker_plan(…) makes,"),
        ("stop", asyncio.Event | None, "an asyncio.Event or None"),
        ("settle", timedelta, "a timedelta, such as timedelta(hours=1),"),
    ):
        if not isinstance(given[name], right):
            kind = type(given[name]).__name__
            raise UsageError(f"export() takes {words} as {name}=, not {kind}")
    if not hasattr(given["sink"], "storage"):
        kind = type(given["sink"]).__name__
        raise UsageError(f'export() takes a sink, such as etl.ParquetSink("lake/"), not {kind}')


@define(eq=False)
class Export:
    """One pass over a plan, with an output that may be shared.

    Attributes:
        session: asks.
        plan: what to ask.
        store: where rows go, open.
        stop: once set, no more work is taken.
        settle: how long after its end a window changes no more.
        verify: whether to compare sums with the server's.
        report: what it has come to so far.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    store: Store
    stop: asyncio.Event | None = None
    settle: timedelta = SETTLE
    verify: bool = False
    report: ExportReport = field(init=False)
    _began: datetime = field(init=False)
    _roster: Roster = field(init=False)
    _counts: Counter[str] = field(factory=Counter[str], init=False)
    _failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    _stream: OutcomeStream[WorkerStatistics] | None = field(default=None, init=False)
    _sent_before: tuple[int, int] = field(default=(0, 0), init=False)
    _probed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _expired_start: datetime | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._began = datetime.now(UTC)
        self.plan = self.plan.at(self._began)
        self._roster = Roster(self.session, self.plan)
        self.report = self._report()

    @property
    def progress(self) -> Progress:
        """How far it is; ``total`` leaves out what earlier runs have done."""
        if self._stream is None:
            return _NOTHING
        told, total = self._stream.progress, None
        if self._roster.whole:
            already = self._counts["already_done"] + self._counts["skipped"]
            total = len(self._roster.known) * len(self.plan.windows) - already
        eta = (total - told.done) / told.rate if total is not None and told.rate > 0 else None
        return attrs.evolve(told, total=total, eta=eta)

    async def run(self) -> ExportReport:
        """Ask and store; the report.

        Raises:
            ConfigError, StorageError, TaskRouterStatsError: as :func:`export` does.
        """
        self._check_windows()
        self._sent_before = self._spent()
        self._stream = self.session.stream(self._queries())
        try:
            await self._snapshot_activities()
            async with self._stream as outcomes:
                await self._keep_all(outcomes)
            if self.verify and not self._stopping and self.plan.workers is None:
                await self.store.commit()
                self.report = attrs.evolve(self.report, checks=await self._check())
        finally:
            checks = self.report.checks
            self.report = attrs.evolve(self._report(), checks=checks)
            self.store.failures += self._failures
        return self.report

    def _check_windows(self) -> None:
        plan = self.plan
        channel = dict(plan.template.filters).get("TaskChannel")
        self.store.check_windows(planned_windows(plan.workspace_sid, channel, plan.windows))

    @property
    def _stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def _queries(self) -> AsyncGenerator[Query[WorkerStatistics]]:
        for window in self.plan.windows:
            async with aclosing(self._roster.during(window)) as found:
                async for query in found:
                    if self._stopping:
                        return
                    if self.store.is_done(query.key):
                        self._counts["already_done"] += 1
                    elif self._is_expired(window):
                        self._counts["expired"] += 1
                        self._counts["skipped"] += 1
                    else:
                        self._probed.clear()
                        yield query
                        if self._may_be_forgotten(window):
                            await self._probed.wait()

    def _is_expired(self, window: Window) -> bool:
        start, known = window.start, self._expired_start
        return start is not None and known is not None and start <= known

    def _may_be_forgotten(self, window: Window) -> bool:
        """Whether to hear of this query first: none of its window or an older one was answered."""
        start = window.start
        old = start is not None and start < self._began - _SURE
        return old and not self._counts["written"]

    async def _keep_all(self, outcomes: OutcomeStream[WorkerStatistics]) -> None:
        async with stopping(outcomes, self.stop):
            async for outcome in outcomes:
                try:
                    await self._snapshot_workers()
                    await self._keep(outcome)
                finally:
                    self._probed.set()
        await self._snapshot_workers()

    async def _keep(self, outcome: Outcome[WorkerStatistics]) -> None:
        now = datetime.now(UTC)
        if isinstance(outcome, Success):
            final = settled(outcome.query, now, self.settle)
            make = partial(rows, outcome, fetched_at=now, settle=self.settle)
            self._counts["written"] += 1
            self._counts["incomplete"] += not final
            await self.store.add(Item(make, outcome.query.key if final else None))
            return
        found = fate(outcome.error)
        self._counts[found] += 1
        if found == "failed":
            if len(self._failures) < _KEPT:
                self._failures.append(FailedQuery.of(outcome))
            return
        window = outcome.query.window
        if found == "expired" and window is not None and window.start is not None:
            known = self._expired_start or window.start
            self._expired_start = max(known, window.start)
        await self.store.add(Item(dict, outcome.query.key))

    async def _snapshot_workers(self) -> None:
        """The Workers as they were listed, each once a run."""
        if self.store.sink.snapshots:
            for make in self._roster.unseen(datetime.now(UTC)):
                await self.store.add(Item(make))

    async def _snapshot_activities(self) -> None:
        if not self.store.sink.snapshots:
            return
        now, tz = datetime.now(UTC), self.plan.windows[0].tz
        listing = queries.activities(self.plan.workspace_sid)
        try:
            found = await self.session.iterate(listing).collect()
        except (ApiError, PayloadError) as error:  # the statistics matter more
            _LOGGER.warning("no snapshot of the activities: %s", error)
            return
        for activity in found:
            await self.store.add(Item(partial(activity_rows, activity, now, tz)))

    async def _check(self) -> tuple[Check, ...]:
        found: list[Check] = []
        template, sums = self.plan.template, self.store.checkpoint.sums
        channel = dict(template.filters).get("TaskChannel")
        for window in self.plan.windows:
            ours = sums.get(self._roster.question(window))
            if ours is None or self._stopping:
                continue
            whole = queries.workers_cumulative_statistics(
                template.workspace_sid, window, task_channel=channel
            )
            said = await self.session.fetch(whole, priority="bulk")
            theirs = {name: getattr(said, name) for name in COUNTS}
            mine = {name: ours.get(name, 0) for name in COUNTS}
            found.append(Check(window, ours.get("workers", 0), mine, theirs))
        return tuple(found)

    def _spent(self) -> tuple[int, int]:
        own = self.plan.workspace_sid  # others may be exported by the same session
        budgets = [one for one in self.session.budgets() if one.workspace == own]
        return sum(one.sent for one in budgets), sum(one.refused for one in budgets)

    def _report(self) -> ExportReport:
        told = self.progress
        sent, refused = self._spent()
        counts: Any = {name: self._counts[name] for name in _COUNTED}
        return ExportReport(
            run=self.store.run,
            place=self.store.sink.storage.place,
            workspace_sid=self.plan.workspace_sid,
            windows=len(self.plan.windows),
            workers=len(self._roster.known),
            **counts,
            retried=told.retried,
            sent=sent - self._sent_before[0],
            refused=refused - self._sent_before[1],
            elapsed=(datetime.now(UTC) - self._began).total_seconds(),
            stopped=self._stopping,
            failures=tuple(self._failures),
        )


_COUNTED: Final = ("written", "incomplete", "already_done", "failed", "gone", "expired")
