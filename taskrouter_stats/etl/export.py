"""From a plan to durable rows: outcome, rows, sink, sync, and only then the checkpoint.

One export is one pass over a plan. It asks for what no earlier run has answered for good, stores
what comes, and can be stopped, killed and run again at any moment: what was not committed is asked
for again, and nothing else. Several exports may share one output, each with a session of its own.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import attrs
from attrs import define, field

from taskrouter_stats.core import queries
from taskrouter_stats.core.outcome import Failure, Outcome, Progress, Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import ApiError, PayloadError, StorageError, UsageError
from taskrouter_stats.models import WorkerStatistics
from taskrouter_stats.session import OutcomeStream, TaskRouterSession

from .grace import end_after_grace
from .memory_limit import MemoryLimit
from .missing_workers import MissingWorkers
from .plan import WorkerPlan, WorkerQueryCache, key_of, may_be_expired
from .report import ExportReport, FailedQuery, Verification, failure_kind, reason_of
from .rows import SETTLE_DELAY, activity_rows, estimated_bytes, is_settled, rows
from .sinks.base import Sink
from .state.overlaps import planned_windows
from .verification import compare
from .writer import PendingRows, Writer

__all__ = ["Export", "export"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")

_MAX_FAILURES: Final = 10_000
"""Failures that are kept one by one; beyond, they are only counted."""

_NO_PROGRESS: Final = Progress(0, 0, None, 0, 0, 0.0, 0.0, None)


async def export(
    session: TaskRouterSession,
    plan: WorkerPlan,
    sink: Sink,
    *,
    stop: asyncio.Event | None = None,
    settle: timedelta = SETTLE_DELAY,
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
    async with Writer(sink, fresh) as store:
        run = Export(session, plan, store, stop, settle, verify)
        await run.run()
    return run.report


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
    """

    session: TaskRouterSession
    plan: WorkerPlan
    store: Writer
    stop: asyncio.Event | None = None
    settle: timedelta = SETTLE_DELAY
    verify: bool = False
    _began: datetime = field(init=False)
    _began_at: float = field(factory=time.monotonic, init=False)
    _worker_queries: WorkerQueryCache = field(init=False)
    _missing_workers: MissingWorkers = field(init=False)
    _memory_limit: MemoryLimit = field(factory=MemoryLimit, init=False)
    _counts: Counter[str] = field(factory=Counter[str], init=False)
    _failures: list[FailedQuery] = field(factory=list[FailedQuery], init=False)
    _checks: list[Verification] = field(factory=list[Verification], init=False)
    _stream: OutcomeStream[WorkerStatistics] | None = field(default=None, init=False)
    _expired: tuple[datetime, str] | None = field(default=None, init=False)
    _finished: bool = field(default=False, init=False)
    _ended: tuple[float, bool] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._began = datetime.now(UTC)
        self.plan = self.plan.at(self._began)
        self._worker_queries = WorkerQueryCache(self.session, self.plan)
        self._missing_workers = MissingWorkers(self.session, self.plan)

    @property
    def progress(self) -> Progress:
        """How far it is; ``total`` leaves out what earlier runs have done."""
        if self._stream is None:
            return _NO_PROGRESS
        told, total = self._stream.progress, None
        if self._worker_queries.complete:
            total = self._planned - self._counts["already_done"] - self._counts["skipped"]
        eta = (total - told.done) / told.rate if total is not None and told.rate > 0 else None
        return attrs.evolve(told, total=total, eta=eta)

    @property
    def report(self) -> ExportReport:
        """What it has come to so far."""
        elapsed, stopped = self._ended or (time.monotonic() - self._began_at, self._stopping)
        counts: Any = {name: self._counts[name] for name in _COUNTED}
        counts["failed"] += len(self._missing_workers.failures)
        return ExportReport(
            run=self.store.run,
            place=self.store.sink.storage.place,
            workspace_sid=self.plan.workspace_sid,
            windows=len(self.plan.windows),
            workers=len(self._worker_queries.known),
            planned=self._planned,
            **counts,
            retried=self.progress.retried,
            sent=self._counts["sent"] + self._worker_queries.pages + self._missing_workers.sent,
            elapsed=elapsed,
            listed=self._worker_queries.complete,
            finished=self._finished and self.store.error is None,
            stopped=stopped,
            failures=(*self._failures, *self._missing_workers.failures)[:_MAX_FAILURES],
            checks=tuple(self._checks),
        )

    async def run(self) -> ExportReport:
        """Ask and store; the report.

        Raises:
            ConfigError, StorageError, TaskRouterStatsError: as :func:`export` does.
        """
        self._check_windows()
        self._stream = self.session.stream(self._queries())
        try:
            await self._snapshot_activities()
            async with self._stream as outcomes:
                await self._keep_all(outcomes)
            if not self._stopping:
                await self._confirm_missing()
            await self.store.commit()
            if self.verify and not self._stopping and self.plan.workers is None:
                await self._check()
            self._finished = True
        finally:
            self._ended = time.monotonic() - self._began_at, self._stopping
            self.store.failures += self._missing_workers.failures
        return self.report

    def _check_windows(self) -> None:
        plan = self.plan
        channel = dict(plan.template.filters).get("TaskChannel")
        self.store.check_windows(planned_windows(plan.workspace_sid, channel, plan.windows))

    @property
    def _stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    @property
    def _planned(self) -> int:
        return len(self._worker_queries.known) * len(self.plan.windows)

    async def _queries(self) -> AsyncGenerator[Query[WorkerStatistics]]:
        for window in self.plan.windows:
            async with aclosing(self._worker_queries.for_window(window)) as found:
                async for query in found:
                    key = key_of(query)
                    if self._is_known(key, window):
                        continue
                    await self._memory_limit.wait(exclusive=self._may_be_forgotten(window))
                    if self._stopping:
                        return
                    if not self._is_known(key, window) and self.store.claim(key):
                        self._memory_limit.start()
                        yield query

    def _is_known(self, key: str, window: Window) -> bool:
        """Count a query that need not be asked, and return whether this is one."""
        store = self.store
        if store.is_done(key):
            self._counts["already_done"] += 1
            return True
        if self._expired is not None and window.start and window.start <= self._expired[0]:
            store.unavailable.add_expired(key, self._expired[1])
        what = ""
        if store.unavailable.is_expired(key):
            what = "expired"
        elif store.unavailable.is_gone(key):
            what = "gone"
        if what:
            self._counts[what] += 1
            self._counts["skipped"] += 1
        return bool(what)

    def _may_be_forgotten(self, window: Window) -> bool:
        """Whether to hear of this query first: none of its window or an older one was answered."""
        return may_be_expired(window, self._began) and not self._counts["answered"]

    async def _keep_all(self, outcomes: OutcomeStream[WorkerStatistics]) -> None:
        async with end_after_grace(outcomes, self.stop):
            async for outcome in outcomes:
                size = estimated_bytes(outcome.value) if isinstance(outcome, Success) else 0
                try:
                    await self._snapshot_workers()
                    await self._store_outcome(outcome, size)
                finally:
                    self._memory_limit.finish(size)
        await self._snapshot_workers()

    async def _store_outcome(self, outcome: Outcome[WorkerStatistics], size: int) -> None:
        now, key = datetime.now(UTC), key_of(outcome.query)
        self._counts["sent"] += outcome.meta.attempts + outcome.meta.refused
        self._counts["refused"] += outcome.meta.refused
        if isinstance(outcome, Success):
            self._counts["answered"] += 1
            final = is_settled(outcome.query, now, self.settle) is True
            make = partial(rows, outcome, fetched_at=now, settle=self.settle)
            told = partial(self._stored, outcome, final)
            await self.store.add(PendingRows(make, key if final else None, size, told))
            return
        window = outcome.query.window
        match failure_kind(outcome.error, window, now):
            case "expired" if window is not None and window.start is not None:
                known = self._expired[0] if self._expired is not None else window.start
                self._expired = max(known, window.start), reason_of(outcome.error)
                self.store.unavailable.add_expired(key, self._expired[1])
                self._counts["expired"] += 1
            case "gone" if len(self._missing_workers.failures) < _MAX_FAILURES:
                self._missing_workers.failures.append(FailedQuery.of(outcome))
            case _:
                self._fail(outcome)

    def _stored(
        self, outcome: Success[WorkerStatistics], final: bool, error: Exception | None
    ) -> None:
        """Count an answer once its rows are durable, or as a failure when they can't be stored."""
        key = key_of(outcome.query)
        if error is None:
            self._counts["written"] += 1
            self._counts["incomplete"] += not final
            self.store.unavailable.remove(key)
            if self.store.is_done(key):
                self.store.release(key)
            return
        words = f"the answer came, but its rows can't be stored as {self.store.sink.format}"
        told = StorageError(f"{words}: {type(error).__name__}: {reason_of(error)}")
        self._fail(Failure(outcome.query, told, outcome.meta))

    def _fail(self, failure: Failure) -> None:
        """Count a failure; a later run, or another export of this one, may ask again."""
        self._counts["failed"] += 1
        failed = FailedQuery.of(failure)
        self.store.release(failed.key)
        if len(self._failures) < _MAX_FAILURES:
            self._failures.append(failed)
            self.store.failures.append(failed)

    async def _confirm_missing(self) -> None:
        for one in await self._missing_workers.confirm():
            self.store.unavailable.add_gone(one.key, datetime.now(UTC), one.message)
            self._counts["gone"] += 1

    async def _snapshot_workers(self) -> None:
        """The Workers as they were listed, each once a run."""
        if self.store.sink.snapshots:
            for make in self._worker_queries.new_worker_rows(datetime.now(UTC)):
                await self.store.add(PendingRows(make, on_stored=_log_unstored))

    async def _snapshot_activities(self) -> None:
        if not self.store.sink.snapshots:
            return
        now, tz = datetime.now(UTC), self.plan.windows[0].tz
        items = self.session.iterate(queries.activities(self.plan.workspace_sid))
        try:
            found = await items.collect()
        except (ApiError, PayloadError) as error:  # the statistics matter more
            _LOGGER.warning("no snapshot of the activities: %s", error)
            return
        finally:
            self._counts["sent"] += items.pages
        for activity in found:
            make = partial(activity_rows, activity, now, tz)
            await self.store.add(PendingRows(make, on_stored=_log_unstored))

    async def _check(self) -> None:
        sums = self.store.checkpoint.sums
        async with aclosing(compare(self.session, self.plan, sums)) as found:
            async for check, sent in found:
                self._checks.append(check)
                self._counts["sent"] += sent
                if self._stopping:
                    return


def _log_unstored(error: Exception | None) -> None:
    """Log that a row of ``workers`` or ``activities`` could not be stored."""
    if error is not None:
        _LOGGER.warning("a row of a snapshot can't be stored: %s", reason_of(error))


_COUNTED: Final = ("written", "incomplete", "already_done", "failed", "gone", "expired", "refused")
