"""One export: outcome, rows, sink, flush, and only then the checkpoint.

An export is one pass over a plan. It sends the queries that no earlier run has finished and stores
their answers. It can be stopped, killed and run again at any moment: a later run sends the queries
that were not committed, and no others. Several exports, each with its own session, may share one
output.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import attrs
from attrs import define, field

from taskrouter_stats.core.outcome import Failure, Outcome, Progress, Success
from taskrouter_stats.core.query import Query
from taskrouter_stats.core.window import Window
from taskrouter_stats.errors import InvalidParameter, StorageError, UsageError
from taskrouter_stats.models import WorkerStatistics
from taskrouter_stats.session import OutcomeStream, TaskRouterSession

from .answer_time import answer_time
from .grace import cancel_after_grace, end_after_grace
from .memory_limit import MemoryLimit
from .missing_workers import MissingWorkers
from .plan import WorkerPlan, WorkerQueryCache, key_of, may_be_expired
from .report import ExportReport, FailedQuery, Verification, failure_kind, reason_of
from .row_writer import RowWriter
from .rows import SETTLE_DELAY, estimated_bytes, is_settled, rows
from .sinks.base import Sink
from .snapshots import Snapshots
from .state.overlaps import planned_windows
from .verification import compare
from .writer import PendingRows, Writer

__all__ = ["Export", "export"]

_MAX_FAILURES: Final = 10_000
"""Failures that the report names one by one; it only counts the others. The file of failures names
every one, so that a later run can try all of them again."""

_NO_PROGRESS: Final = Progress(0, 0, None, 0, 0, 0.0, 0.0, None)

_COUNTED: Final = ("written", "incomplete", "already_done", "failed", "gone", "expired", "refused")
"""Fields of the report that are counted under their own names."""


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
        session: sends the requests; it paces and retries them.
        plan: what to fetch, from :func:`worker_plan`.
        sink: where rows are written.
        stop: once set, the export sends no new query; it stores the answers of those in flight.
        settle: time after a window's end, >= 0, after which its statistics no longer change. A
            window that ended later, or that the server did not count to its end, is stored with
            ``complete`` false and not marked as done.
        fresh: move the content of the output aside and start over.
        verify: compare sums with ``Workers/CumulativeStatistics``, one request a window.

    Raises:
        UsageError, InvalidParameter: an argument is wrong; the output was not touched.
        ConfigError: the output holds windows of another length or zone that overlap the plan's.
        OutputLocked: another run writes to this output.
        StorageError: the output can't be read or written; no query is marked as done whose rows
            are not durable.
        TaskRouterStatsError: the error that ended the stream or the list of Workers; all answers
            before it are stored.
    """
    _check_arguments(session=session, plan=plan, sink=sink, stop=stop, settle=settle)
    async with Writer(sink, fresh) as writer:
        run = Export(session, plan, writer, stop, settle, verify)
        await run.run()
    return run.report


def _check_arguments(**given: object) -> None:
    """Raise an error for an argument of the wrong type, before the output is touched."""
    for name, expected, words in (
        ("session", TaskRouterSession, "a TaskRouterSession"),
        ("plan", WorkerPlan, "a plan from etl.worker_plan(…)"),
        ("stop", asyncio.Event | None, "an asyncio.Event or None"),
        ("settle", timedelta, "a timedelta such as timedelta(hours=1)"),
    ):
        if not isinstance(given[name], expected):
            kind = type(given[name]).__name__
            raise UsageError(f"export(): {name}= is of type {kind}: expected {words}")
    if not hasattr(given["sink"], "storage"):
        kind = type(given["sink"]).__name__
        raise UsageError(
            f'export(): sink= is of type {kind}: expected a sink such as etl.ParquetSink("lake/")'
        )
    if cast("timedelta", given["settle"]) < timedelta(0):
        raise InvalidParameter("settle", given["settle"], "a timedelta, not negative")


@define(eq=False)
class Export:
    """One pass over a plan, into an output that other exports may share.

    Attributes:
        session: sends the requests.
        plan: what to fetch.
        writer: stores the rows; it is open.
        stop: once set, the export sends no new query.
        settle: time after a window's end after which its statistics no longer change.
        verify: whether to compare sums with the server's.
    """

    session: TaskRouterSession
    plan: WorkerPlan
    writer: RowWriter
    stop: asyncio.Event | None = None
    settle: timedelta = SETTLE_DELAY
    verify: bool = False
    _began: datetime = field(init=False)
    _began_at: float = field(factory=time.monotonic, init=False)
    _worker_queries: WorkerQueryCache = field(init=False)
    _missing_workers: MissingWorkers = field(init=False)
    _snapshots: Snapshots = field(init=False)
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
        self._snapshots = Snapshots(self.session, self.plan, self.writer, self._worker_queries)

    @property
    def progress(self) -> Progress:
        """The stream's progress; ``total`` leaves out queries that earlier runs have done."""
        if self._stream is None:
            return _NO_PROGRESS
        reported, total = self._stream.progress, None
        if self._worker_queries.complete:
            total = self._planned - self._counts["already_done"] - self._counts["skipped"]
        eta = None
        if total is not None and reported.rate > 0:
            eta = (total - reported.done) / reported.rate
        return attrs.evolve(reported, total=total, eta=eta)

    @property
    def report(self) -> ExportReport:
        """The report so far."""
        elapsed, stopped = self._ended or (time.monotonic() - self._began_at, self._stopping)
        counts: Any = {name: self._counts[name] for name in _COUNTED}
        missing, listed = self._missing_workers, self._worker_queries
        counts["failed"] += len(missing.failures)
        return ExportReport(
            run=self.writer.run,
            place=self.writer.place,
            workspace_sid=self.plan.workspace_sid,
            windows=len(self.plan.windows),
            workers=len(listed.known),
            planned=self._planned,
            **counts,
            retried=self.progress.retried,
            sent=self._counts["sent"] + listed.pages + missing.sent + self._snapshots.sent,
            elapsed=elapsed,
            listed=listed.complete,
            finished=self._finished and self.writer.error is None,
            stopped=stopped,
            failures=(*self._failures, *missing.failures)[:_MAX_FAILURES],
            checks=tuple(self._checks),
        )

    async def run(self) -> ExportReport:
        """Fetch and store the plan, and return the report.

        Raises:
            ConfigError, StorageError, TaskRouterStatsError: as :func:`export` does.
        """
        self._check_windows()
        self._stream = self.session.stream(self._queries())
        try:
            await self._snapshots.add_activities(self.stop)
            async with self._stream as outcomes:
                await self._store_outcomes(outcomes)
            if not self._stopping:
                await self._confirm_missing()
            await self.writer.commit()
            if self.verify and not self._stopping and self.plan.workers is None:
                async with cancel_after_grace(self.stop):
                    await self._verify()
            self._finished = True
        finally:
            self._ended = time.monotonic() - self._began_at, self._stopping
            self.writer.failures += self._missing_workers.failures
        return self.report

    def _check_windows(self) -> None:
        plan = self.plan
        channel = dict(plan.template.filters).get("TaskChannel")
        self.writer.check_windows(planned_windows(plan.workspace_sid, channel, plan.windows))

    @property
    def _stopping(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    @property
    def _planned(self) -> int:
        return len(self._worker_queries.known) * len(self.plan.windows)

    async def _queries(self) -> AsyncGenerator[Query[WorkerStatistics]]:
        """Yield the queries to send, oldest window first, as memory allows."""
        for window in self.plan.windows:
            if self._stopping:
                return
            async with aclosing(self._worker_queries.for_window(window)) as found:
                async for query in found:
                    key = key_of(query)
                    if self._is_known(key, window):
                        continue
                    await self._memory_limit.wait(exclusive=self._decides_expiry(window))
                    if self._stopping:
                        return
                    if not self._is_known(key, window) and self.writer.claim(key):
                        self._memory_limit.start()
                        yield query
        if self._worker_queries.error is not None:
            raise self._worker_queries.error

    def _is_known(self, key: str, window: Window) -> bool:
        """Return whether this query needs no request, and count it then."""
        writer = self.writer
        if writer.is_done(key):
            self._counts["already_done"] += 1
            return True
        if self._expired is not None and window.start and window.start <= self._expired[0]:
            writer.unavailable.add_expired(key, self._expired[1])
        kind = ""
        if writer.unavailable.is_expired(key):
            kind = "expired"
        elif writer.unavailable.is_gone(key):
            kind = "gone"
        if kind:
            self._counts[kind] += 1
            self._counts["skipped"] += 1
        return bool(kind)

    def _decides_expiry(self, window: Window) -> bool:
        """Return whether the next answer may show that all queries of this window expired."""
        return may_be_expired(window, self._began) and not self._counts["answered"]

    async def _store_outcomes(self, outcomes: OutcomeStream[WorkerStatistics]) -> None:
        async with end_after_grace(outcomes, self.stop):
            async for outcome in outcomes:
                size = estimated_bytes(outcome.value) if isinstance(outcome, Success) else 0
                try:
                    await self._snapshots.add_workers()
                    await self._store_outcome(outcome, size)
                finally:
                    self._memory_limit.finish(size)
        await self._snapshots.add_workers()

    async def _store_outcome(self, outcome: Outcome[WorkerStatistics], size: int) -> None:
        now, key = answer_time(outcome.meta, datetime.now(UTC)), key_of(outcome.query)
        self._counts["sent"] += outcome.meta.attempts + outcome.meta.refused
        self._counts["refused"] += outcome.meta.refused
        if isinstance(outcome, Success):
            self._counts["answered"] += 1
            final = is_settled(outcome, now, self.settle) is True
            make = partial(rows, outcome, fetched_at=now, settle=self.settle)
            on_stored = partial(self._count_stored, outcome, final)
            await self.writer.add(PendingRows(make, key if final else None, size, on_stored))
            return
        window, missing = outcome.query.window, self._missing_workers.failures
        match failure_kind(outcome.error, window, now):
            case "expired" if window is not None and window.start is not None:
                newest = self._expired[0] if self._expired is not None else window.start
                self._expired = max(newest, window.start), reason_of(outcome.error)
                self.writer.unavailable.add_expired(key, self._expired[1])
                self._counts["expired"] += 1
            case "gone" if len(missing) < _MAX_FAILURES:
                missing.append(FailedQuery.of(outcome))
            case _:
                self._count_failure(outcome)

    def _count_stored(
        self, outcome: Success[WorkerStatistics], final: bool, error: Exception | None
    ) -> None:
        """Count an answer as written once its rows are durable, or as failed on an error."""
        key = key_of(outcome.query)
        if error is None:
            self._counts["written"] += 1
            self._counts["incomplete"] += not final
            self.writer.unavailable.remove(key)
            if self.writer.is_done(key):
                self.writer.release(key)
            return
        words = f"the server answered, but {self.writer.format} can't hold the rows"
        failed = StorageError(f"{words}: {type(error).__name__}: {reason_of(error)}")
        self._count_failure(Failure(outcome.query, failed, outcome.meta))

    def _count_failure(self, failure: Failure) -> None:
        """Count a failure, and let a later run or another export of this run try again."""
        self._counts["failed"] += 1
        failed = FailedQuery.of(failure)
        self.writer.release(failed.key)
        self.writer.failures.append(failed)
        if len(self._failures) < _MAX_FAILURES:
            self._failures.append(failed)

    async def _confirm_missing(self) -> None:
        gone: list[FailedQuery] = []
        async with cancel_after_grace(self.stop):
            gone = await self._missing_workers.confirm()
        for failed in gone:
            self.writer.unavailable.add_gone(failed.key, datetime.now(UTC), failed.message)
            self._counts["gone"] += 1

    async def _verify(self) -> None:
        sums = self.writer.sums
        async with aclosing(compare(self.session, self.plan, sums)) as verifications:
            async for verification, sent in verifications:
                self._checks.append(verification)
                self._counts["sent"] += sent
                if self._stopping:
                    return
